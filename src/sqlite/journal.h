// Journal: the invalidations that the file does not reflect yet, in a small file beside it.
//
// A mark is a label and the number of its invalidation. It is in the journal before the call
// that made it returns, and leaves it after the commit that holds its last removal; so whoever
// opens the file next, after whatever end of this process, knows what it must not serve.
// Nothing waits for the disk, unless sync() is called: what was written outlives the process. An
// expire() marks as an invalidation does, and is one to the next process. A journal that cannot be
// written any more, or is removed or cut short, takes marks on in memory until mend() makes it
// anew. docs/formats/sqlite.md has the bytes.
//
// Threads   Guarded by the caller's lock; sync() may run concurrently with all others.
// Errors    kUnavailable, with the file and the reason. Only make() and sync() can fail.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "strata/core/label.h"
#include "strata/core/result.h"
#include "strata/core/ticket.h"

namespace strata::sqlite {

struct Mark {
  LabelId label{};
  Ticket number{};
};

// Whose journal it is.
struct JournalOwner {
  std::uint64_t epoch = 0;
  std::uint64_t schema = 0;  // the database's version
};

// What a journal that somebody left behind says.
struct JournalContents {
  JournalOwner owner;
  std::uint64_t inode = 0;      // of the database file
  std::uint64_t committed = 0;  // commits that the file must have
  std::uint64_t boot_id = 0;    // of the boot in which it was made
  std::vector<Mark> marks{};
  // Every slot is free or whole, and together they are what was last written. A kill at any
  // moment leaves it so; a loss of power need not.
  bool intact = false;
};

class Journal {
 public:
  using Slot = std::uint32_t;

  // The journal at `path`, or nothing if it is not one: missing, cut, another version.
  [[nodiscard]] static std::optional<JournalContents> read(const std::string& path);
  // The same for what was in the file, whoever wrote it.
  [[nodiscard]] static std::optional<JournalContents> decode(std::string_view bytes);

  // A new journal in the place of the one at `path`, which stays whole until then.
  struct Start {
    JournalOwner owner;
    std::uint64_t inode = 0;
    std::uint64_t committed = 0;
    std::uint64_t boot_id = 0;
    std::size_t slots = 0;
    bool durable = false;  // on the disk when make() returns
  };
  [[nodiscard]] static Result<std::unique_ptr<Journal>> make(const std::string& path,
                                                             const Start& start,
                                                             std::span<const Mark> marks);
  // One that dies with the process, for as long as there is no file to keep it with.
  [[nodiscard]] static std::unique_ptr<Journal> make_in_memory(std::size_t slots);
  ~Journal();
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;

  // Where make() put each of its marks, in their order.
  [[nodiscard]] const std::vector<Slot>& first_slots() const { return first_slots_; }

  // How many marks mark() still takes. Everything() has slots of its own and always fits.
  [[nodiscard]] std::size_t room() const { return free_.size(); }
  // Preconditions: room() > 0, or the label is everything(), of which at most four marks live.
  Slot mark(const Mark& mark);
  void clear(Slot slot);

  // Every commit up to this one is in the file.
  void set_committed(std::uint64_t commits);
  // Another file has taken the place of the database.
  void set_inode(std::uint64_t inode);

  // Returns when everything marked before is on the disk.
  [[nodiscard]] Result<void> sync() const;

  // Looks whether the file is still there as it was written, and makes it again if not. Returns
  // what was wrong with it, for people; empty: nothing.
  [[nodiscard]] std::string mend();

 private:
  struct Layout;
  Journal(std::size_t slots, std::string path, bool durable);
  void format(const Start& start, std::size_t slots);
  [[nodiscard]] Result<void> put_in_place();
  [[nodiscard]] bool is_in_place() const;
  void change(Slot index, std::uint64_t checksum);
  void write(const void* from, std::size_t bytes);

  Layout* layout_;  // what is, or is to be, in the file
  const std::size_t bytes_;
  const std::string path_;  // empty: it is in memory only
  const bool is_durable_;
  int file_ = -1;
  std::atomic<bool> is_lost_{false};  // it cannot be written
  std::string trouble_;               // why
  std::size_t used_slots_ = 0;
  std::uint64_t digest_ = 0;
  std::vector<Slot> free_;
  std::vector<Slot> free_for_everything_;
  std::vector<Slot> first_slots_;
};

}  // namespace strata::sqlite
