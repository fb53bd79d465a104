// Epochs: what a reader announces, and what waits for it.
#include "memory/epochs.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "memory/limbo.h"
#include "memory/test_entries.h"
#include "testkit/sanitizer.h"
#include "testkit/threads.h"
#include "testkit/wait_until.h"

namespace strata::memory {
namespace {

TEST(EpochsTest, WithoutReadersNothingWaits) {
  const Epoch epoch = begin_epoch();
  EXPECT_EQ(epoch.bound, epoch.begun);
  EXPECT_GT(begin_epoch().begun, epoch.begun);
}

TEST(EpochsTest, AReaderHoldsUpWhatWasUnlinkedWhileItReads) {
  Epoch during;
  {
    const EpochGuard guard;
    during = begin_epoch();
    EXPECT_LT(during.bound, during.begun);
    {
      const EpochGuard nested;
      EXPECT_EQ(begin_epoch().bound, during.bound);
    }
    EXPECT_EQ(begin_epoch().bound, during.bound) << "the outer guard is still there";
  }
  EXPECT_GE(begin_epoch().bound, during.begun);
}

TEST(EpochsTest, AnOutermostGuardHoldsUpAsMuchAndIsTheOnlyOne) {
  const unsigned slot = internal::thread_slot();
  ASSERT_TRUE(OutermostGuard::is_possible(slot));
  EXPECT_FALSE(OutermostGuard::is_possible(internal::kNoSlot));
  EXPECT_FALSE(OutermostGuard::is_possible(internal::kSharedSlot));
  Epoch during;
  {
    const OutermostGuard guard(slot);
    EXPECT_EQ(guard.slot(), slot);
    EXPECT_FALSE(OutermostGuard::is_possible(slot)) << "one that is nested would end it";
    during = begin_epoch();
    EXPECT_LT(during.bound, during.begun);
    { const EpochGuard nested; }
    EXPECT_EQ(begin_epoch().bound, during.bound) << "the outer guard is still there";
  }
  EXPECT_GE(begin_epoch().bound, during.begun);
  EXPECT_TRUE(OutermostGuard::is_possible(slot));
}

TEST(EpochsTest, AReaderThatBeganLaterHoldsUpNothingOlder) {
  const Epoch before = begin_epoch();
  const EpochGuard guard;
  EXPECT_GE(begin_epoch().bound, before.begun);
}

TEST(EpochsTest, ThreadsWithoutASlotReadToo) {
  std::atomic<int> reading = 0;
  std::atomic<bool> go = false;
  std::atomic<int> done = 0;
  constexpr int kThreads = internal::kThreadSlots + 4;
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      static_cast<void>(internal::thread_slot());
      ++reading;
      while (!go) std::this_thread::yield();
      const EpochGuard guard;
      ++done;
    });
  }
  testkit::wait_until([&] { return reading == kThreads; });
  go = true;
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(done, kThreads);
  const Epoch epoch = begin_epoch();
  EXPECT_EQ(epoch.bound, epoch.begun);
}

class LimboTest : public testing::Test {
 protected:
  // An entry that the tier gives up, and a reference by which the test sees what becomes of it.
  EntryRef leave() {
    EntryRef entry = entry_with_labels("k" + std::to_string(next_++), {});
    entry->weight = bytes_;
    EntryRef tier_reference = entry;
    Entry* const raw = tier_reference.release();
    limbo_.take(raw, raw, 1, bytes_);
    return entry;
  }
  int next_ = 0;
  std::uint32_t bytes_ = 0;  // of each
  Limbo limbo_;
};

TEST_F(LimboTest, ABatchIsLetGoWhenItIsFull) {
  for (std::size_t i = 1; i < Limbo::kBatch; ++i) static_cast<void>(leave());
  EXPECT_EQ(limbo_.size(), Limbo::kBatch - 1);
  static_cast<void>(leave());
  EXPECT_EQ(limbo_.size(), 0u);
}

TEST_F(LimboTest, ABatchOfLargeEntriesIsFullSooner) {
  limbo_.set_batch_bytes_for(64 << 10);
  bytes_ = 300;
  for (int i = 1; i <= 3; ++i) static_cast<void>(leave());
  EXPECT_EQ(limbo_.size(), 3u);
  static_cast<void>(leave());
  EXPECT_EQ(limbo_.size(), 0u) << "1,200 bytes are more than a 64th of 64 KiB";
  bytes_ = 5'000;
  static_cast<void>(leave());
  EXPECT_EQ(limbo_.size(), 0u) << "a large one does not wait";
}

// Whoever completes a batch may come before others have added what they counted.
TEST_F(LimboTest, HardlyMoreThanABatchIsLeftByThreadsThatAddAtOnce) {
  constexpr int kThreads = 4;
  constexpr int kSlices = STRATA_SANITIZED ? 60 : 600;
  constexpr std::size_t kSlice = 100;
  testkit::run_threads(kThreads, [&](std::size_t) {
    for (int slice = 0; slice < kSlices; ++slice) {
      Resident* first = nullptr;
      Resident* last = nullptr;
      for (std::size_t i = 0; i < kSlice; ++i) {
        EntryRef entry = entry_with_key("k");
        Resident* const one = entry.release();
        one->next = first;
        first = one;
        if (last == nullptr) last = one;
      }
      limbo_.take(first, last, kSlice, 0);
    }
  });
  EXPECT_LE(limbo_.size(), 2 * Limbo::kBatch);
}

TEST_F(LimboTest, NothingGoesWhileItIsRead) {
  {
    const EpochGuard guard;
    for (std::size_t i = 0; i < 3 * Limbo::kBatch; ++i) static_cast<void>(leave());
    limbo_.release();
    EXPECT_EQ(limbo_.size(), 3 * Limbo::kBatch);
  }
  static_cast<void>(leave());
  limbo_.release();
  EXPECT_EQ(limbo_.size(), 0u);
}

TEST_F(LimboTest, WhatSomebodyHoldsLivesOn) {
  const EntryRef held = leave();
  limbo_.release();
  EXPECT_EQ(limbo_.size(), 0u);
  EXPECT_EQ(held->key_text(), "k0");
}

}  // namespace
}  // namespace strata::memory
