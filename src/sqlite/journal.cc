// The journal's file: a page of header, then slots.
#include "sqlite/journal.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

#include "core/assert.h"
#include "core/hash.h"
#include "sqlite/files.h"

namespace strata::sqlite {
namespace {

constexpr char kMagic[8] = {'S', 'T', 'R', 'A', 'J', 'R', 'N', 'L'};
constexpr std::uint64_t kVersion = 1;
constexpr std::uint64_t kHard = 1;
constexpr std::size_t kHeaderBytes = 4096;
constexpr std::size_t kSlotsForEverything = 4;
constexpr std::uint64_t kDigestSalt = 0x6a09e667f3bcc909ULL;

// The part of the header that is written once.
struct Fixed {
  char magic[8];
  std::uint64_t version;
  std::uint64_t slots;  // those for everything() included; they are the first
  JournalOwner owner;
};

struct SlotBytes {
  std::uint64_t label;
  std::uint64_t number;
  std::uint64_t kind;
  std::uint64_t checksum;  // zero: the slot is free
};
static_assert(sizeof(SlotBytes) == 32);

std::uint64_t fixed_checksum(const Fixed& fixed) {
  return internal::hash64({reinterpret_cast<const char*>(&fixed), sizeof(fixed)});
}

std::uint64_t slot_checksum(const SlotBytes& slot, std::uint64_t epoch, std::uint64_t index) {
  const std::uint64_t covered[] = {slot.label, slot.number, slot.kind, epoch, index};
  const std::uint64_t sum =
      internal::hash64({reinterpret_cast<const char*>(covered), sizeof(covered)});
  return sum != 0 ? sum : 1;
}

std::size_t bytes_for(std::size_t slots) { return kHeaderBytes + slots * sizeof(SlotBytes); }

std::uint64_t empty_digest(std::uint64_t epoch) { return kDigestSalt ^ epoch; }

// Stores that must not move: what is written before is seen by whoever finds this written.
void publish(std::uint64_t& word, std::uint64_t value) {
  std::atomic_ref(word).store(value, std::memory_order_release);
}

Error failed(const std::string& path, const char* doing) {
  return {ErrorCode::kUnavailable,
          std::string(doing) + " the journal " + path + ": " + std::strerror(errno),
          {}};
}

}  // namespace

// The header has two words that sum up the live slots, because a slot that was wiped out looks
// free. One is written before a slot changes and one after it, so that at any moment one of
// them is right:
//
//   next_digest = D ^ c      the digest is D; a slot with checksum c comes or goes
//   slot.checksum = c or 0
//   digest = D ^ c
//
// A slot that comes is written from front to back while its checksum is zero, so a kill in the
// middle leaves it free: its call had not returned.
struct Journal::Layout {
  Fixed fixed;
  std::uint64_t fixed_checksum;
  std::uint64_t inode;
  std::uint64_t committed;
  std::uint64_t digest;
  std::uint64_t next_digest;
  std::uint64_t boot_id;
  char unused[kHeaderBytes - sizeof(Fixed) - 6 * sizeof(std::uint64_t)];

  SlotBytes& slot(std::size_t index) {
    return reinterpret_cast<SlotBytes*>(reinterpret_cast<char*>(this) + kHeaderBytes)[index];
  }
};

std::optional<JournalContents> Journal::read(const std::string& path) {
  std::string bytes;
  if (!read_whole_file(path, bytes)) return std::nullopt;
  return decode(bytes);
}

std::optional<JournalContents> Journal::decode(std::string_view bytes) {
  static_assert(sizeof(Layout) == kHeaderBytes);
  if (bytes.size() < kHeaderBytes) return std::nullopt;
  Layout header;
  std::memcpy(static_cast<void*>(&header), bytes.data(), kHeaderBytes);
  const Fixed& fixed = header.fixed;
  if (std::memcmp(fixed.magic, kMagic, sizeof(kMagic)) != 0 || fixed.version != kVersion ||
      header.fixed_checksum != fixed_checksum(fixed) ||
      fixed.slots != (bytes.size() - kHeaderBytes) / sizeof(SlotBytes)) {
    return std::nullopt;
  }
  JournalContents contents{.owner = fixed.owner,
                           .inode = header.inode,
                           .committed = header.committed,
                           .boot_id = header.boot_id};
  bool slots_are_whole = (bytes.size() - kHeaderBytes) % sizeof(SlotBytes) == 0;
  std::uint64_t digest = empty_digest(fixed.owner.epoch);
  for (std::uint64_t index = 0; index < fixed.slots; ++index) {
    SlotBytes slot;
    std::memcpy(&slot, bytes.data() + kHeaderBytes + index * sizeof(slot), sizeof(slot));
    if (slot.checksum == 0) continue;
    digest ^= slot.checksum;
    if (slot.checksum == slot_checksum(slot, fixed.owner.epoch, index) && slot.kind == kHard) {
      contents.marks.push_back({LabelId{slot.label}, Ticket{slot.number}});
    } else {
      slots_are_whole = false;
    }
  }
  contents.intact = slots_are_whole && (digest == header.digest || digest == header.next_digest);
  return contents;
}

Result<std::unique_ptr<Journal>> Journal::make(const std::string& path, const Start& start,
                                               std::span<const Mark> marks) {
  const std::string fresh = path + ".new";
  ::unlink(fresh.c_str());
  const std::size_t slots = start.slots + kSlotsForEverything + marks.size();
  const std::size_t bytes = bytes_for(slots);
  const Descriptor file(
      ::open(fresh.c_str(), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, S_IRUSR | S_IWUSR));
  if (!file.is_open()) return failed(fresh, "making");
  // Room is reserved now: a write to mapped memory cannot report that the disk is full.
  errno = ::posix_fallocate(file.get(), 0, static_cast<off_t>(bytes));
  if (errno != 0) return failed(fresh, "reserving room for");
  void* const memory =
      ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, file.get(), 0);
  if (memory == MAP_FAILED) return failed(fresh, "mapping");

  std::unique_ptr<Journal> journal(new Journal(memory, slots, path));
  journal->format(start, slots);
  for (const Mark& mark : marks) journal->first_slots_.push_back(journal->mark(mark));
  if (start.durable) {
    if (auto synced = journal->sync(); !synced) return synced.error();
  }
  if (::rename(fresh.c_str(), path.c_str()) != 0) return failed(path, "replacing");
  if (start.durable) sync_folder_of(path);
  return journal;
}

std::unique_ptr<Journal> Journal::make_in_memory(std::size_t slots) {
  slots += kSlotsForEverything;
  void* const memory =
      ::mmap(nullptr, bytes_for(slots), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  STRATA_ASSERT(memory != MAP_FAILED);
  std::unique_ptr<Journal> journal(new Journal(memory, slots, {}));
  journal->format({}, slots);
  return journal;
}

Journal::Journal(void* memory, std::size_t slots, std::string path)
    : layout_(static_cast<Layout*>(memory)), bytes_(bytes_for(slots)), path_(std::move(path)) {}

Journal::~Journal() { ::munmap(layout_, bytes_); }

void Journal::format(const Start& start, std::size_t slots) {
  Layout& layout = *layout_;
  std::memcpy(layout.fixed.magic, kMagic, sizeof(kMagic));
  layout.fixed.version = kVersion;
  layout.fixed.slots = slots;
  layout.fixed.owner = start.owner;
  layout.fixed_checksum = fixed_checksum(layout.fixed);
  layout.inode = start.inode;
  layout.committed = start.committed;
  layout.boot_id = start.boot_id;
  digest_ = layout.digest = layout.next_digest = empty_digest(start.owner.epoch);
  for (std::size_t slot = slots; slot-- > kSlotsForEverything;) {
    free_.push_back(static_cast<Slot>(slot));
  }
  for (std::size_t slot = 0; slot < kSlotsForEverything; ++slot) {
    free_for_everything_.push_back(static_cast<Slot>(slot));
  }
}

void Journal::change_digest(std::uint64_t checksum) {
  digest_ ^= checksum;
  publish(layout_->next_digest, digest_);
}

Journal::Slot Journal::mark(const Mark& mark) {
  const bool is_everything = mark.label == everything().id();
  std::vector<Slot>& free =
      is_everything && !free_for_everything_.empty() ? free_for_everything_ : free_;
  STRATA_ASSERT(!free.empty());
  const Slot index = free.back();
  free.pop_back();
  SlotBytes& slot = layout_->slot(index);
  STRATA_ASSERT(slot.checksum == 0);
  slot.label = static_cast<std::uint64_t>(mark.label);
  slot.number = number(mark.number);
  slot.kind = kHard;
  const std::uint64_t checksum = slot_checksum(slot, layout_->fixed.owner.epoch, index);
  change_digest(checksum);
  publish(slot.checksum, checksum);
  publish(layout_->digest, digest_);
  return index;
}

void Journal::clear(Slot index) {
  SlotBytes& slot = layout_->slot(index);
  STRATA_ASSERT(slot.checksum != 0);
  change_digest(slot.checksum);
  publish(slot.checksum, 0);
  publish(layout_->digest, digest_);
  (index < kSlotsForEverything ? free_for_everything_ : free_).push_back(index);
}

void Journal::set_committed(std::uint64_t commits) { publish(layout_->committed, commits); }

void Journal::set_inode(std::uint64_t inode) { publish(layout_->inode, inode); }

Result<void> Journal::sync() const {
  if (path_.empty()) return {};
  if (::msync(layout_, bytes_, MS_SYNC) != 0) return failed(path_, "syncing");
  return {};
}

}  // namespace strata::sqlite
