// The files of one cache: their names, who may own them, what is in the way.
//
// Threads   Stateless functions and values.
// Errors    kRejected with the path, what is wrong and what to do about it, unless said
//           otherwise. Nothing is changed by a call that fails.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "sqlite/journal.h"
#include "strata/core/result.h"
#include "strata/core/time.h"

namespace strata::sqlite {

// An open file's number; closes it at the end.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int number) : number_(number) {}
  ~Descriptor();
  Descriptor(Descriptor&& other) noexcept;
  Descriptor& operator=(Descriptor&& other) noexcept;
  [[nodiscard]] bool is_open() const { return number_ >= 0; }
  [[nodiscard]] int get() const { return number_; }

 private:
  int number_ = -1;
};

struct Paths {
  std::string folder;    // without symbolic links
  std::string database;  // the others are this with something behind it
  std::string wal, shm, rollback, journal, shared, lock;
  std::string fresh;  // what is to become the database
};

// The paths for `path`, whose folder is made if it is missing and must be safe: nobody but its
// owner, who is this user or root, may write in it (a sticky folder like /tmp will do).
[[nodiscard]] Result<Paths> prepare_paths(const std::string& path, bool allow_network_file_system);

// Whether each file that exists is a plain file of this user without other names.
[[nodiscard]] Result<void> check_files(const Paths& paths);

// Owns the files as long as it lives. kUnavailable, naming the owner, if another has them.
[[nodiscard]] Result<Descriptor> lock_files(const Paths& paths);

// What is under the database's name, found without SQLite. Not once it is open in this process:
// closing a second descriptor of a file drops SQLite's locks on it.
struct Found {
  enum class Kind { kNothing, kCache, kDamaged };
  Kind kind = Kind::kNothing;
  std::uint64_t inode = 0;
};
// kRejected if it belongs to another program or to a newer Strata, whoever wrote its version. A
// file that is no cache but has our journal beside it is ours, and damaged; so is one whose
// version cannot be a Strata's.
[[nodiscard]] Result<Found> inspect(const Paths& paths,
                                    const std::optional<JournalContents>& journal);

// Makes an empty file, 0600, under a name that must be free. kUnavailable.
[[nodiscard]] Result<void> make_file(const std::string& path);
[[nodiscard]] std::uint64_t inode_of(const std::string& path);  // 0 if there is none
// Whether the path is known to lead to another file than this, or to none.
[[nodiscard]] bool leads_elsewhere(const std::string& path, std::uint64_t inode);
[[nodiscard]] bool read_whole_file(const std::string& path, std::string& bytes);
void remove_file(const std::string& path);
void sync_folder_of(const std::string& path);

// Moves the database out of the way, removes what was moved there before, and returns the new
// name; empty if that failed, and then the database is removed.
std::string quarantine(const Paths& paths, WallTime now);
// Removes the database and what SQLite keeps beside it, but not `fresh`. kUnavailable if one of
// them is still there.
[[nodiscard]] Result<void> remove_database(const Paths& paths);

}  // namespace strata::sqlite
