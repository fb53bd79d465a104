// Testing: an application's code under a clock that moves when told, with a source and a tier that
// fail when told. docs/testing-your-code.md explains it.
//
// Prints:
//   the first price: 100 (loaded)
//   a minute later: 100 (hit)
//   past the ttl: 120 (refreshed)
//   the shop is down: 120 (stale_hit): the shop is closed
//   past keep_for: no price (error): the shop is closed
//   the shop is back: 130 (loaded)
//   without memory, from the tier below: 130 from records
//   the tier fails: 140 (loaded), records is degraded: the disk is on fire
//   the tier is well: ok
//   no call that fails made a price wrong: 8 calls tried
#include <chrono>
#include <functional>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "strata/strata.h"
#include "strata/testing/fault_plan.h"
#include "strata/testing/manual_clock.h"
#include "strata/testing/manual_executor.h"
#include "strata/testing/manual_timer.h"
#include "strata/testing/record_tier.h"
#include "strata/testing/with_faults.h"

using std::chrono::hours;
using std::chrono::minutes;
using strata::ErrorCode;
using strata::FaultPlan;
using strata::Lookup;
using strata::Result;

namespace {

// The code that is tested: prices of a shop, each fresh for ten minutes, and kept for an hour in
// case the shop does not answer.
class Prices {
 public:
  // What the shop says of a product.
  using Ask = std::function<Result<std::string>(const std::string& product)>;

  Prices(strata::Cache& cache, Ask ask)
      : prices_(cache.keyspace<std::string>(
            "price", {.ttl = minutes(10), .ttl_jitter = 0, .keep_for = hours(1)})),
        ask_(std::move(ask)) {}

  Lookup<std::string> of(const std::string& product) {
    return prices_.get_or_load(product, [this, product](strata::Load& load) {
      load.tag("shop");
      return ask_(product);
    });
  }

 private:
  strata::Keyspace<std::string> prices_;
  const Ask ask_;
};

// Its surroundings: nothing happens by itself, and every port asks the plan before each call.
struct Surroundings {
  explicit Surroundings(std::shared_ptr<FaultPlan> faults = {}) {
    plan = faults ? std::move(faults) : std::make_shared<FaultPlan>(1, clock);
    auto records = std::make_unique<strata::RecordTier>("records", clock);
    cache.emplace(strata::CacheBuilder()
                      .clock(clock)
                      .executor(executor)
                      .timer(timer)
                      .random(strata::seeded_random(1))
                      .tier(strata::with_faults(std::move(records), plan))
                      .build()
                      .value());
  }

  // A shop that fails when the plan says so.
  Result<std::string> ask(const std::string&) {
    if (auto error = plan->fail("shop.ask")) return *error;
    return std::to_string(price);
  }
  void forget_memory() {
    cache->hot_tier().resize(0, 0);
    cache->hot_tier().resize(0, 64u << 20);
  }

  std::shared_ptr<strata::ManualClock> clock = std::make_shared<strata::ManualClock>();
  std::shared_ptr<strata::ManualExecutor> executor = std::make_shared<strata::ManualExecutor>();
  std::shared_ptr<strata::ManualTimer> timer = std::make_shared<strata::ManualTimer>(clock);
  std::shared_ptr<FaultPlan> plan;
  std::optional<strata::Cache> cache;
  int price = 100;
};

void print(std::string_view when, const Lookup<std::string>& found) {
  std::cout << when << ": " << found.value_or("no price") << " (" << to_string(found.outcome())
            << ')';
  if (found.has_error()) std::cout << ": " << found.error().message;
}

// Whatever call fails, to the shop or to the tier: a price that was called wrong is not answered.
bool is_never_wrong(const std::shared_ptr<FaultPlan>& plan) {
  Surroundings around(plan);
  Prices prices(*around.cache, [&](const std::string& product) { return around.ask(product); });
  (void)prices.of("tea");
  around.price = 200;
  (void)around.cache->invalidate(strata::tag("shop"));
  around.forget_memory();
  return prices.of("tea").value_or("200") == "200" && prices.of("tea").value_or("200") == "200";
}

}  // namespace

int main() {
  Surroundings around;
  Prices prices(*around.cache, [&](const std::string& product) { return around.ask(product); });
  const auto show = [&](std::string_view when) {
    print(when, prices.of("tea"));
    std::cout << '\n';
  };

  show("the first price");
  around.timer->advance(minutes(1));
  show("a minute later");
  around.price = 120;
  around.timer->advance(minutes(10));
  show("past the ttl");

  around.plan->add({.call = "shop", .error = {ErrorCode::kLoadFailed, "the shop is closed", {}}})
      .value();
  around.timer->advance(minutes(11));
  show("the shop is down");
  around.timer->advance(hours(2));
  show("past keep_for");
  around.plan->clear();
  around.price = 130;
  show("the shop is back");

  around.forget_memory();
  const auto below = prices.of("tea");
  std::cout << "without memory, from the tier below: " << *below << " from " << below.tier()
            << '\n';

  around.plan
      ->add({.call = "records", .error = {ErrorCode::kUnavailable, "the disk is on fire", {}}})
      .value();
  around.forget_memory();
  around.price = 140;
  print("the tier fails", prices.of("tea"));
  const strata::TierStats tier = around.cache->stats().tiers.at(1).tier;
  std::cout << ", " << tier.name << " is " << to_string(tier.state) << ": " << tier.reason << '\n';
  around.plan->clear();
  around.forget_memory();
  (void)prices.of("tea");
  std::cout << "the tier is well: " << to_string(around.cache->stats().tiers.at(1).tier.state)
            << '\n';

  bool is_right = true;
  const auto tried = strata::fail_each_call(
      {.times = 1}, [&](const auto& plan) { is_right = is_never_wrong(plan) && is_right; });
  std::cout << (is_right ? "no call that fails made a price wrong: " : "a price was wrong: ")
            << tried.value() << " calls tried\n";
}
