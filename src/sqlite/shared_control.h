// SharedControl: what the processes that share a cache file have beside it: the lock under which
// all of them write, and a few words of mapped memory.
//
// An invalidation that cannot be written into the file *demands* that everything in it counts as
// invalidated; the word outlives the process that set it. docs/formats/sqlite.md has the bytes.
//
// Threads   Thread-safe.
// Errors    kUnavailable, with the file and the reason.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "core/mutex.h"
#include "ports/process.h"
#include "sqlite/files.h"
#include "strata/core/result.h"
#include "strata/core/time.h"
#include "strata/ports/clock.h"

namespace strata::sqlite {

class SharedControl {
 public:
  struct Owner {
    std::uint64_t epoch = 0;    // of the file
    std::uint64_t boot_id = 0;  // in which it is shared
  };

  struct Counts {
    std::uint64_t demanded = 0;
    std::uint64_t committed = 0;
  };

  // The one at `path`, or null if there is none that is whole.
  [[nodiscard]] static std::unique_ptr<SharedControl> open(const std::string& path);
  // A new one in its place. Nobody else may have the old one open.
  [[nodiscard]] static Result<std::unique_ptr<SharedControl>> make(const std::string& path,
                                                                   const Owner& owner,
                                                                   const Counts& counts);
  ~SharedControl();
  SharedControl(const SharedControl&) = delete;
  SharedControl& operator=(const SharedControl&) = delete;

  [[nodiscard]] const Owner& owner() const;
  // While whoever has the files alone is at work, and after he died of it, nobody joins. A new one
  // begins so.
  [[nodiscard]] bool is_in_recovery() const;
  void set_in_recovery(bool in_recovery);
  // A number that no other opening has had.
  [[nodiscard]] std::uint64_t next_member();
  // Whether it is still the one under its name.
  [[nodiscard]] bool is_current(const std::string& path) const;

  // How often everything was to be invalidated because an invalidation could not be written.
  [[nodiscard]] std::uint64_t demanded() const;
  void demand();
  // Commits that the file must have. Set by who has the lock.
  [[nodiscard]] std::uint64_t committed() const;
  void set_committed(std::uint64_t commits);
  // The file is damaged: nobody uses it until all have closed it.
  [[nodiscard]] bool is_damaged() const;
  void report_damage();

  // Who waits for the lock asks for it at least so often.
  static constexpr Duration kPauseMax = std::chrono::milliseconds(1);
  // The lock that all writing is done under: one thread of one process has it, and who dies gives
  // it back. False: not before `deadline`.
  [[nodiscard]] bool lock(const Clock& clock, Deadline deadline);
  void unlock();

  // The lease of a key's load (strata/ports/leases_loads.h): a lock of a byte of the file.
  [[nodiscard]] bool try_lease(std::uint64_t key_hash);
  void release(std::uint64_t key_hash);
  void end_leases();  // all of this opening

 private:
  struct Layout;
  SharedControl(Descriptor file, void* memory);

  Descriptor file_;
  internal::ClosedInChildren closed_in_children_{file_.get()};
  Layout* layout_;
  Mutex mutex_;
  CondVar freed_;
  bool is_held_ STRATA_GUARDED_BY(mutex_) = false;  // by a thread of this process
};

// Holds the lock for a scope, if it was to be had.
class SharedTurn {
 public:
  SharedTurn(SharedControl& control, const Clock& clock, Deadline deadline)
      : control_(control), has_it_(control.lock(clock, deadline)) {}
  ~SharedTurn() {
    if (has_it_) control_.unlock();
  }
  SharedTurn(const SharedTurn&) = delete;
  SharedTurn& operator=(const SharedTurn&) = delete;
  [[nodiscard]] bool has_it() const { return has_it_; }

 private:
  SharedControl& control_;
  bool has_it_;
};

}  // namespace strata::sqlite
