// Store: what is measured, behind one interface: a tier, a cache, a map, or nothing.
//
// Every store reads through: what it does not have it fetches from the origin and keeps.
//
// Threads    read() and write() run concurrently; the rest is for one thread.
// Lifetime   What a store is made with outlives it.
// Errors     Whatever keeps a read from being answered or a write from being accepted.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <variant>

#include "cli/benchmark/options.h"
#include "cli/benchmark/origin.h"
#include "strata/config/settings.h"
#include "strata/core/entry.h"
#include "strata/core/result.h"
#include "strata/core/time.h"
#include "strata/ports/clock.h"

namespace strata::benchmark {

// A value that was read, and what keeps it alive.
struct Reading {
  using Keeper =
      std::variant<std::monostate, EntryRef, std::string, std::shared_ptr<const std::string>>;
  Keeper keeper;
  std::string_view bytes;
  bool is_hit = false;  // answered without the origin
};

class Store {
 public:
  virtual ~Store() = default;

  virtual Result<void> read(std::uint64_t number, Reading& into) = 0;
  // Whether the value is kept: a tier may decline it.
  virtual Result<bool> write(std::uint64_t number, std::string value) = 0;
  // Whether write() is worth measuring.
  [[nodiscard]] virtual bool takes_writes() const { return true; }
  // Waits until what was written is where it will be, or until an interrupt.
  virtual Result<void> settle() { return {}; }
};

// What a tier or a cache is made of.
struct StoreOptions {
  const Settings& settings;  // of the memory tier, the SQLite tier, and values by default
  std::string sqlite_path;   // in place of the settings' own
  std::shared_ptr<Clock> clock;
};

[[nodiscard]] std::unique_ptr<Store> memory_store(const StoreOptions& options, Origin& origin);
[[nodiscard]] Result<std::unique_ptr<Store>> sqlite_store(const StoreOptions& options,
                                                          Origin& origin);
// Both tiers, through Cache.
[[nodiscard]] Result<std::unique_ptr<Store>> cache_store(const StoreOptions& options,
                                                         Origin& origin);
// std::unordered_map under a mutex, without bounds.
[[nodiscard]] std::unique_ptr<Store> map_store(Origin& origin);
// Each read is a call of the origin.
[[nodiscard]] std::unique_ptr<Store> origin_store(Origin& origin);
// The same value each time, for as good as nothing: what measuring itself costs.
[[nodiscard]] std::unique_ptr<Store> idle_store(std::string value);

// In which keyspace values are; no configuration is asked about it.
inline constexpr std::string_view kKeyspace = "benchmark";

}  // namespace strata::benchmark
