// Fuzz target: any bytes as the journal beside a SQLite cache. What is damaged is never intact.
//
// A journal begins with a page of fields that is mostly zeros. An input is the fields and the
// slots without those zeros, so that mutations hit what means something.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

#include "core/assert.h"
#include "core/hash.h"
#include "sqlite/journal.h"

namespace {

using strata::sqlite::Journal;
using strata::sqlite::JournalContents;

// docs/formats/sqlite.md has these places.
constexpr std::size_t kHeaderBytes = 4096;
constexpr std::size_t kFieldBytes = 80;
constexpr std::size_t kSlotBytes = 32;
constexpr std::size_t kSlotsAt = 16;
constexpr std::size_t kEpochAt = 24;
constexpr std::size_t kChecksumAt = 40;
constexpr std::size_t kDigestAt = 64;
constexpr std::size_t kNextDigestAt = 72;
constexpr std::uint64_t kDigestSalt = 0x6a09e667f3bcc909;

std::uint64_t word_at(std::string_view bytes, std::size_t at) {
  std::uint64_t word = 0;
  std::memcpy(&word, bytes.data() + at, sizeof word);
  return word;
}

void set_word(std::string& bytes, std::size_t at, std::uint64_t word) {
  std::memcpy(bytes.data() + at, &word, sizeof word);
}

std::size_t slots_of(std::string_view journal) {
  return (journal.size() - kHeaderBytes) / kSlotBytes;
}

std::string journal_of(std::string_view input) {
  const std::size_t fields = std::min(input.size(), kFieldBytes);
  std::string journal(input.substr(0, fields));
  journal.resize(kHeaderBytes);
  return journal.append(input.substr(fields));
}

void check(std::string_view journal) {
  const std::optional<JournalContents> contents = Journal::decode(journal);
  if (!contents) return;
  STRATA_ASSERT(contents->owner.epoch == word_at(journal, kEpochAt));
  STRATA_ASSERT(contents->marks.size() <= slots_of(journal));
  STRATA_ASSERT(!Journal::decode(std::string(journal) + std::string(kSlotBytes, '\0')));
  STRATA_ASSERT(!Journal::decode(journal.substr(0, journal.size() - kSlotBytes)));
}

// The journal with a first half of its header that is right, since no mutation finds that.
std::string with_header(std::string journal) {
  std::memcpy(journal.data(), "STRAJRNL\1\0\0\0\0\0\0\0", kSlotsAt);
  set_word(journal, kSlotsAt, slots_of(journal));
  set_word(journal, kChecksumAt,
           strata::internal::hash64(std::string_view(journal).substr(0, kChecksumAt)));
  return journal;
}

// The same with whole slots in the place of those that are not free, and one of the digests
// right: as a writer leaves it, wherever it ends.
std::string with_slots(std::string journal, std::size_t& marks) {
  const std::uint64_t epoch = word_at(journal, kEpochAt);
  std::uint64_t digest = kDigestSalt ^ epoch;
  marks = 0;
  journal.resize(kHeaderBytes + slots_of(journal) * kSlotBytes);
  for (std::uint64_t index = 0; index < slots_of(journal); ++index) {
    const std::size_t at = kHeaderBytes + index * kSlotBytes;
    if (word_at(journal, at + 24) == 0) continue;
    set_word(journal, at + 16, 1);
    const std::uint64_t covered[] = {word_at(journal, at), word_at(journal, at + 8), 1, epoch,
                                     index};
    const std::uint64_t sum =
        strata::internal::hash64({reinterpret_cast<const char*>(covered), sizeof covered});
    set_word(journal, at + 24, std::max<std::uint64_t>(sum, 1));
    digest ^= word_at(journal, at + 24);
    ++marks;
  }
  set_word(journal, epoch % 2 == 0 ? kDigestAt : kNextDigestAt, digest);
  return journal;
}

void check_whole(std::string journal, std::uint64_t choice) {
  std::size_t marks = 0;
  journal = with_slots(std::move(journal), marks);
  const std::optional<JournalContents> contents = Journal::decode(journal);
  STRATA_ASSERT(contents.has_value());
  STRATA_ASSERT(contents->intact);
  STRATA_ASSERT(contents->marks.size() == marks);
  if (marks == 0) return;
  // Any bit of any live slot.
  std::size_t at = 0;
  do {
    at = kHeaderBytes + choice++ % slots_of(journal) * kSlotBytes;
  } while (word_at(journal, at + 24) == 0);
  const std::size_t byte = at + choice / 8 % kSlotBytes;
  journal[byte] = static_cast<char>(journal[byte] ^ (1 << choice % 8));
  const std::optional<JournalContents> damaged = Journal::decode(journal);
  STRATA_ASSERT(damaged.has_value());
  STRATA_ASSERT(!damaged->intact);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  check(input);
  const std::string journal = journal_of(input);
  check(journal);
  const std::string sealed = with_header(journal);
  STRATA_ASSERT(Journal::decode(sealed).has_value());
  check(sealed);
  check_whole(sealed, strata::internal::hash64(input));
  return 0;
}
