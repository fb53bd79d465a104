// InvalidationResult: what an invalidation, expire, put or erase did, tier by tier.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "strata/core/result.h"
#include "strata/core/ticket.h"
#include "strata/ports/fill.h"

namespace strata {

struct InvalidationResult {
  struct Tier {
    std::string name;
    Ticket position{};
    // Entries removed, or those whose ttl an expire() ended; nothing where a tombstone covers them
    // until they are reclaimed.
    std::optional<std::uint64_t> removed;
  };
  std::vector<Tier> tiers;  // deepest first: the order in which they were invalidated
  // Set if the labels were not acceptable; then nothing was changed. kUnavailable: memory ran out
  // on the way; it is not complete until it was repeated without an error. kClosed: so it is if the
  // cache was closed meanwhile.
  std::shared_ptr<const Error> error;

  [[nodiscard]] bool ok() const { return error == nullptr; }
  // In the tiers that know.
  [[nodiscard]] std::uint64_t removed() const;
};

struct PutResult {
  struct Tier {
    std::string name;
    FillOutcome outcome = FillOutcome::kStored;
    std::shared_ptr<const Error> error;  // the tier failed; the others hold the value
  };
  std::vector<Tier> tiers;
  std::shared_ptr<const Error> error;  // the key or value was not acceptable: nothing changed

  // Whether the put was accepted: what was there before is gone.
  [[nodiscard]] bool ok() const { return error == nullptr; }
  [[nodiscard]] bool stored() const;  // in at least one tier
  // Accepted, and no tier failed: under `durability: sync` it survives the process.
  [[nodiscard]] bool complete() const;
};

}  // namespace strata
