// What a transaction has collected, and what it may read.
#pragma once

#include <unordered_set>

#include "strata/tiered/transaction.h"
#include "tiered/paths.h"

namespace strata {

struct Transaction::State {
  std::shared_ptr<Cache::State> cache;
  Tickets tickets;  // of the moment at which it was opened
  bool open = true;
  bool wrote = false;  // from now on loads are not stored
  bool collected_all = false;  // in place of what `collected` would be
  Labels collected{};
  std::unordered_set<LabelId> ids{};  // of those
  std::vector<Event> events{};

  // Whether the value carries none of the labels collected.
  [[nodiscard]] bool may_use(const Entry& entry) const;
  // Where there is no room for the label, or no memory, everything is collected.
  void collect(const Label& label) noexcept;
  void collect_all() noexcept;
};

namespace internal {

struct Request;

// get_or_load() within a transaction: what the tiers have and the transaction may use, else a load
// of its own.
[[nodiscard]] Found answer_within(const Request& request, const Transaction::State& transaction);

}  // namespace internal
}  // namespace strata
