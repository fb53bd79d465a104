// Tests of the tier's reads where threads, slots and guards are not the usual ones, and of keys
// that the table takes for each other.
#include <array>
#include <atomic>
#include <barrier>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include <gtest/gtest.h>

#include "core/thread_slot.h"
#include "memory/epochs.h"
#include "memory/test_entries.h"
#include "memory/tier.h"
#include "strata/testing/manual_clock.h"
#include "testkit/threads.h"

namespace strata::memory {
namespace {

constexpr std::uint64_t kSeed = 7;

KeyRef key_of(const std::string& text) { return {text, key_hash(text), {}}; }

class TierReadsTest : public ::testing::Test {
 protected:
  void fill(const std::string& key, const LabelGroup* group = nullptr) {
    EntryRef entry = entry_with_key(key);
    entry->set_group(group);
    ASSERT_EQ(tier.fill(std::move(entry), tier.position()), FillOutcome::kStored);
  }
  std::vector<EntryRef> get_many(const std::vector<std::string>& texts) {
    std::vector<KeyRef> keys;
    for (const std::string& text : texts) keys.push_back(key_of(text));
    std::vector<EntryRef> entries(texts.size());
    tier.get_many(keys, entries);
    return entries;
  }
  // Visits `outer`, and from within reads it in every way there is.
  void read_within_a_visit(const std::string& outer) {
    struct Within {
      TierReadsTest* test;
      const std::string* key;
      int reads = 0;
    } within{this, &outer};
    const auto visitor = [](void* context, const Entry& entry) {
      auto& in = *static_cast<Within*>(context);
      const auto count = [](void* reads, const Entry&) { ++*static_cast<int*>(reads); };
      EXPECT_EQ(entry.key_text(), *in.key);
      in.reads += in.test->tier.get(key_of(*in.key)) ? 1 : 0;
      in.reads += in.test->get_many({*in.key})[0] ? 1 : 0;
      in.reads += in.test->tier.peek(key_of(*in.key)) ? 1 : 0;
      EXPECT_TRUE(in.test->tier.visit(key_of(*in.key), count, &in.reads));
    };
    EXPECT_TRUE(tier.visit(key_of(outer), visitor, &within));
    EXPECT_EQ(within.reads, 4);
  }
  void TearDown() override { tier.check_invariants(); }

  std::shared_ptr<ManualClock> clock = std::make_shared<ManualClock>();
  MemoryTier tier{MemoryOptions{.max_entries = 10'000, .shards = 1}, clock, kSeed};
};

// Where the table finds the first it finds the second: the same segment, bucket and tag.
std::array<std::string, 3> keys_of_one_tag() {
  constexpr std::uint64_t kHomeAndTag = (std::uint64_t{1} << 21) - 1;
  const Placement placement{.seed = kSeed};
  std::unordered_map<std::uint64_t, std::vector<std::string>> found;
  for (int i = 0;; ++i) {
    const std::string text = "k" + std::to_string(i);
    auto& alike = found[placement.mixed(key_hash(text)) >> 16 & kHomeAndTag];
    alike.push_back(text);
    if (alike.size() == 3) return {alike[0], alike[1], alike[2]};
  }
}

TEST_F(TierReadsTest, KeysThatTheTableTakesForEachOtherAreToldApart) {
  const auto [first, second, absent] = keys_of_one_tag();
  fill(first);
  fill(second);
  const std::vector<EntryRef> found = get_many({second, absent, first, second});
  ASSERT_TRUE(found[0] && found[2] && found[3]);
  EXPECT_EQ(found[0]->key_text(), second);
  EXPECT_FALSE(found[1]);
  EXPECT_EQ(found[2]->key_text(), first);
  EXPECT_EQ(found[3]->key_text(), second);
  for (const std::string& key : {first, second}) EXPECT_EQ(tier.get(key_of(key))->key_text(), key);
  EXPECT_FALSE(tier.get(key_of(absent)));
}

TEST_F(TierReadsTest, AVisitorMayReadInEveryWay) {
  fill("k");
  read_within_a_visit("k");
  EXPECT_EQ(tier.stats().hits, 4u) << "peek() is none";
}

TEST_F(TierReadsTest, SoMayTheFirstVisitOfAThread) {
  fill("k");
  std::thread([&] {
    ASSERT_EQ(internal::current_thread_slot, internal::kNoSlot);
    read_within_a_visit("k");
  }).join();
}

// More threads than there are slots, so that some share one and read one after the other.
TEST_F(TierReadsTest, SoMayThreadsThatShareASlot) {
  constexpr std::size_t kThreads = internal::kThreadSlots + 8;
  fill("k");
  std::atomic<std::uint64_t> sharers{0};
  std::barrier all_have_slots(std::ptrdiff_t{kThreads});
  testkit::run_threads(kThreads, [&](std::size_t) {
    const bool shares = internal::thread_slot() == internal::kSharedSlot;
    all_have_slots.arrive_and_wait();
    if (!shares) return;
    ++sharers;
    for (int i = 0; i < 20; ++i) read_within_a_visit("k");
  });
  EXPECT_GE(sharers, 8u);
  EXPECT_EQ(tier.stats().hits, sharers * 20 * 4);
}

TEST_F(TierReadsTest, AVisitorThatThrowsLeavesNoGuardBehind) {
  const auto throws = [](void*, const Entry&) { throw std::runtime_error("no"); };
  const auto visits = [](void* context, const Entry& entry) {
    auto& same = *static_cast<MemoryTier*>(context);
    const auto inner = [](void*, const Entry&) { throw std::runtime_error("no"); };
    const std::string key(entry.key_text());
    EXPECT_THROW(same.visit(key_of(key), inner, nullptr), std::runtime_error);
    EXPECT_FALSE(OutermostGuard::is_possible(internal::thread_slot())) << "the outer one goes on";
  };
  fill("k");
  static_cast<void>(internal::thread_slot());
  EXPECT_THROW(tier.visit(key_of("k"), throws, nullptr), std::runtime_error);
  EXPECT_TRUE(OutermostGuard::is_possible(internal::thread_slot()));
  EXPECT_TRUE(tier.visit(key_of("k"), visits, &tier));
  EXPECT_TRUE(OutermostGuard::is_possible(internal::thread_slot()));
}

TEST_F(TierReadsTest, ABatchRemovesWhatIsGoneWhereverItStands) {
  const LabelGroup group{{keyspace("user")}};
  std::vector<std::string> texts;
  for (int i = 0; i < 130; ++i) texts.push_back("k" + std::to_string(i));
  const std::vector<std::size_t> gone{0, 31, 32, 63, 64, 129};
  for (const std::string& text : texts) fill(text);
  for (const std::size_t at : gone) {
    tier.put(key_of(texts[at]), {}, tier.position(), RemovalCause::kErased);
    fill(texts[at], &group);
  }
  tier.invalidate({{keyspace("user")}});
  EXPECT_EQ(tier.sizes().dead, gone.size());
  const std::vector<EntryRef> found = get_many(texts);
  EXPECT_EQ(tier.sizes().dead, 0u);
  EXPECT_EQ(tier.sizes().residents, texts.size() - gone.size());
  for (const std::size_t at : gone) EXPECT_FALSE(found[at]) << at;
}

}  // namespace
}  // namespace strata::memory
