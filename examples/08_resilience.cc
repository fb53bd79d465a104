// Resilience: a tier or a source that fails is left alone for a while, and tried again by single
// calls. The failures here are made by a plan; what the cache does about them is what it always
// does.
//
// Prints:
//   the tier fails: 20 of 20 reads answered, the tier was asked 2 times
//   records: degraded
//   while it is passed over: v1 is invalidated
//   it is well again: ok
//   what was made wrong meanwhile is not there: yes
//   the source fails: asked 3 times for 10 reads
//   source users: open
//   kept: Ada
#include <chrono>
#include <iostream>
#include <memory>
#include <string>
#include <utility>

#include "strata/sources/function_source.h"
#include "strata/strata.h"
#include "strata/testing/manual_clock.h"
#include "strata/testing/manual_executor.h"
#include "strata/testing/record_tier.h"
#include "strata/testing/with_faults.h"

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

namespace {

const auto test_clock = std::make_shared<strata::ManualClock>();
const auto test_executor = std::make_shared<strata::ManualExecutor>();
const auto plan = std::make_shared<strata::FaultPlan>(1, test_clock);

// A tier whose calls fail when the plan says so. `sqlite()` takes the same options.
strata::Cache open_cache() {
  return strata::CacheBuilder()
      .tier(strata::with_faults(std::make_unique<strata::RecordTier>("records", test_clock), plan),
            {.breaker = {.failures = 2, .open_for = seconds(5)}, .timeout = milliseconds(100)})
      .clock(test_clock)
      .executor(test_executor)
      .build()
      .value();
}

void show_a_tier(strata::Cache& cache) {
  auto cities = cache.keyspace<std::string>("city");
  (void)cities.put("rome", "v1", {.labels = {strata::tag("italy")}});
  cache.hot_tier().resize(0, 0);  // as if memory had no room: the tier below has to answer

  plan->add({.call = "records.get"}).value();
  int answered = 0;
  for (int i = 0; i < 20; ++i) {
    answered += cities.get_or_load("paris", [] { return std::string("loaded"); }) ? 1 : 0;
  }
  std::cout << "the tier fails: " << answered << " of 20 reads answered, the tier was asked "
            << plan->calls("records.get") << " times\n";
  const auto degraded = cache.stats().tiers.at(1).tier;
  std::cout << degraded.name << ": " << to_string(degraded.state) << '\n';

  cache.invalidate(strata::tag("italy"));
  std::cout << "while it is passed over: v1 is invalidated\n";

  plan->clear();
  test_clock->advance(seconds(5));
  (void)cities.get("paris");  // posts the one read that tries the tier
  test_executor->run_all();
  std::cout << "it is well again: " << to_string(cache.stats().tiers.at(1).tier.state) << '\n';
  std::cout << "what was made wrong meanwhile is not there: " << (cities.get("rome") ? "no" : "yes")
            << '\n';
  cache.hot_tier().resize(0, 1 << 20);
}

void show_a_source(strata::Cache& cache) {
  auto users = strata::function_source("users", {{.name = "id"}}, [](const strata::SourceRequest&) {
                 strata::SourceReply reply;
                 reply.body = "Ada";
                 return reply;
               }).value();
  strata::SourceOptions options;
  options.keyspace = {.ttl = minutes(1), .keep_for = hours(1)};
  options.guard = {.breaker = {.failures = 3}, .max_concurrent = 8, .max_waiting = 100};
  cache.add_source(strata::with_faults(std::move(users), plan), options).value();

  (void)cache.read("users", {{"id", "1"}});
  test_clock->advance(minutes(2));
  plan->add({.call = "users.fetch"}).value();
  const auto before = plan->calls("users.fetch");
  for (int i = 0; i < 10; ++i) (void)cache.read("users", {{"id", "2"}});
  std::cout << "the source fails: asked " << plan->calls("users.fetch") - before
            << " times for 10 reads\n";
  std::cout << "source users: " << to_string(cache.stats().sources.at(0).breaker.state) << '\n';
  std::cout << "kept: " << *cache.read("users", {{"id", "1"}}) << '\n';
}

}  // namespace

int main() {
  strata::Cache cache = open_cache();
  show_a_tier(cache);
  show_a_source(cache);
}
