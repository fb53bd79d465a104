// Offer: what a fill or put brings, and what is computed from it before any lock is taken.
//
// Threads   Confined to the call that makes it.
// Ownership Holds the entry's one reference until a shard publishes it.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

#include "memory/carried_keys.h"
#include "memory/charge.h"
#include "memory/room.h"
#include "memory/tenants.h"
#include "strata/core/entry.h"
#include "strata/core/key.h"
#include "strata/core/label.h"
#include "strata/core/ticket.h"
#include "strata/core/time.h"
#include "strata/ports/fill.h"

namespace strata::memory {

class Offer {
 public:
  // Entries that leave for one newcomer, in one call, at most; a few more if they have ended.
  static constexpr std::size_t kWork = 512;

  // No entry: an erase.
  Offer(const KeyRef& key, EntryRef entry, Ticket taken, Instant begun, CarriedKeys& carried)
      : ticket(taken),
        now(begun),
        key_text(key.text),
        hash(key.hash),
        key_label(key_label_id(key.hash)),
        entry_(std::move(entry)),
        carried_(carried) {
    if (!entry_) return;
    charge = charge_bytes(*entry_);
    room = room_bytes(*entry_, charge);
    carried_.announce(*entry_);
  }
  ~Offer() { withdraw(); }
  Offer(const Offer&) = delete;
  Offer& operator=(const Offer&) = delete;

  [[nodiscard]] Entry* entry() const { return entry_.get(); }
  // So many have left.
  void spend(std::size_t removed) { work -= std::min(work, removed); }
  // The entry is the table's, and its labels stay announced.
  void published() { static_cast<void>(entry_.release()); }
  // What remains is an erase.
  void withdraw() {
    if (!entry_) return;
    carried_.retract(*entry_);
    entry_ = EntryRef();
  }
  // What it needs beside `former`, which it replaces; null: nothing.
  [[nodiscard]] Room::Amount need(const Entry* former) const {
    Room::Amount need{.entries = 1, .bytes = static_cast<std::int64_t>(room)};
    if (former == nullptr) return need;
    const bool expires = former->residence.wheel_slot != 0;
    need.entries = 0;
    need.bytes -= former->weight + static_cast<std::int64_t>(expires ? kWheelShareBytes : 0);
    return need;
  }

  // What of that its tenant is asked for: no labels, and nothing for the former one's place unless
  // that is of the same tenant.
  [[nodiscard]] Room::Amount need_of_tenant(const Entry* former) const {
    const Room::Amount need{.entries = 1, .bytes = static_cast<std::int64_t>(charge)};
    if (former == nullptr || former->residence.partition.load(std::memory_order_relaxed) != tenant)
      return need;
    return {.entries = 0, .bytes = need.bytes - static_cast<std::int64_t>(former->weight)};
  }

  const Ticket ticket;
  const Instant now;  // a little ago, if locks were waited for
  const std::string_view key_text;
  const std::uint64_t hash;
  const LabelId key_label;
  std::uint64_t charge = 0;
  std::uint64_t room = 0;    // the charge, with labels that nothing may carry yet
  bool fits = false;         // bounds may change meanwhile: what take_room() found is what counts
  std::size_t work = kWork;  // so many may still leave for it
  bool is_beyond = false;    // it took room beyond a bound
  FillOutcome outcome = FillOutcome::kDeclined;  // once a shard is done with it
  Room::Given given;                             // what other shards evicted for it
  // Where tenants are told apart:
  TenantNumber tenant = kRest;
  bool is_homeless = false;    // there is no memory for its tenant's partition
  bool exceeds_quota = false;  // what is exhausted is what its tenant has in its shard
  Room::Amount lacking;        // then: what the tenant was asked for
  Room::Given tenant_given;    // its part of what other shards evicted
  Room::Amount borrowed;       // taken of the tenant's quota, and the entry is not published yet

 private:
  EntryRef entry_;
  CarriedKeys& carried_;
};

}  // namespace strata::memory
