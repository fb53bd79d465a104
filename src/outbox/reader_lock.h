// ReaderLock: that a reader of an outbox is one relay at a time, among all processes.
//
// A file beside the database, named after the reader, is locked as long as the relay runs. The
// system unlocks it when a process ends in whatever way. The database's own file would not do:
// closing a second descriptor of it drops SQLite's locks.
#pragma once

#include <string>

#include "ports/process.h"
#include "strata/core/result.h"

namespace strata::outbox {

class ReaderLock {
 public:
  ReaderLock() = default;
  ~ReaderLock();
  ReaderLock(ReaderLock&& other) noexcept;
  ReaderLock& operator=(ReaderLock&& other) noexcept;

  // `database` is the path that the lock's name begins with. If another relay has the lock, the
  // result does not hold it, and knows the owner. kUnavailable if the file cannot be opened.
  [[nodiscard]] static Result<ReaderLock> take(const std::string& database,
                                               const std::string& reader);

  [[nodiscard]] bool is_held() const { return file_ >= 0; }
  // "process 4711", or what is known.
  [[nodiscard]] const std::string& owner() const { return owner_; }

 private:
  int file_ = -1;
  internal::ClosedInChildren in_children_;  // a child does not keep the lock
  std::string owner_;
};

}  // namespace strata::outbox
