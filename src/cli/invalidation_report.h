// What `strata invalidate` tells of what it did, or would do.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/context.h"
#include "strata/tiered/invalidation.h"

namespace strata::cli {

struct InvalidationReport {
  // Of one tier; nothing where it only knows when it meets what is wrong.
  struct Tier {
    std::string name;
    std::optional<std::uint64_t> removed{0};
    std::optional<std::uint64_t> expired{0};
  };

  bool dry_run = false;
  bool soft = false;
  std::uint64_t entries = 0;  // below memory that it is about
  std::uint64_t bytes = 0;
  std::uint64_t expired_entries = 0;  // of those, the ones whose ttl ends and no more
  std::vector<Tier> tiers{};
  std::optional<std::vector<std::string>> rules{};  // that fired, if it was an event
  bool incomplete = false;                          // see EventResult

  // Adds what one of several steps did.
  void add_removed(const InvalidationResult& step) { add(step, &Tier::removed); }
  void add_expired(const InvalidationResult& step) { add(step, &Tier::expired); }

 private:
  void add(const InvalidationResult& step, std::optional<std::uint64_t> Tier::*amount);
};

void print_report(Context& context, const InvalidationReport& report);

}  // namespace strata::cli
