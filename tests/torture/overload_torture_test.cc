// R11: ten times as much is asked of a source as it can do. What waits stays within its bound, the
// source is kept busy and no busier, hits go on, and when it is over all is as before.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "strata/memory/memory_tier.h"
#include "strata/ports/executor.h"
#include "strata/ports/random.h"
#include "strata/sources/function_source.h"
#include "strata/tiered/cache.h"
#include "testkit/reliability.h"
#include "torture/budget.h"

namespace strata {
namespace {

using SteadyClock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr std::size_t kConcurrent = 8;
constexpr std::size_t kWaiting = 64;
constexpr auto kFetch = milliseconds(20);
constexpr double kFetchesPerSecond = kConcurrent / 0.020;
// So many callers that those who do not wait ask ten times what the source can do.
constexpr std::size_t kCallers = 200;
constexpr auto kPause = milliseconds(30);
constexpr std::uint64_t kHotKeys = 1'000;
constexpr double kPhases = 2;

double seconds_since(SteadyClock::time_point began) {
  return std::chrono::duration<double>(SteadyClock::now() - began).count();
}

class Overload {
 public:
  Overload() : cache_(make_cache()), hot_(cache_.keyspace<std::string>("hot")) {
    SourceOptions options;
    options.guard = {.max_concurrent = kConcurrent, .max_waiting = kWaiting};
    cache_.add_source(make_source(), options).value();
    for (std::uint64_t i = 0; i < kHotKeys; ++i) (void)hot_.put(i, std::to_string(i));
  }

  void run() {
    const torture::Budget quiet(kPhases);
    while (quiet.lasts()) hit(quiet_hit_us_);

    std::vector<std::thread> callers;
    for (std::size_t i = 0; i < kCallers; ++i) callers.emplace_back([this] { call(); });
    began_ = SteadyClock::now();
    const torture::Budget busy(kPhases);
    while (busy.lasts()) hit(busy_hit_us_);
    lasted_ = seconds_since(began_);
    answered_in_time_ = answered_;
    is_over_ = true;
    const SteadyClock::time_point over = SteadyClock::now();
    while (!cache_.read("slow", {{"id", next_id()}})) std::this_thread::sleep_for(milliseconds(1));
    recovery_ms_ = 1'000 * seconds_since(over);
    for (std::thread& caller : callers) caller.join();
  }

  void judge() {
    const SourceStats after = cache_.stats().sources.at(0);
    testkit::Reliability report("R11", "ten times as much is asked of a source as it can do");
    report.count("requests", asked_).count("answers", answered_).count("refusals", refused_);
    report.count("hits", busy_hit_us_.size());
    report.figure("offered_to_capacity", static_cast<double>(asked_) / lasted_ / kFetchesPerSecond);
    report.figure("goodput_to_capacity",
                  static_cast<double>(answered_in_time_) / lasted_ / kFetchesPerSecond);
    report.figure("recovery_ms", recovery_ms_);
    report.percentiles("quiet_hit_us", quiet_hit_us_);
    report.percentiles("busy_hit_us", busy_hit_us_);
    report.violations("fetches at a time beyond the bound", over(most_running_, kConcurrent));
    report.violations("callers that wait beyond the bound", over(most_waiting_, kWaiting));
    report.violations("hits that were none", lost_hits_);
    report.violations("wrong values", wrong_);
    report.violations("errors that name no limit", unexplained_);
    report.violations("fetches and callers left over", after.running + after.waiting);
    EXPECT_GT(refused_, 0U) << "there must have been more than it can do";
    EXPECT_GT(answered_, 0U);
  }

 private:
  static Cache make_cache() {
    CacheParts parts;
    parts.clock = system_clock();
    parts.hot = memory_tier({.max_entries = 4 * kHotKeys}, parts.clock, seeded_random(1));
    parts.executor = thread_pool({.threads = 2});
    return Cache(std::move(parts));
  }
  static std::uint64_t over(std::size_t most, std::size_t bound) {
    return most > bound ? most - bound : 0;
  }
  std::string next_id() { return std::to_string(++last_id_); }

  std::shared_ptr<Source> make_source() {
    return function_source(
               "slow", {{.name = "id"}},
               [this](const SourceRequest& request) -> Result<SourceReply> {
                 const std::size_t running = ++running_;
                 std::size_t most = most_running_;
                 while (running > most && !most_running_.compare_exchange_weak(most, running)) {
                 }
                 std::this_thread::sleep_for(kFetch);
                 --running_;
                 return SourceReply{.body = request.params.at(0).second};
               })
        .value();
  }

  // One hit of the one reader, who now and then looks how many wait.
  void hit(std::vector<double>& samples) {
    const std::uint64_t key = samples.size() % kHotKeys;
    const SteadyClock::time_point began = SteadyClock::now();
    const Lookup<std::string> found = hot_.get(key);
    samples.push_back(1e6 * seconds_since(began));
    if (!found.has_value()) {
      ++lost_hits_;
    } else if (*found != std::to_string(key)) {
      ++wrong_;
    }
    if (key == 0) most_waiting_ = std::max(most_waiting_, cache_.stats().sources.at(0).waiting);
    std::this_thread::sleep_for(std::chrono::microseconds(20));
  }

  // Asks for one cold key after the other.
  void call() {
    while (!is_over_) {
      const std::string id = next_id();
      ++asked_;
      const Lookup<std::string> found = cache_.read("slow", {{"id", id}});
      if (found.has_value()) {
        ++answered_;
        if (*found != id) ++wrong_;
      } else {
        ++refused_;
        if (found.error().message.find("max_waiting") == std::string::npos) ++unexplained_;
      }
      std::this_thread::sleep_for(kPause);
    }
  }

  Cache cache_;
  Keyspace<std::string> hot_;
  std::atomic<std::uint64_t> last_id_{0}, asked_{0}, answered_{0}, refused_{0}, wrong_{0};
  std::atomic<std::uint64_t> unexplained_{0};
  std::atomic<std::size_t> running_{0}, most_running_{0};
  std::atomic<bool> is_over_{false};
  std::size_t most_waiting_ = 0;
  std::uint64_t lost_hits_ = 0, answered_in_time_ = 0;
  std::vector<double> quiet_hit_us_, busy_hit_us_;
  SteadyClock::time_point began_;
  double lasted_ = 0, recovery_ms_ = 0;
};

TEST(OverloadTorture, ASourceThatIsAskedTooMuchIsKeptBusyAndNothingElseSuffers) {
  Overload overload;
  overload.run();
  overload.judge();
}

}  // namespace
}  // namespace strata
