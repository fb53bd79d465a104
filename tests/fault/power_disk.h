// PowerDisk: a layer of SQLite's file interface that knows what of each file is on the disk, and
// so what a loss of power would leave.
//
//   PowerDisk::cut_at(17, [&] { PowerDisk::save(folder, after_the_cut, random); });
//   open_tier(PowerDisk::vfs(), options, ...);
//
// What was synced stays. Of what was written since, a random part of the sectors is on the disk,
// whatever the order of the writes, and the last one may be torn. What the journal says is
// on the disk since its last fdatasync(): programs that link this have one of its own. Nothing
// waits for the real disk. Names (new files, renames, removals) are on the disk at once.
//
// Threads   Thread-safe. One cut at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

#include "testkit/random.h"

namespace strata::testkit {

class PowerDisk {
 public:
  static constexpr std::size_t kSectorBytes = 512;

  // The layer's name. Registered at first use.
  [[nodiscard]] static std::string vfs();

  // Just before the n-th write, truncation or sync from now on, `cut` runs, in the thread that
  // makes the call, while all others wait. Zero: never.
  static void cut_at(std::uint64_t n, std::function<void()> cut);

  // Writes what a loss of power would leave of the files in `folder` into the folder `into`.
  static void save(const std::string& folder, const std::string& into, Random& random);

  // A disk that says that it has synced and has not.
  static void ignore_syncs(bool ignore);

  // Forgets every file, and takes those in `folder` for what is on the disk. Not while any is open.
  static void start(const std::string& folder);
};

}  // namespace strata::testkit
