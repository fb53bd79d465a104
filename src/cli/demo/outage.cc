// The HTTP origin fails for a while.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <span>

#include "cli/demo/parallel.h"
#include "cli/demo/phases.h"
#include "cli/workload/interrupt.h"
#include "cli/workload/pause.h"

namespace strata::demo {
namespace {

constexpr Duration kWaitForRecovery = std::chrono::seconds(5);

// The origin answers 503 while one exists.
class Failing {
 public:
  explicit Failing(HttpServer& server) : server_(server) { server_.set_failing(true); }
  ~Failing() { server_.set_failing(false); }
  Failing(const Failing&) = delete;
  Failing& operator=(const Failing&) = delete;

 private:
  HttpServer& server_;
};

void read_while_failing(Origins& origins, Front& front, std::span<const ObjectId> known,
                        std::span<const ObjectId> changed, std::span<const ObjectId> unknown,
                        workload::Progress& progress, OutageFigures& figures) {
  const std::uint64_t failures = origins.server().failures();
  std::atomic<std::uint64_t> past_ttl{0};
  std::atomic<std::uint64_t> failed{0};
  for (unsigned round = 0; round < kOutageRounds; ++round) {
    for_each_object(known, [&](ObjectId object) {
      const Answer answer = front.read_live(object);
      if (answer.by == AnsweredBy::kNobody) ++failed;
      if (answer.past_ttl) ++past_ttl;
      progress.advance();
    });
    figures.reads += known.size();
  }
  figures.served_past_ttl = past_ttl;
  figures.failed = failed;
  for (const ObjectId object : changed) {
    if (front.read_live(object).by != AnsweredBy::kNobody) ++figures.changed_served;
  }
  for (const ObjectId object : unknown) {
    if (front.read_live(object).by == AnsweredBy::kNobody) ++figures.unknown_failed;
  }
  figures.origin_failures = origins.server().failures() - failures;
}

// Reads until every value is fresh again; a value is asked for again after its retry_after.
void recover(Origins& origins, Front& front, std::span<const ObjectId> objects, const Clock& clock,
             OutageFigures& figures) {
  const Instant began = clock.now();
  const std::uint64_t unchanged = origins.server().not_modified();
  std::atomic<std::uint64_t> not_fresh{0};
  do {
    not_fresh = 0;
    for_each_object(objects, [&](ObjectId object) {
      const Answer answer = front.read_live(object);
      if (answer.by == AnsweredBy::kNobody || answer.past_ttl) ++not_fresh;
    });
    figures.recovery = between(began, clock.now());
    figures.recovered = not_fresh == 0;
    if (!figures.recovered) workload::pause(kLiveRetryAfter / 10, clock);
  } while (!figures.recovered && figures.recovery < kWaitForRecovery &&
           !workload::Interrupt::seen());
  figures.confirmed_unchanged = origins.server().not_modified() - unchanged;
}

}  // namespace

Result<OutageFigures> run_outage(Origins& origins, Front& front, const Choice& choice,
                                 const Clock& clock, workload::Progress& progress) {
  const auto packages = choice.packages();
  const std::size_t keys = std::min(kOutageKeys, packages.size() / 2);
  const std::size_t odd = std::min(kOutageOddKeys, keys);
  const auto changed = packages.first(odd);
  const auto known = packages.subspan(odd, keys - odd);
  const auto unknown = packages.last(odd);
  OutageFigures figures{.keys = known.size(), .changed = odd, .unknown = odd};
  progress.begin("outage", known.size() * (1 + kOutageRounds));

  for_each_object(packages.first(keys), [&](ObjectId object) {
    (void)front.read_live(object);
    progress.advance();
  });
  workload::pause(kLiveTtl + std::chrono::milliseconds(50), clock);
  {
    const Failing failing(origins.server());
    const Instant began = clock.now();
    for (const ObjectId object : changed) {
      Result<void> done = origins.change(object);
      if (done) done = front.invalidate_key(object);
      if (!done) return done.error();
    }
    read_while_failing(origins, front, known, changed, unknown, progress, figures);
    figures.took = between(began, clock.now());
  }
  recover(origins, front, packages.first(keys), clock, figures);
  return figures;
}

}  // namespace strata::demo
