// Room: how much all shards of a tier may hold together, and do.
//
// A shard takes room before it publishes an entry and settles afterwards for what it really holds,
// so that the bounds are those of the tier, however keys fall on the shards.
//
// Threads   Thread-safe.
// Promise   What is taken never exceeds the bounds, unless they were lowered meanwhile, or by
//           take_beyond(), by one newcomer: who took asks has({}) afterwards, and who lowers them
//           too, and one of the two sees it. While they are exceeded, whoever gives up as much as
//           it takes may take it, but no more is held by that than when it came: what it gave up
//           may have been taken by somebody else. So bounds that hold once nobody is about to take
//           by former ones hold from then on.
#pragma once

#include <atomic>
#include <cstdint>

namespace strata::memory {

class Room {
 public:
  // Differences; negative is less.
  struct Amount {
    std::int64_t entries = 0;
    std::int64_t bytes = 0;
    friend bool operator==(const Amount&, const Amount&) = default;
    friend Amount operator+(const Amount& a, const Amount& b) {
      return {a.entries + b.entries, a.bytes + b.bytes};
    }
    friend Amount operator-(const Amount& a, const Amount& b) {
      return {a.entries - b.entries, a.bytes - b.bytes};
    }
  };

  // 0 entries: only bytes are bounded.
  void set_bounds(std::uint64_t max_entries, std::uint64_t max_bytes) {
    may_exceed_.store(true, std::memory_order_relaxed);
    max_entries_.store(max_entries, std::memory_order_seq_cst);
    max_bytes_.store(max_bytes, std::memory_order_seq_cst);
  }
  [[nodiscard]] std::uint64_t max_entries() const {
    return max_entries_.load(std::memory_order_seq_cst);
  }
  [[nodiscard]] std::uint64_t max_bytes() const {
    return max_bytes_.load(std::memory_order_seq_cst);
  }
  [[nodiscard]] std::uint64_t entries() const {
    return static_cast<std::uint64_t>(entries_.load(std::memory_order_relaxed));
  }
  [[nodiscard]] std::uint64_t bytes() const {
    return static_cast<std::uint64_t>(bytes_.load(std::memory_order_relaxed));
  }

  // What a caller has given up for what it takes, and what was held before it did.
  struct Given {
    Amount amount;
    Amount held_before;
    [[nodiscard]] Given with(const Amount& more) const { return {amount + more, held_before}; }
  };
  [[nodiscard]] Amount held() const {
    return {entries_.load(std::memory_order_relaxed), bytes_.load(std::memory_order_relaxed)};
  }

  // Takes so much if it then keeps within the bounds, or if they are exceeded and it keeps within
  // what was held before the caller gave up as much for it; returns whether.
  [[nodiscard]] bool take(const Amount& amount, const Given& given) {
    if (!take_entries(amount, given)) return false;
    if (add_if(bytes_, amount.bytes,
               [&](std::int64_t held) { return allows_bytes(held, amount, given); })) {
      return true;
    }
    entries_.fetch_sub(amount.entries, std::memory_order_relaxed);
    return false;
  }
  // Whether take() would, now.
  [[nodiscard]] bool allows(const Amount& amount, const Given& given) const {
    return allows_entries(held().entries, amount, given) &&
           allows_bytes(held().bytes, amount, given);
  }
  // The same as take(), but bytes beyond the bound if that held before.
  [[nodiscard]] bool take_beyond(const Amount& amount, const Given& given) {
    if (!take_entries(amount, given)) return false;
    may_exceed_.store(true, std::memory_order_relaxed);
    if (add_if(bytes_, amount.bytes,
               [&](std::int64_t held) { return held <= bound_of(max_bytes()); })) {
      return true;
    }
    entries_.fetch_sub(amount.entries, std::memory_order_relaxed);
    return false;
  }
  // Without asking.
  void adjust(const Amount& amount) {
    if (amount.entries != 0) entries_.fetch_add(amount.entries, std::memory_order_relaxed);
    if (amount.bytes != 0) bytes_.fetch_add(amount.bytes, std::memory_order_relaxed);
  }
  [[nodiscard]] bool has(const Amount& amount) const {
    return entries_.load(std::memory_order_seq_cst) + amount.entries <= entry_bound() &&
           bytes_.load(std::memory_order_seq_cst) + amount.bytes <= bound_of(max_bytes());
  }
  // Whether the bounds hold, or there is a reason why they need not: they were changed, or taken
  // beyond, since they were last seen to hold here. For tests, while nothing else runs.
  [[nodiscard]] bool is_accounted_for() const {
    if (!has({})) return may_exceed_.load(std::memory_order_relaxed);
    may_exceed_.store(false, std::memory_order_relaxed);
    return true;
  }

 private:
  static std::int64_t bound_of(std::uint64_t bound) {
    return bound > INT64_MAX ? INT64_MAX : static_cast<std::int64_t>(bound);
  }
  [[nodiscard]] std::int64_t entry_bound() const {
    return max_entries() == 0 ? INT64_MAX : bound_of(max_entries());
  }
  // Who takes nothing more gives up nothing.
  static bool allows(std::int64_t held, std::int64_t bound, std::int64_t amount, std::int64_t given,
                     std::int64_t held_before) {
    if (held + amount <= bound) return true;
    if (amount > given) return false;
    return amount <= 0 || (held > bound && held + amount <= held_before);
  }
  [[nodiscard]] bool allows_entries(std::int64_t held, const Amount& amount,
                                    const Given& given) const {
    return allows(held, entry_bound(), amount.entries, given.amount.entries,
                  given.held_before.entries);
  }
  [[nodiscard]] bool allows_bytes(std::int64_t held, const Amount& amount,
                                  const Given& given) const {
    return allows(held, bound_of(max_bytes()), amount.bytes, given.amount.bytes,
                  given.held_before.bytes);
  }
  [[nodiscard]] bool take_entries(const Amount& amount, const Given& given) {
    return add_if(entries_, amount.entries,
                  [&](std::int64_t held) { return allows_entries(held, amount, given); });
  }
  // Nothing is added by loading only: then nobody else sees or misses a change. It is the usual
  // case, of who has evicted one like its own.
  template <typename Allows>
  static bool add_if(std::atomic<std::int64_t>& sum, std::int64_t amount, const Allows& allows) {
    std::int64_t held = sum.load(std::memory_order_relaxed);
    if (amount == 0) return allows(held);
    do {
      if (!allows(held)) return false;
    } while (!sum.compare_exchange_weak(held, held + amount, std::memory_order_seq_cst));
    return true;
  }

  alignas(64) std::atomic<std::int64_t> entries_{0};
  std::atomic<std::int64_t> bytes_{0};
  std::atomic<std::uint64_t> max_entries_{0};
  std::atomic<std::uint64_t> max_bytes_{0};
  mutable std::atomic<bool> may_exceed_{false};
};

}  // namespace strata::memory
