// Judges the demo's figures.
#include "cli/demo/figures.h"

#include <algorithm>

namespace strata::demo {
namespace {

std::string text(std::uint64_t number) { return std::to_string(number); }

class Problems {
 public:
  void unless(bool fine, const std::string& problem) {
    if (!fine) problems_.push_back(problem);
  }
  [[nodiscard]] std::vector<std::string> take() { return std::move(problems_); }

 private:
  std::vector<std::string> problems_;
};

void judge_traffic(const TrafficFigures& traffic, Problems& problems) {
  problems.unless(traffic.failed == 0,
                  text(traffic.failed) + " reads failed: " + traffic.first_failure);
  problems.unless(traffic.reads < kReadsForHitRate || traffic.request_hit_rate >= kPromisedHitRate,
                  "the request hit rate is below 80 %");
}

void judge_burst(const BurstFigures& burst, Problems& problems) {
  problems.unless(burst.origin_calls == 1, "the burst made " + text(burst.origin_calls) +
                                               " calls to the origin instead of 1");
  problems.unless(burst.failed == 0, text(burst.failed) + " reads of the burst failed");
  problems.unless(burst.at_once == burst.reads,
                  "only " + text(burst.at_once) + " reads of the burst ran at once");
}

void judge_outage(const OutageFigures& outage, Problems& problems) {
  problems.unless(outage.failed == 0,
                  text(outage.failed) + " reads of known keys failed while the origin was down");
  problems.unless(outage.origin_failures > 0, "the origin did not fail during the outage");
  problems.unless(outage.served_past_ttl == outage.reads - std::min(outage.reads, outage.failed),
                  "a read during the outage was answered as fresh");
  problems.unless(outage.changed_served == 0,
                  text(outage.changed_served) +
                      " values that had been invalidated were served during the outage");
  problems.unless(outage.unknown_failed == outage.unknown,
                  "a key that nobody knew was served during the outage");
  problems.unless(outage.recovered, "values did not become fresh again after the outage");
}

void judge_restart(const RestartFigures& restart, const std::string& what, Problems& problems) {
  problems.unless(restart.failed == 0, text(restart.failed) + " reads failed after the " + what);
  const std::uint64_t valid = restart.keys - std::min(restart.keys, restart.invalidated);
  problems.unless(
      static_cast<double>(restart.from_sqlite) >= kPromisedWarmShare * static_cast<double>(valid),
      "after the " + what + " SQLite answered only " + text(restart.from_sqlite) + " of " +
          text(valid) + " reads of values that were still right");
  problems.unless(restart.origin_calls >= restart.invalidated,
                  "after the " + what + " the origins were called " + text(restart.origin_calls) +
                      " times for " + text(restart.invalidated) + " invalidated values");
}

}  // namespace

std::uint64_t TrafficFigures::calls_saved() const {
  return all_reads() - std::min(all_reads(), origin_calls());
}

double TrafficFigures::speed_up() const {
  const Duration origin = by[static_cast<std::size_t>(AnsweredBy::kHttpOrigin)].p50;
  if (hit_p50 <= Duration(0)) return 0;
  return static_cast<double>(origin.count()) / static_cast<double>(hit_p50.count());
}

std::vector<std::string> problems_of(const Figures& figures) {
  Problems problems;
  problems.unless(figures.stale_reads == 0, text(figures.stale_reads) + " stale reads");
  problems.unless(
      figures.impossible_reads == 0,
      text(figures.impossible_reads) + " reads brought what the origin never had for that key");
  judge_traffic(figures.traffic, problems);
  judge_burst(figures.burst, problems);
  judge_outage(figures.outage, problems);
  judge_restart(figures.restart, "restart", problems);
  judge_restart(figures.kill, "kill", problems);
  return problems.take();
}

}  // namespace strata::demo
