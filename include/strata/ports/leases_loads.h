// LeasesLoads: what a tier is as well if other processes use the same store, so that one of all
// processes loads a key that is in none of them.
//
//   auto* const leases = dynamic_cast<LeasesLoads*>(&tier);
//   if (leases != nullptr && leases->is_shared() && leases->try_lease(key.hash)) {
//     load_and_store();
//     leases->release(key.hash);
//   }
//
// Promise    At most one process has a key's lease. It ends with release(), with the process, and
//            with the tier's close(). Within a process nothing is kept apart: the cache does that.
// Threads    Thread-safe.
// Cost       A system call each; nothing is written.
#pragma once

#include <cstdint>

namespace strata {

class LeasesLoads {
 public:
  virtual ~LeasesLoads() = default;
  // Whether there may be other processes. If not, the other two need not be called.
  [[nodiscard]] virtual bool is_shared() const = 0;
  // False: another process has the lease of the key with that hash, or of one like it. True also
  // where that cannot be told.
  [[nodiscard]] virtual bool try_lease(std::uint64_t key_hash) = 0;
  virtual void release(std::uint64_t key_hash) = 0;
};

}  // namespace strata
