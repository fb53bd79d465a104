// The journal's file: a page of header, then slots.
#include "sqlite/journal.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
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
//   the slot
//   digest = D ^ c
//
// The file is written and not mapped: who cuts it short, or a disk that is full or fails, then
// gives an error and not a signal. What was written outlives the process as well.
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
  const std::size_t slots = start.slots + kSlotsForEverything + marks.size();
  std::unique_ptr<Journal> journal(new Journal(slots, path, start.durable));
  journal->format(start, slots);
  for (const Mark& mark : marks) journal->first_slots_.push_back(journal->mark(mark));
  if (auto put = journal->put_in_place(); !put) return put.error();
  return journal;
}

std::unique_ptr<Journal> Journal::make_in_memory(std::size_t slots) {
  slots += kSlotsForEverything;
  std::unique_ptr<Journal> journal(new Journal(slots, {}, false));
  journal->format({}, slots);
  return journal;
}

Journal::Journal(std::size_t slots, std::string path, bool durable)
    : bytes_(bytes_for(slots)), path_(std::move(path)), is_durable_(durable) {
  // Pages of zeros that take no memory until they are used.
  void* const memory =
      ::mmap(nullptr, bytes_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  STRATA_ASSERT(memory != MAP_FAILED);
  layout_ = static_cast<Layout*>(memory);
}

Journal::~Journal() {
  ::munmap(layout_, bytes_);
  if (file_ >= 0) ::close(file_);
}

Result<void> Journal::put_in_place() {
  const std::string fresh = path_ + ".new";
  ::unlink(fresh.c_str());
  Descriptor file(
      ::open(fresh.c_str(), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, S_IRUSR | S_IWUSR));
  if (!file.is_open()) return failed(fresh, "making");
  // Room is reserved now, so that a disk that fills up later does not cost the journal.
  errno = ::posix_fallocate(file.get(), 0, static_cast<off_t>(bytes_));
  if (errno != 0) return failed(fresh, "reserving room for");
  const std::size_t used = bytes_for(used_slots_);
  if (::pwrite(file.get(), layout_, used, 0) != static_cast<ssize_t>(used)) {
    return failed(fresh, "writing");
  }
  if (is_durable_ && ::fdatasync(file.get()) != 0) return failed(fresh, "syncing");
  if (::rename(fresh.c_str(), path_.c_str()) != 0) return failed(path_, "replacing");
  if (is_durable_) sync_folder_of(path_);
  // The number stays the same, for who is within sync().
  if (file_ < 0)
    file_ = ::fcntl(file.get(), F_DUPFD_CLOEXEC, 0);
  else if (::dup3(file.get(), file_, O_CLOEXEC) < 0)
    return failed(path_, "opening");
  if (file_ < 0) return failed(path_, "opening");
  is_lost_ = false;
  return {};
}

// A journal that says less than it was told may not be found by the next process. Without one, that
// begins empty, unless everything is in the file by then.
void Journal::write(const void* from, std::size_t bytes) {
  if (file_ < 0 || is_lost_) return;
  const auto at = static_cast<const char*>(from) - reinterpret_cast<const char*>(layout_);
  const ssize_t written = ::pwrite(file_, from, bytes, static_cast<off_t>(at));
  if (written == static_cast<ssize_t>(bytes)) return;
  if (written >= 0) errno = ENOSPC;
  trouble_ = failed(path_, "writing").message;
  is_lost_ = true;
  ::unlink(path_.c_str());
  if (is_durable_) sync_folder_of(path_);
}

// Whether the file under the name is the one that was made, and has its length and its beginning.
bool Journal::is_in_place() const {
  struct stat status {};
  if (is_lost_ || ::fstat(file_, &status) != 0) return false;
  char found[offsetof(Layout, inode)];
  return inode_of(path_) == status.st_ino && status.st_size == static_cast<off_t>(bytes_) &&
         ::pread(file_, found, sizeof(found), 0) == static_cast<ssize_t>(sizeof(found)) &&
         std::memcmp(found, layout_, sizeof(found)) == 0;
}

std::string Journal::mend() {
  if (path_.empty() || is_in_place()) return {};
  std::string what = !trouble_.empty() ? std::exchange(trouble_, {})
                                       : "the journal " + path_ +
                                             " was removed, replaced or cut short while in use";
  if (auto put = put_in_place(); !put) {
    is_lost_ = true;
    trouble_ = what;
    return what + "; until it can be made again, an end without a close empties the cache file: " +
           put.error().message;
  }
  return what + "; it was made again";
}

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

void Journal::change(Slot index, std::uint64_t checksum) {
  Layout& layout = *layout_;
  digest_ ^= checksum;
  layout.next_digest = digest_;
  write(&layout.next_digest, sizeof(digest_));
  write(&layout.slot(index), sizeof(SlotBytes));
  layout.digest = digest_;
  write(&layout.digest, sizeof(digest_));
}

Journal::Slot Journal::mark(const Mark& mark) {
  const bool is_everything = mark.label == everything().id();
  std::vector<Slot>& free =
      is_everything && !free_for_everything_.empty() ? free_for_everything_ : free_;
  STRATA_ASSERT(!free.empty());
  const Slot index = free.back();
  free.pop_back();
  used_slots_ = std::max<std::size_t>(used_slots_, index + 1);
  SlotBytes& slot = layout_->slot(index);
  STRATA_ASSERT(slot.checksum == 0);
  slot = {.label = static_cast<std::uint64_t>(mark.label),
          .number = number(mark.number),
          .kind = kHard,
          .checksum = 0};
  slot.checksum = slot_checksum(slot, layout_->fixed.owner.epoch, index);
  change(index, slot.checksum);
  return index;
}

void Journal::clear(Slot index) {
  SlotBytes& slot = layout_->slot(index);
  STRATA_ASSERT(slot.checksum != 0);
  change(index, std::exchange(slot.checksum, 0));
  (index < kSlotsForEverything ? free_for_everything_ : free_).push_back(index);
}

void Journal::set_committed(std::uint64_t commits) {
  layout_->committed = commits;
  write(&layout_->committed, sizeof(commits));
}

void Journal::set_inode(std::uint64_t inode) {
  layout_->inode = inode;
  write(&layout_->inode, sizeof(inode));
}

Result<void> Journal::sync() const {
  if (path_.empty()) return {};
  if (is_lost_) {
    return Error{ErrorCode::kUnavailable, "the journal " + path_ + " cannot be written", {}};
  }
  if (::fdatasync(file_) != 0) return failed(path_, "syncing");
  return {};
}

}  // namespace strata::sqlite
