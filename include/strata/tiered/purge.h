// Purge: the removal of what a filter selects, where no label says it.
//
//   const PurgeResult gone = cache.purge({.keyspace = "user", .older_than =
//   std::chrono::hours(24)}); cache.purge({.where = [](const PurgeCandidate& one) { return
//   one.size_bytes > (1u << 20); }});
//
// It looks through every tier, the deepest first, and invalidates the keys of what matches, a
// thousand at a time. A key of which one tier's copy matches goes from all, with what depends on
// it. For what one label says, invalidate() does the same without looking.
//
// Promise   What was there when the call began, matched, and was not replaced meanwhile, is served
// by
//           no tier when it has returned without an error. What takes the place of a match while it
//           runs may go with it, and is loaded again; what does not match is left alone.
// Errors    kRejected for a filter that selects everything, because nothing is set, and for one
// that
//           cannot match: nothing was looked at then. kUnavailable, kClosed and others: a tier
//           could not be looked through, or the predicate threw; what was found before that is
//           gone.
// Memory    A page of each tier at a time, and the labels of a thousand keys.
// Callbacks `where`, in the calling thread, with no lock held. It may read the cache.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "strata/core/label.h"
#include "strata/core/result.h"
#include "strata/core/time.h"

namespace strata {

// What one tier holds under one key, while the predicate looks at it.
struct PurgeCandidate {
  std::string_view tier;
  std::string_view key;           // canonical text
  std::span<const Label> group;   // of its keyspace: keyspace, tenant, type, source, schema
  std::span<const Label> labels;  // of its own, and of what it was made from
  std::string_view version;       // that its source gave it, or empty
  Duration age{0};                // since it was written
  std::uint64_t size_bytes = 0;   // of the entry in memory; of the encoded value below it
  bool negative = false;          // it says that nothing exists

  [[nodiscard]] bool carries(const Label& label) const;
};

// All that is set must hold. What was made from a value carries that value's labels, so it counts
// as of its keyspace, type and source, too.
struct PurgeFilter {
  std::optional<std::string> keyspace{}, tenant{}, type{}, source{}, tag{};
  std::optional<std::string> key_prefix{};  // that the canonical text begins with: "1:user::4"
  std::optional<std::string> version{};
  std::optional<Duration> older_than{};  // written longer ago
  std::function<bool(const PurgeCandidate& candidate)> where{};

  [[nodiscard]] bool empty() const;
};

struct PurgeResult {
  struct Tier {
    std::string name;
    // That are gone: what matched, and in memory what depended on it as well.
    std::uint64_t removed = 0;
  };
  std::vector<Tier> tiers;             // deepest first
  std::shared_ptr<const Error> error;  // it is not complete, or was not begun

  [[nodiscard]] bool ok() const { return error == nullptr; }
  [[nodiscard]] std::uint64_t removed() const;  // in all tiers: a key may count in each
};

}  // namespace strata
