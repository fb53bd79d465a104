// Reads and updates at the same time.
#include "cli/demo/traffic.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "cli/demo/updater.h"
#include "cli/workload/interrupt.h"
#include "core/mutex.h"
#include "strata/ports/random.h"
#include "strata/ports/thread.h"

namespace strata::demo {
namespace {

// What one thread has seen.
struct Tally {
  std::array<Latencies, kAnsweredByCount> by;
  std::uint64_t failed = 0;
  std::string first_failure;

  void add(const Answer& answer) {
    by[static_cast<std::size_t>(answer.by)].add(answer.took);
    if (answer.by == AnsweredBy::kNobody && failed++ == 0) first_failure = answer.error;
  }
};

// Lets updaters keep step with the readers: step n begins when its share of the reads is done.
class Pace {
 public:
  // The number of the read to make now, from 1; 0: no more.
  std::uint64_t take(std::uint64_t reads) {
    if (workload::Interrupt::seen()) return 0;
    const std::uint64_t number = begun_.fetch_add(1, std::memory_order_relaxed) + 1;
    return number <= reads ? number : 0;
  }
  void ended() {
    const MutexLock lock(mutex_);
    ended_ = true;
    changed_.notify_all();
  }
  void wait_for(std::uint64_t reads) {
    const MutexLock lock(mutex_);
    // Looks again every so often, so that a read costs no signal.
    while (begun_.load(std::memory_order_relaxed) < reads && !ended_ &&
           !workload::Interrupt::seen()) {
      changed_.wait_for(mutex_, std::chrono::milliseconds(2));
    }
  }

 private:
  std::atomic<std::uint64_t> begun_{0};
  Mutex mutex_;
  CondVar changed_;
  bool ended_ STRATA_GUARDED_BY(mutex_) = false;
};

// Says that no further read begins, at the latest when it goes.
class EndOfReads {
 public:
  explicit EndOfReads(Pace& pace) : pace_(pace) {}
  ~EndOfReads() { pace_.ended(); }
  EndOfReads(const EndOfReads&) = delete;
  EndOfReads& operator=(const EndOfReads&) = delete;

 private:
  Pace& pace_;
};

// The steps of one of the updaters: every kUpdaters-th.
Result<void> update(Updater& updater, unsigned first, std::uint64_t steps, std::uint64_t reads,
                    Pace& pace) {
  for (std::uint64_t step = first; step < steps && !workload::Interrupt::seen();
       step += kUpdaters) {
    pace.wait_for(reads * step / steps);
    // One source early, while little of it is cached, and one halfway.
    Result<void> done;
    if (step == steps / 10) done = updater.change_and_invalidate_source(ObjectKind::kPackage);
    if (step == steps / 2) done = updater.change_and_invalidate_source(ObjectKind::kPlace);
    if (done) done = updater.step();
    if (!done) return done;
  }
  return {};
}

void add_counts(const Updater::Counts& counts, TrafficFigures& figures) {
  figures.changes += counts.changes;
  figures.by_key += counts.by_key;
  figures.by_tag += counts.by_tag;
  figures.by_source += counts.by_source;
  figures.during_a_load += counts.during_a_load;
  figures.check_reads += counts.check_reads;
  figures.failed += counts.failed;
  if (figures.first_failure.empty()) figures.first_failure = counts.first_failure;
}

void add_tallies(const std::vector<Tally>& tallies, TrafficFigures& figures) {
  Latencies hits;
  for (std::size_t by = 0; by < kAnsweredByCount; ++by) {
    Latencies all;
    for (const Tally& tally : tallies) all.merge(tally.by[by]);
    figures.by[by] = all.summary();
    figures.reads += figures.by[by].count;
    const auto answered = static_cast<AnsweredBy>(by);
    if (answered == AnsweredBy::kMemory || answered == AnsweredBy::kSqlite) hits.merge(all);
  }
  figures.hit_p50 = hits.summary().p50;
  for (const Tally& tally : tallies) {
    figures.failed += tally.failed;
    if (figures.first_failure.empty()) figures.first_failure = tally.first_failure;
  }
}

void add_stats(const CacheStats& stats, TrafficFigures& figures) {
  for (const TierTraffic& traffic : stats.tiers) {
    figures.tiers.push_back({.name = traffic.tier.name,
                             .hits = traffic.tier.hits,
                             .misses = traffic.tier.misses,
                             .entries = traffic.tier.entries});
  }
  figures.request_hit_rate = stats.request_hit_rate();
  figures.lookup_hit_rate = stats.lookup_hit_rate();
}

}  // namespace

Result<TrafficFigures> run_traffic(Origins& origins, Front& front, const Choice& choice,
                                   const Clock& clock, const TrafficOptions& options,
                                   workload::Progress& progress) {
  const std::uint64_t steps = std::clamp(options.reads / kReadsPerStep, kMinSteps, kMaxSteps);
  const Instant began = clock.now();
  const std::uint64_t http_calls = origins.server().requests();
  const std::uint64_t sql_calls = front.place_queries();
  progress.begin("traffic", options.reads);

  Pace pace;
  std::vector<Tally> tallies(options.threads);
  std::vector<std::unique_ptr<Updater>> updaters;
  std::vector<Result<void>> updated(kUpdaters);
  std::vector<Thread> updating;
  // All of them before the first thread: it looks into the vector.
  for (unsigned i = 0; i < kUpdaters; ++i) {
    updaters.push_back(
        std::make_unique<Updater>(origins, front, choice, seeded_random(options.seed + 1'000 + i)));
  }
  for (unsigned i = 0; i < kUpdaters; ++i) {
    updating.emplace_back("demo-updater", [&, i] {
      updated[i] = update(*updaters[i], i, steps, options.reads, pace);
    });
  }
  std::vector<Thread> reading;
  // If a thread cannot be started, those that run are not left waiting.
  const EndOfReads end_of_reads(pace);
  for (unsigned i = 0; i < options.threads; ++i) {
    reading.emplace_back("demo-reader", [&, i] {
      const auto random = seeded_random(options.seed + 1 + i);
      while (pace.take(options.reads) != 0) {
        tallies[i].add(front.read(choice.any(*random)));
        progress.advance();
      }
    });
  }
  for (Thread& thread : reading) thread.join();
  pace.ended();
  TrafficFigures figures;
  for (Thread& thread : updating) thread.join();
  figures.took = between(began, clock.now());

  for (const Result<void>& result : updated) {
    if (!result) return result.error();
  }
  figures.threads = options.threads;
  figures.http_calls = origins.server().requests() - http_calls;
  figures.sql_calls = front.place_queries() - sql_calls;
  for (const auto& updater : updaters) add_counts(updater->counts(), figures);
  add_tallies(tallies, figures);
  add_stats(front.cache().stats(), figures);
  return figures;
}

}  // namespace strata::demo
