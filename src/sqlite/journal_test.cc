// Tests of the journal: what it says after any end of the process, and after damage.
#include "sqlite/journal.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <string>

#include "sqlite/files.h"
#include "testkit/seeds.h"
#include "testkit/temp_dir.h"

namespace strata::sqlite {
namespace {

constexpr std::size_t kHeaderBytes = 4096;
constexpr std::size_t kSlotBytes = 32;

std::map<std::uint64_t, std::uint64_t> sorted(const std::vector<Mark>& marks) {
  std::map<std::uint64_t, std::uint64_t> result;
  for (const Mark& mark : marks) {
    result[static_cast<std::uint64_t>(mark.label)] = number(mark.number);
  }
  return result;
}

class JournalTest : public testing::Test {
 protected:
  std::unique_ptr<Journal> make(std::span<const Mark> marks = {}, std::size_t slots = 64) {
    return Journal::make(path, {.owner = {.epoch = 7, .schema = 1}, .inode = 99, .slots = slots},
                         marks)
        .value();
  }
  [[nodiscard]] std::string bytes() const {
    std::string read;
    EXPECT_TRUE(read_whole_file(path, read));
    return read;
  }
  void set_bytes(const std::string& changed) const {
    std::ofstream(path, std::ios::binary | std::ios::trunc) << changed;
  }

  testkit::TempDir folder;
  const std::string path = folder.file("cache.db.journal");
};

TEST_F(JournalTest, SaysWhoseItIs) {
  const auto journal = make();
  const auto contents = Journal::read(path);
  ASSERT_TRUE(contents);
  EXPECT_EQ(contents->owner.epoch, 7u);
  EXPECT_EQ(contents->owner.schema, 1u);
  EXPECT_EQ(contents->inode, 99u);
  EXPECT_EQ(contents->committed, 0u);
  EXPECT_TRUE(contents->intact);
  EXPECT_TRUE(contents->marks.empty());
  journal->set_committed(41);
  journal->set_inode(100);
  EXPECT_EQ(Journal::read(path)->committed, 41u);
  EXPECT_EQ(Journal::read(path)->inode, 100u);
}

TEST_F(JournalTest, MarksAreThereUntilTheyAreCleared) {
  const auto journal = make();
  const Journal::Slot first = journal->mark({LabelId{1}, Ticket{10}});
  const Journal::Slot second = journal->mark({LabelId{2}, Ticket{11}});
  EXPECT_EQ(sorted(Journal::read(path)->marks),
            (std::map<std::uint64_t, std::uint64_t>{{1, 10}, {2, 11}}));
  journal->clear(first);
  EXPECT_EQ(sorted(Journal::read(path)->marks), (std::map<std::uint64_t, std::uint64_t>{{2, 11}}));
  journal->clear(second);
  EXPECT_TRUE(Journal::read(path)->marks.empty());
  EXPECT_TRUE(Journal::read(path)->intact);
}

TEST_F(JournalTest, TakesAsManyMarksAsItHasSlotsAndEverythingBesides) {
  const auto journal = make({}, 64);
  std::vector<Journal::Slot> slots;
  for (std::uint64_t i = 1; i <= 64; ++i) {
    EXPECT_EQ(journal->room(), 65 - i);
    slots.push_back(journal->mark({LabelId{i}, Ticket{i}}));
  }
  EXPECT_EQ(journal->room(), 0u);
  const Journal::Slot all = journal->mark({everything().id(), Ticket{65}});
  const Journal::Slot again = journal->mark({everything().id(), Ticket{66}});
  EXPECT_EQ(Journal::read(path)->marks.size(), 66u);
  journal->clear(all);
  journal->clear(again);
  for (const Journal::Slot slot : slots) journal->clear(slot);
  EXPECT_EQ(journal->room(), 64u);
}

TEST_F(JournalTest, ANewOneCarriesTheMarksOfTheOneBefore) {
  const std::vector<Mark> marks{{LabelId{1}, Ticket{10}}, {everything().id(), Ticket{20}}};
  const auto journal = make(marks);
  EXPECT_EQ(sorted(Journal::read(path)->marks), sorted(marks));
  ASSERT_EQ(journal->first_slots().size(), 2u);
  journal->clear(journal->first_slots()[0]);
  EXPECT_EQ(Journal::read(path)->marks.size(), 1u);
  EXPECT_EQ(journal->room(), 64u + 1u + 1u) << "their room comes on top";
}

// The process may end after any store. Each word that a call changes is changed in the order
// of the protocol, and the journal is read in between.
TEST_F(JournalTest, IsIntactWhereverAMarkOrAClearingIsCutOff) {
  const auto journal = make();
  journal->mark({LabelId{1}, Ticket{10}});
  const std::string before = bytes();
  const Journal::Slot slot = journal->mark({LabelId{2}, Ticket{11}});
  const std::string marked = bytes();
  journal->clear(slot);
  const std::string cleared = bytes();

  const std::size_t at = kHeaderBytes + slot * kSlotBytes;
  std::vector<std::size_t> changed;
  for (std::size_t word = 0; word < kHeaderBytes; word += 8) {
    if (before.compare(word, 8, marked, word, 8) != 0) changed.push_back(word);
  }
  ASSERT_EQ(changed.size(), 2u) << "the digest and the next one";
  const std::size_t digest = changed[0];
  const std::size_t next_digest = changed[1];

  const auto walk = [&](const std::string& from, const std::string& to,
                        const std::vector<std::size_t>& words) {
    std::string now = from;
    for (const std::size_t word : words) {
      now.replace(word, 8, to, word, 8);
      set_bytes(now);
      const auto contents = Journal::read(path);
      ASSERT_TRUE(contents && contents->intact) << "after the word at " << word;
      const auto marks = sorted(contents->marks);
      ASSERT_TRUE(marks.contains(1));
      ASSERT_LE(marks.size(), 2u);
    }
    ASSERT_EQ(now, to);
  };
  walk(before, marked, {at, at + 8, at + 16, next_digest, at + 24, digest});
  walk(marked, cleared, {next_digest, at + 24, digest});
}

TEST_F(JournalTest, DamageOfLiveMarksIsSeen) {
  const auto journal = make();
  const Journal::Slot slot = journal->mark({LabelId{1}, Ticket{10}});
  const std::string whole = bytes();
  const std::size_t at = kHeaderBytes + slot * kSlotBytes;
  for (std::size_t byte = at; byte < at + kSlotBytes; ++byte) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string damaged = whole;
      damaged[byte] = static_cast<char>(damaged[byte] ^ (1 << bit));
      set_bytes(damaged);
      const auto contents = Journal::read(path);
      ASSERT_TRUE(contents);
      ASSERT_FALSE(contents->intact) << "byte " << byte << ", bit " << bit;
    }
  }
  std::string wiped = whole;
  std::fill_n(wiped.begin() + static_cast<std::ptrdiff_t>(at), kSlotBytes, '\0');
  set_bytes(wiped);
  EXPECT_FALSE(Journal::read(path)->intact) << "a slot that was wiped out looks free";
}

TEST_F(JournalTest, WhatIsNoJournalIsNone) {
  EXPECT_FALSE(Journal::read(path)) << "missing";
  const auto journal = make();
  const std::string whole = bytes();
  for (const std::size_t size :
       {std::size_t{0}, std::size_t{100}, kHeaderBytes, whole.size() - kSlotBytes}) {
    set_bytes(whole.substr(0, size));
    EXPECT_FALSE(Journal::read(path)) << size << " bytes";
  }
  set_bytes(whole + std::string(kSlotBytes, '\0'));
  EXPECT_FALSE(Journal::read(path)) << "one slot more than the header says";
  for (std::size_t byte = 0; byte < 48; ++byte) {
    std::string damaged = whole;
    damaged[byte] = static_cast<char>(damaged[byte] ^ 1);
    set_bytes(damaged);
    EXPECT_FALSE(Journal::read(path)) << "byte " << byte;
  }
  set_bytes(std::string(whole.size(), '\0'));
  EXPECT_FALSE(Journal::read(path));
}

TEST_F(JournalTest, AgreesWithAModelThroughMarksAndClearings) {
  testkit::for_each_seed(20, [&](testkit::Random& random) {
    const auto journal = make({}, 64);
    std::map<Journal::Slot, Mark> live;
    for (int step = 0; step < 400; ++step) {
      if (random.one_in(2) && journal->room() > 0) {
        const Mark mark{LabelId{random.next()}, Ticket{random.next()}};
        const Journal::Slot slot = journal->mark(mark);
        ASSERT_TRUE(live.emplace(slot, mark).second) << "the slot was taken";
      } else if (!live.empty()) {
        const auto gone =
            std::next(live.begin(), static_cast<std::ptrdiff_t>(random.below(live.size())));
        journal->clear(gone->first);
        live.erase(gone);
      }
    }
    std::vector<Mark> expected;
    for (const auto& [slot, mark] : live) expected.push_back(mark);
    const auto contents = Journal::read(path);
    ASSERT_TRUE(contents && contents->intact);
    ASSERT_EQ(sorted(contents->marks), sorted(expected));
  });
}

TEST_F(JournalTest, CanBeSyncedAndKeptInMemory) {
  EXPECT_TRUE(make()->sync().ok());
  const auto journal = Journal::make_in_memory(64);
  EXPECT_EQ(journal->room(), 64u);
  journal->clear(journal->mark({LabelId{1}, Ticket{1}}));
  EXPECT_TRUE(journal->sync().ok());
}

TEST_F(JournalTest, IsMadeAgainWithAllThatItSaysIfItIsNotThereAnyMore) {
  const auto journal = make();
  const Journal::Slot first = journal->mark({LabelId{1}, Ticket{10}});
  journal->mark({LabelId{2}, Ticket{11}});
  EXPECT_EQ(journal->mend(), "");
  const std::function<void()> losses[] = {
      [&] { remove_file(path); },
      [&] { set_bytes("another file"); },
      [&] { EXPECT_EQ(::truncate(path.c_str(), 4096 + 32), 0); },
      [&] {
        EXPECT_EQ(::truncate(path.c_str(), 0), 0);
        EXPECT_EQ(::truncate(path.c_str(), static_cast<off_t>(kHeaderBytes + 68 * kSlotBytes)), 0);
      },
  };
  for (const auto& lose : losses) {
    lose();
    EXPECT_NE(journal->mend().find(path), std::string::npos);
    EXPECT_EQ(journal->mend(), "");
    EXPECT_TRUE(Journal::read(path)->intact);
    EXPECT_EQ(sorted(Journal::read(path)->marks),
              (std::map<std::uint64_t, std::uint64_t>{{1, 10}, {2, 11}}));
  }
  // While it cannot be made, its marks are in memory.
  std::filesystem::create_directory(path + ".new");
  remove_file(path);
  EXPECT_NE(journal->mend().find("empties the cache file"), std::string::npos);
  journal->clear(first);
  EXPECT_FALSE(journal->sync().ok());
  std::filesystem::remove(path + ".new");
  EXPECT_NE(journal->mend(), "");
  EXPECT_TRUE(journal->sync().ok());
  EXPECT_EQ(sorted(Journal::read(path)->marks), (std::map<std::uint64_t, std::uint64_t>{{2, 11}}));
}

TEST_F(JournalTest, AFolderThatIsMissingIsAnError) {
  const auto made = Journal::make(folder.file("missing/journal"), {.slots = 64}, {});
  ASSERT_FALSE(made.ok());
  EXPECT_EQ(made.error().code, ErrorCode::kUnavailable);
  EXPECT_NE(made.error().message.find("missing/journal"), std::string::npos);
}

}  // namespace
}  // namespace strata::sqlite
