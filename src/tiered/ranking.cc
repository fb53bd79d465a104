// hottest() and coldest(): a scan of memory that keeps the best candidates so far in a heap.
#include "strata/tiered/ranking.h"

#include <algorithm>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

#include "strata/core/limits.h"
#include "tiered/paths.h"

namespace strata {
namespace {

enum class End { kHottest, kColdest };

struct Candidate {
  Standing standing;
  EntryRef entry;
};

// Whether `a` comes before `b` in the result. Equal ones come in the order of their keys.
bool comes_before(End end, const Candidate& a, const Candidate& b) {
  if (a.standing.rank != b.standing.rank) {
    return (a.standing.rank > b.standing.rank) == (end == End::kHottest);
  }
  return a.entry->key_text() < b.entry->key_text();
}

// The `count` best of all that was offered. The heap's front is the worst of them.
class Best {
 public:
  Best(End end, std::size_t count) : end_(end), count_(count) {}

  void offer(Candidate candidate) {
    const auto order = [this](const Candidate& a, const Candidate& b) {
      return comes_before(end_, a, b);
    };
    const bool is_full = heap_.size() == count_;
    if (is_full && !order(candidate, heap_.front())) return;
    // A scan may come to an entry twice.
    if (!keys_.insert(candidate.entry->key_text()).second) return;
    if (is_full) {
      std::pop_heap(heap_.begin(), heap_.end(), order);
      keys_.erase(heap_.back().entry->key_text());
      heap_.pop_back();
    }
    heap_.push_back(std::move(candidate));
    std::push_heap(heap_.begin(), heap_.end(), order);
  }

  [[nodiscard]] std::vector<Candidate> take() {
    std::sort(heap_.begin(), heap_.end(),
              [this](const Candidate& a, const Candidate& b) { return comes_before(end_, a, b); });
    return std::move(heap_);
  }

 private:
  const End end_;
  const std::size_t count_;
  std::vector<Candidate> heap_;
  std::unordered_set<std::string_view> keys_;  // of those in the heap, whose texts they are
};

RankedEntry described(const Candidate& candidate, Instant now) {
  const Entry& entry = *candidate.entry;
  const KeyRef key = entry.key();
  const Result<Key> parsed = Key::parse(key.text, key.long_params);
  const auto at_least_zero = [](Duration duration) { return std::max(duration, Duration(0)); };
  return {.key = std::string(key.text),
          .keyspace = parsed ? std::string(parsed->keyspace()) : std::string(),
          .negative = entry.negative(),
          .standing = candidate.standing,
          .size_bytes = entry.footprint_bytes(),
          .age = at_least_zero(between(entry.written_at(), now)),
          .fresh_left = at_least_zero(between(now, entry.fresh_until())),
          .kept_left = at_least_zero(between(now, entry.keep_until())),
          .load_cost = entry.load_cost()};
}

std::vector<RankedEntry> rank(const Cache::State& cache, End end, std::size_t count) {
  if (count == 0) return {};
  Best best(end, count);
  std::vector<EntryRef> entries;
  std::uint64_t cursor = 0;
  do {
    entries.clear();
    cursor = cache.hot->scan(cursor, entries);
    for (EntryRef& entry : entries) {
      const Standing standing = cache.hot->standing(*entry);
      best.offer({standing, std::move(entry)});
    }
  } while (cursor != 0);

  const Instant now = cache.clock->now();
  std::vector<RankedEntry> ranked;
  for (const Candidate& candidate : best.take()) ranked.push_back(described(candidate, now));
  return ranked;
}

Result<std::vector<RankedEntry>> checked_rank(const Cache::State& cache, End end,
                                              std::size_t count) {
  if (cache.is_closed()) return cache.closed_error();
  if (count > limits::kRankedEntries) {
    return Error{ErrorCode::kRejected,
                 "a ranking of " + std::to_string(count) + " entries; ask for at most " +
                     std::to_string(limits::kRankedEntries),
                 {}};
  }
  try {
    return rank(cache, end, count);
  } catch (...) {
    return internal::error_of_exception(ErrorCode::kUnavailable, "a ranking of entries");
  }
}

}  // namespace

Result<std::vector<RankedEntry>> Cache::hottest(std::size_t count) const {
  return checked_rank(*state_, End::kHottest, count);
}

Result<std::vector<RankedEntry>> Cache::coldest(std::size_t count) const {
  return checked_rank(*state_, End::kColdest, count);
}

}  // namespace strata
