// A process with a cache in one of the places where a cache may be, which ends in one of the ways
// in which a process may end. process_life_test.cc starts it.
//
// Usage: life_child HOW FOLDER [MUTANT]
// It prints what a test is to know, and each line at once.
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <functional>
#include <iostream>
#include <map>
#include <stdexcept>
#include <string>
#include <thread>

#include "core/mutant.h"
#include "strata/strata.h"
#include "testkit/wait_until.h"

namespace {

using strata::Cache;
using strata::CacheBuilder;
using strata::Load;

using strata::testkit::wait_until;

std::string folder;

void say(const std::string& line) { std::cout << line << '\n' << std::flush; }

Cache make_cache(const std::string& name = "cache.db") {
  return CacheBuilder()
      .memory({.max_bytes = 4u << 20})
      .sqlite({.path = folder + "/" + name})
      .build()
      .value();
}

// A second library of the program, with a cache of its own that uses the first one's.
Cache& shared_cache() {
  static Cache cache = make_cache();
  return cache;
}

struct SecondLibrary {
  Cache cache = make_cache("second.db");
  ~SecondLibrary() {
    // The first library's cache was made before, and is destroyed after this one.
    const bool found = shared_cache().keyspace<std::string>("user").get("1").has_value();
    say(found ? "the first library still answers" : "the first library is silent");
  }
};

void put_one(Cache& cache) {
  say(cache.keyspace<std::string>("user").put("1", "ada").ok() ? "put" : "not put");
}

int static_caches() {
  put_one(shared_cache());
  static SecondLibrary second;
  put_one(second.cache);
  return 0;
}

void put_into_a_cache_of_this_thread(const std::string& name) {
  static thread_local Cache cache = make_cache(name);
  put_one(cache);
}

int thread_local_caches() {
  put_into_a_cache_of_this_thread("cache.db");
  std::thread([] { put_into_a_cache_of_this_thread("second.db"); }).join();
  return 0;
}

// Begins a load on the executor, which has begun when this returns.
void load_behind(Cache& cache, const std::string& id, std::function<void()> body) {
  static std::atomic<int> running{0};
  const int before = running;
  cache.keyspace<std::string>("user").get_or_load_async(
      id, [body = std::move(body)](Load&) -> std::string {
        ++running;
        body();
        return "loaded";
      });
  wait_until([&] { return running > before; });
}

// exit() in one thread while another one loads for a moment.
int exit_during_a_load() {
  put_one(shared_cache());
  static std::atomic<bool> is_exiting{false};
  load_behind(shared_cache(), "2", [] {
    wait_until([] { return is_exiting.load(); });
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    say("the load ends");
  });
  is_exiting = true;
  std::exit(0);
}

// exit() by the loader itself, in a thread of the cache's executor.
int exit_in_a_load() {
  put_one(shared_cache());
  load_behind(shared_cache(), "2", [] { std::exit(0); });
  wait_until([] { return false; });
  return 1;
}

// exit() by a loader in the thread that asked.
int exit_in_a_call() {
  put_one(shared_cache());
  (void)shared_cache().keyspace<std::string>("user").get_or_load(
      "2", [](Load&) -> std::string { std::exit(0); });
  return 1;
}

// A load that never returns: close() has a deadline, and then nobody waits for it.
int exit_with_a_load_that_hangs() {
  put_one(shared_cache());
  (void)shared_cache().flush();  // or the deadline may come first
  load_behind(shared_cache(), "2", [] { wait_until([] { return false; }); });
  const auto clock = strata::system_clock();
  const strata::Instant began = clock->now();
  shared_cache().close({strata::saturating_add(began, std::chrono::milliseconds(200))});
  const auto took = strata::between(began, clock->now());
  say(took < std::chrono::seconds(5) ? "closed in time" : "closed too late");
  return 0;
}

// As programs are meant to end: the handler only notes the signal, and the main thread closes.
volatile sig_atomic_t asked_to_end = 0;

int end_by_signal() {
  ::signal(SIGTERM, [](int) { asked_to_end = 1; });
  Cache cache = make_cache();
  auto users = cache.keyspace<std::string>("user");
  std::atomic<bool> is_over{false};
  std::atomic<int> acknowledged{0};
  std::thread writer([&] {
    for (int id = 0; !is_over; ++id) {
      if (users.put(std::to_string(id), "v" + std::to_string(id)).ok()) acknowledged = id + 1;
      if (id == 100) say("working");
    }
  });
  wait_until([] { return asked_to_end != 0; });
  is_over = true;
  writer.join();
  const auto clock = strata::system_clock();
  cache.close({strata::saturating_add(clock->now(), std::chrono::seconds(10))});
  say("acknowledged " + std::to_string(acknowledged));
  return 0;
}

int crash(void (*end)(int)) {
  put_one(shared_cache());
  shared_cache().flush().value();
  load_behind(shared_cache(), "2", [] { wait_until([] { return false; }); });
  end(0);
  return 1;
}

const std::map<std::string, int (*)()> kWays = {
    {"static", static_caches},
    {"thread_local", thread_local_caches},
    {"exit_during_a_load", exit_during_a_load},
    {"exit_in_a_load", exit_in_a_load},
    {"exit_in_a_call", exit_in_a_call},
    {"exit_with_a_load_that_hangs", exit_with_a_load_that_hangs},
    {"end_by_signal", end_by_signal},
    {"_exit", [] { return crash(::_exit); }},
    {"quick_exit", [] { return crash(std::quick_exit); }},
};

}  // namespace

int main(int count, char** arguments) {
  const auto way = count == 3 || count == 4 ? kWays.find(arguments[1]) : kWays.end();
  const auto mutant =
      count == 4 ? strata::testing::find_mutant(arguments[3]) : strata::testing::Mutant::kNone;
  if (way == kWays.end() || !mutant) {
    std::cerr << "usage: life_child HOW FOLDER [MUTANT]\n";
    return 2;
  }
  strata::testing::set_mutant(*mutant);
  folder = arguments[2];
  return way->second();
}
