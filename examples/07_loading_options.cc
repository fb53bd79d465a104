// Options of loading: a value in place of one that cannot be had, a ttl that depends on the value,
// a pause after failures, refreshes before a ttl ends, and a cache for a share of the keys.
// docs/loading.md explains them.
//
// Prints:
//   the office is down: weather unknown (error)
//   50 ms later, without asking it again: weather unknown (error)
//   100 ms later: storm (loaded), fresh for 1m
//   the next day: sun (loaded), fresh for 1h
//   50 minutes later: sun (hit), while it is loaded anew
//   after the refresh: fog (hit)
//   40 minutes after that, though the first hour is over: fog (hit)
//   switched off: rain (loaded), not cached
//   of 1000 offices about a quarter is cached: yes
//   switched on again: fog (hit), since nothing made it wrong
#include <chrono>
#include <iostream>
#include <memory>
#include <string>
#include <string_view>

#include "strata/core/duration.h"
#include "strata/strata.h"
#include "strata/testing/manual_clock.h"
#include "strata/testing/manual_executor.h"

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using strata::Enabled;
using strata::Load;
using strata::Lookup;
using strata::Result;

namespace {

struct Office {
  std::string weather;
  bool down = false;

  Result<std::string> ask() const {
    if (down) return strata::Error{strata::ErrorCode::kUnavailable, "the office is down", {}};
    return weather;
  }
};

using Weather = strata::Keyspace<std::string>;

Lookup<std::string> read(Weather& weather, const Office& office, const std::string& town) {
  // A refresh runs the loader later: what it refers to lives as long as the cache.
  return weather.get_or_load(town, [&office](Load& load) {
    Result<std::string> now = office.ask();
    // What changes soon is asked for again soon.
    if (now && *now == "storm") load.ttl(minutes(1));
    return now;
  });
}

void print(std::string_view when, const Lookup<std::string>& found, std::string_view more = "") {
  // A value for the caller in place of one that cannot be had. It is not stored.
  const std::string shown = found.value_or("weather unknown");
  std::cout << when << ": " << shown << " (" << to_string(found.outcome()) << ')' << more << '\n';
}

std::string ttl_of(const Lookup<std::string>& found, const strata::Clock& clock) {
  return ", fresh for " +
         strata::format_duration(between(clock.now(), found.entry()->fresh_until()));
}

}  // namespace

int main() {
  auto clock = std::make_shared<strata::ManualClock>();
  auto executor = std::make_shared<strata::ManualExecutor>();
  Office office;
  strata::Cache cache = strata::CacheBuilder().clock(clock).executor(executor).build().value();
  auto weather = cache.keyspace<std::string>("weather", {.ttl = hours(1),
                                                         .ttl_jitter = 0,
                                                         .error_backoff = milliseconds(100),
                                                         .refresh_ahead = 0.75});
  office.down = true;
  print("the office is down", read(weather, office, "here"));
  office = {.weather = "storm"};
  clock->advance(milliseconds(50));
  print("50 ms later, without asking it again", read(weather, office, "here"));
  clock->advance(milliseconds(100));
  const auto storm = read(weather, office, "here");
  print("100 ms later", storm, ttl_of(storm, *clock));
  office.weather = "sun";
  clock->advance(hours(24));
  const auto sun = read(weather, office, "here");
  print("the next day", sun, ttl_of(sun, *clock));

  office.weather = "fog";
  clock->advance(minutes(50));
  print("50 minutes later", read(weather, office, "here"), ", while it is loaded anew");
  executor->run_all();  // threads do it in a program
  print("after the refresh", read(weather, office, "here"));
  clock->advance(minutes(40));
  print("40 minutes after that, though the first hour is over", read(weather, office, "here"));

  // One switch per keyspace, at run time.
  weather.set_enabled(false).value();
  office.weather = "rain";
  const auto off = read(weather, office, "here");
  print("switched off", off, off.disabled() ? ", not cached" : "");

  weather.set_enabled(Enabled::percent(25)).value();
  int cached = 0;
  for (int town = 0; town < 1000; ++town) {
    cached += read(weather, office, std::to_string(town)).disabled() ? 0 : 1;
  }
  std::cout << "of 1000 offices about a quarter is cached: "
            << (cached > 200 && cached < 300 ? "yes" : "no") << '\n';

  weather.set_enabled(true).value();
  print("switched on again", read(weather, office, "here"), ", since nothing made it wrong");
}
