// Origin: on whose behalf a thread calls a cache, for explanations.
//
//   const Cache::Origin origin(cache, "4711 nightly import");
//   cache.invalidate(strata::tag("org:7"));
//   // explained as "invalidated by tag org:7 <- pid 4711 nightly import"
//
// Whatever the thread makes wrong, in this cache and as long as the object lives, has it as its
// root. An origin within another one is what the other one caused.
//
// Threads   Confined to the thread that made it, which ends its origins in the opposite order.
// Lifetime  It may outlive the cache.
// Memory    Nothing is recorded until something is made wrong.
#pragma once

#include <memory>
#include <string>

#include "strata/tiered/cache.h"

namespace strata {

class Cache::Origin {
 public:
  // The number of a process, and what it does: limits::kCauseTextBytes of it are kept.
  Origin(Cache& cache, std::string text);
  ~Origin();
  Origin(const Origin&) = delete;
  Origin& operator=(const Origin&) = delete;

 private:
  struct Scope;
  std::unique_ptr<Scope> scope_;
};

}  // namespace strata
