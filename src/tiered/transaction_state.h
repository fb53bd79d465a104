// What a transaction has collected, and what it may read.
#pragma once

#include <string>
#include <unordered_set>
#include <vector>

#include "strata/tiered/transaction.h"
#include "tiered/paths.h"

namespace strata {

struct Transaction::State {
  std::shared_ptr<Cache::State> cache;
  Tickets tickets;  // of the moment at which it was opened
  bool open = true;
  bool wrote = false;  // from now on loads are not stored
  // What commit() changes, of one kind.
  struct Collected {
    Labels labels{};
    std::unordered_set<LabelId> ids{};  // of those
  };
  bool collected_all = false;  // in place of both
  Collected hard{};
  Collected soft{};  // whose ttl ends
  std::vector<Event> events{};
  std::string why{};  // the rules and events that led to it, as far as a cause keeps it

  // Whether the value carries none of the labels collected.
  [[nodiscard]] bool may_use(const Entry& entry) const;
  // Where there is no room for the label, or no memory, everything is collected.
  void collect(const Label& label, internal::Change change) noexcept;
  void collect_all() noexcept;
  void forget();
  // What the rules make of the event, or else `plain`.
  Result<void> emit(Event event, const Labels& plain);
};

namespace internal {

struct Request;

// get_or_load() within a transaction: what the tiers have and the transaction may use, else a load
// of its own.
[[nodiscard]] Found answer_within(const Request& request, const Transaction::State& transaction);

}  // namespace internal
}  // namespace strata
