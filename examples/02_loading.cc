// Loading: how long a value is fresh, what is served after that, and what happens when the
// source fails or has nothing.
//
// Prints:
//   the first read: rain (loaded)
//   within ttl: rain (hit)
//   within stale_for: rain (stale_hit), refreshed behind
//   after the refresh: sun (hit)
//   past stale_for, the source is down: sun (stale_hit): the station is down
//   past keep_for, the source is down: nothing (error): the station is down
//   nothing was cached of the error: fog (loaded)
//   a station that does not exist: nothing (loaded), known absent
//   within negative_ttl: nothing (negative_hit), known absent
//   the source was asked 6 times
#include <atomic>
#include <chrono>
#include <iostream>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>

#include "strata/strata.h"

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using strata::Lookup;
using strata::Outcome;

namespace {

// A clock that moves when told, so that nobody has to wait for a ttl.
class HandClock final : public strata::Clock {
 public:
  strata::Instant now() const override { return {strata::Duration(since_boot_ns_)}; }
  strata::WallTime wall_now() const override { return {since_boot_ns_ / 1'000'000}; }
  std::uint64_t boot_id() const override { return 1; }
  void advance(strata::Duration by) { since_boot_ns_ += by.count(); }

 private:
  std::atomic<std::int64_t> since_boot_ns_{0};
};

struct Station {
  std::string weather = "rain";
  bool down = false;
  std::atomic<int> asked{0};

  // nullopt: there is no such station. What it throws travels in the look-up's error.
  std::optional<std::string> ask(std::string_view name) {
    ++asked;
    if (down) throw std::runtime_error("the station is down");
    if (name != "here") return std::nullopt;
    return weather;
  }
};

void print(std::string_view when, const Lookup<std::string>& found) {
  std::cout << when << ": " << found.value_or("nothing") << " (" << to_string(found.outcome())
            << ')';
  if (found.absent()) std::cout << ", known absent";
  if (found.has_error()) {
    const std::string& message = found.error().message;
    std::cout << ": " << message.substr(message.rfind(": ") + 2);
  }
}

}  // namespace

int main() {
  auto clock = std::make_shared<HandClock>();
  strata::Cache cache = strata::CacheBuilder().clock(clock).build().value();
  auto weather = cache.keyspace<std::string>("weather", {.ttl = minutes(10),
                                                         .ttl_jitter = 0,
                                                         .stale_for = minutes(5),
                                                         .keep_for = hours(1),
                                                         .negative_ttl = seconds(30)});
  Station station;
  const auto read = [&](const std::string& name) {
    // A refresh runs the loader later, in another thread: what it needs is captured by value.
    return weather.get_or_load(name, [&station, name] { return station.ask(name); });
  };
  const auto show = [&](std::string_view when, const std::string& name = "here") {
    print(when, read(name));
    std::cout << '\n';
  };

  show("the first read");
  show("within ttl");

  station.weather = "sun";
  clock->advance(minutes(11));
  print("within stale_for", read("here"));
  std::cout << ", refreshed behind\n";
  while (weather.get("here").outcome() != Outcome::kHit) std::this_thread::yield();
  show("after the refresh");

  station.down = true;
  clock->advance(minutes(30));
  show("past stale_for, the source is down");
  clock->advance(hours(2));
  show("past keep_for, the source is down");

  station.down = false;
  station.weather = "fog";
  show("nothing was cached of the error");
  show("a station that does not exist", "nowhere");
  show("within negative_ttl", "nowhere");
  std::cout << "the source was asked " << station.asked << " times\n";
}
