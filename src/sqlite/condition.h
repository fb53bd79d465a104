// Condition: how the tier is, what it counts, and who is told of what left.
//
// Threads   Thread-safe.
#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/mutex.h"
#include "sqlite/rows.h"
#include "strata/core/removal.h"
#include "strata/ports/tells_trouble.h"
#include "strata/ports/tier.h"
#include "strata/ports/tier_stats.h"

namespace strata::sqlite {

class Condition {
 public:
  // There is no file to read from; empty: there is.
  void set_off(const std::string& reason);
  // The file cannot be written; empty: it can.
  void set_trouble(const std::string& reason);
  // Something was lost; said until the tier is opened again.
  void set_loss(const std::string& reason);
  // The same of what is less than any loss that was said before.
  void set_lesser_loss(const std::string& reason);

  void count_hits(std::uint64_t hits) { hits_.fetch_add(hits, std::memory_order_relaxed); }
  void count_misses(std::uint64_t misses) { misses_.fetch_add(misses, std::memory_order_relaxed); }
  void count_error() { errors_.fetch_add(1, std::memory_order_relaxed); }
  void count(const Tally& tally);
  void set_entries(std::uint64_t entries) { entries_.store(entries, std::memory_order_relaxed); }
  void set_bytes(std::uint64_t bytes) { bytes_.store(bytes, std::memory_order_relaxed); }

  // An error of what the tier does by itself. It is told once, until recover().
  void fail(const Error& error);
  void recover();
  // An error that is over already.
  void note(const Error& error);
  // Told at once if the tier fails already.
  void set_trouble_listener(TroubleListener listener);

  void set_listener(RecordRemovalListener listener);
  // The listener is called with no lock held.
  void tell(std::span<const RecordRemoval> removals) const;

  // Fills in what is known here.
  void describe(TierStats& stats) const;

 private:
  void tell_trouble();

  mutable Mutex mutex_;
  std::string off_ STRATA_GUARDED_BY(mutex_);
  std::string trouble_ STRATA_GUARDED_BY(mutex_);
  std::string loss_ STRATA_GUARDED_BY(mutex_);
  std::shared_ptr<const RecordRemovalListener> listener_ STRATA_GUARDED_BY(mutex_);
  std::shared_ptr<const TroubleListener> trouble_listener_ STRATA_GUARDED_BY(mutex_);
  std::optional<Error> failing_ STRATA_GUARDED_BY(mutex_);
  bool is_told_ STRATA_GUARDED_BY(mutex_) = false;  // of failing_
  std::atomic<std::uint64_t> hits_{0};
  std::atomic<std::uint64_t> misses_{0};
  std::atomic<std::uint64_t> errors_{0};
  std::atomic<std::uint64_t> entries_{0};
  std::atomic<std::uint64_t> bytes_{0};
  std::array<std::atomic<std::uint64_t>, kRemovalCauseCount> removals_{};
};

// Which entries were read lately: a bit per id, shared by ids that are 2^20 apart. An entry that
// shares its bit with one that is read is kept a little longer.
class Recent {
 public:
  Recent() : words_(kBits / 64) {}

  void add(std::int64_t id) {
    std::atomic<std::uint64_t>& word = words_[word_of(id)];
    const std::uint64_t bit = bit_of(id);
    if ((word.load(std::memory_order_relaxed) & bit) == 0) {
      word.fetch_or(bit, std::memory_order_relaxed);
    }
  }
  // Forgets the entry, and returns whether it was there.
  bool take(std::int64_t id) {
    const std::uint64_t bit = bit_of(id);
    return (words_[word_of(id)].fetch_and(~bit, std::memory_order_relaxed) & bit) != 0;
  }

 private:
  static constexpr std::size_t kBits = std::size_t{1} << 20;
  static std::size_t word_of(std::int64_t id) {
    return (static_cast<std::uint64_t>(id) % kBits) / 64;
  }
  static std::uint64_t bit_of(std::int64_t id) {
    return std::uint64_t{1} << (static_cast<std::uint64_t>(id) % 64);
  }
  std::vector<std::atomic<std::uint64_t>> words_;
};

}  // namespace strata::sqlite
