// A program that has nothing but the installed package: a cache with a file, and a source that
// needs libcurl to link.
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>

#include "strata/codecs/json.h"
#include "strata/http_source/http_source.h"
#include "strata/strata.h"
#include "strata/testing/manual_clock.h"
#include "strata/testing/record_tier.h"
#include "strata/testing/with_faults.h"

namespace {

bool cache_works(const std::string& file) {
  strata::Result<strata::Cache> cache =
      strata::CacheBuilder().memory({.max_bytes = 1 << 20}).sqlite({.path = file}).build();
  if (!cache) {
    std::printf("%s\n", cache.error().message.c_str());
    return false;
  }
  auto users = cache->keyspace<strata::Json>("user");
  int loads = 0;
  const auto load = [&](strata::Load& handle) {
    ++loads;
    handle.tag("org:7");
    return strata::Json::parse(R"({"name": "Ada"})");
  };
  const bool loaded = users.get_or_load("42", load).has_value() && users.get("42").has_value();
  const bool invalidated = cache->invalidate(strata::tag("org:7")).ok() && !users.get("42");
  return loaded && invalidated && loads == 1;
}

bool source_works() {
  const auto source = strata::http_source(
      {.name = "origin", .url_template = "http://127.0.0.1:1/{id}"}, strata::system_clock());
  return source.ok() && (*source)->parameters().size() == 1;
}

// A test of the program's own: time that moves when told, and a tier that fails.
bool testing_works() {
  const auto clock = std::make_shared<strata::ManualClock>();
  const auto plan = std::make_shared<strata::FaultPlan>(1, clock);
  auto tier = strata::with_faults(std::make_unique<strata::RecordTier>("records", clock), plan);
  strata::Cache cache = strata::CacheBuilder().clock(clock).tier(std::move(tier)).build().value();
  auto users = cache.keyspace<std::string>("user", {.ttl = std::chrono::minutes(1)});
  const bool failed = plan->add({.call = "records"}).ok() && !users.put("42", "Ada").complete() &&
                      plan->faults("records.put") == 1;
  plan->clear();
  const bool stored = users.put("42", "Ada").ok() && users.get("42").has_value();
  clock->advance(std::chrono::minutes(2));
  return failed && stored && !users.get("42");
}

}  // namespace

int main() {
  const auto folder = std::filesystem::temp_directory_path() /
                      ("strata-consumer-" + std::to_string(std::hash<std::string>()(__TIME__)));
  std::filesystem::create_directories(folder);
  const bool works =
      cache_works((folder / "cache.db").string()) && source_works() && testing_works();
  std::filesystem::remove_all(folder);
  std::puts(works ? "the installed package works" : "the installed package does not work");
  return works ? 0 : 1;
}
