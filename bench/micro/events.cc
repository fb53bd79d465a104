// Events: emission to handlers, and the rules that turn them into labels. Times are the thread's
// CPU time.
//
//   events [--smoke] [Google Benchmark's options]
//
// The calls are as many in every run; so is the checksum of what was called and invalidated.
#include <benchmark/benchmark.h>

#include <cstring>
#include <iostream>
#include <string>
#include <vector>

#include "strata/labels/event_bus.h"
#include "strata/labels/rules.h"
#include "strata/ports/clock.h"

namespace strata {
namespace {

constexpr std::size_t kTypes = 100;
constexpr std::size_t kRulesOfAType = 10;

benchmark::IterationCount g_calls = 1 << 20;
std::uint64_t g_checksum = 0;

Event issue_event(std::size_t type = 1) {
  return entity_write("type" + std::to_string(type), "12345",
                      {{"title", "a title"}, {"status", "done"}, {"project_id", "7"}},
                      {{"title", "a title"}, {"status", "open"}, {"project_id", "6"}});
}

void emit(benchmark::State& state) {
  EventBus bus({.clock = system_clock()});
  std::vector<Subscription> handlers;
  for (std::int64_t handler = 0; handler < state.range(0); ++handler) {
    handlers.push_back(bus.subscribe(EventKind::kEntityWrite,
                                     [](const Event& event) { g_checksum += event.items.size(); })
                           .value());
  }
  const Event event = issue_event();
  for (auto _ : state) g_checksum += bus.emit(event).ok() ? 1 : 0;
}

// As many emitters of events, each of its own kind of work, share one bus.
void emit_to_4_handlers_from_threads(benchmark::State& state) {
  static EventBus bus({.clock = system_clock()});
  static std::vector<Subscription> handlers;
  if (state.thread_index() == 0) {
    for (int handler = 0; handler < 4; ++handler) {
      handlers.push_back(bus.subscribe(EventKinds::all(),
                                       [](const Event& event) { benchmark::DoNotOptimize(&event); })
                             .value());
    }
  }
  const Event event = issue_event();
  for (auto _ : state) benchmark::DoNotOptimize(bus.emit(event).ok());
  if (state.thread_index() == 0) handlers.clear();
}

// A thousand rules, ten for each of a hundred types, half of them with a condition.
RuleSet rules() {
  RuleDefinitions definitions;
  for (std::size_t number = 0; number < kTypes * kRulesOfAType; ++number) {
    const std::size_t of_type = number / kTypes;
    definitions.rules.push_back(
        {.name = "rule-" + std::to_string(number),
         .on = {"write type" + std::to_string(number % kTypes)},
         .when = of_type % 2 == 0 ? "changed(status) and not exists(hidden)" : "",
         .invalidate = {"p" + std::to_string(of_type) + ":{project_id}"}});
  }
  return RuleSet::compile(definitions).value();
}

void evaluate_10_of_1000_rules(benchmark::State& state) {
  const RuleSet set = rules();
  const Event event = issue_event();
  for (auto _ : state) g_checksum += set.evaluate(event).invalidate.size();
}

void evaluate_an_event_without_rules(benchmark::State& state) {
  const RuleSet set = rules();
  const Event event = issue_event(kTypes);
  for (auto _ : state) g_checksum += set.evaluate(event).invalidate.size() + 1;
}

void evaluate_a_rule_for_1000_items(benchmark::State& state) {
  const RuleSet set =
      RuleSet::compile({.rules = {{.name = "r",
                                   .on = {"write type1"},
                                   .invalidate = {"issue:{id}", "project:{project_id}:lists"}}}})
          .value();
  Event event = issue_event();
  event.kind = EventKind::kEntityBulkWrite;
  event.items.resize(1'000, event.items[0]);
  for (std::size_t item = 0; item < event.items.size(); ++item) {
    event.items[item].id = std::to_string(item);
  }
  for (auto _ : state) g_checksum += set.evaluate(event).invalidate.size();
  state.SetItemsProcessed(state.iterations() * 1'000);
}

void register_all() {
  const auto add = [](const char* name, auto* function, benchmark::IterationCount iterations) {
    return benchmark::RegisterBenchmark(name, function)->Iterations(iterations);
  };
  add("emit", emit, g_calls)->ArgName("handlers")->Arg(0)->Arg(1)->Arg(4);
  add("emit_to_4_handlers_from_threads", emit_to_4_handlers_from_threads, g_calls)->Threads(2);
  add("evaluate_10_of_1000_rules", evaluate_10_of_1000_rules, g_calls);
  add("evaluate_an_event_without_rules", evaluate_an_event_without_rules, g_calls);
  add("evaluate_a_rule_for_1000_items", evaluate_a_rule_for_1000_items, g_calls / 1'000);
}

}  // namespace
}  // namespace strata

int main(int argc, char** argv) {
  std::vector<char*> arguments(argv, argv + argc);
  const auto is_smoke = [](const char* text) { return std::strcmp(text, "--smoke") == 0; };
  if (std::erase_if(arguments, is_smoke) > 0) strata::g_calls = 1 << 12;
  strata::register_all();
  int count = static_cast<int>(arguments.size());
  benchmark::Initialize(&count, arguments.data());
  benchmark::RunSpecifiedBenchmarks();
  std::cout << "checksum " << std::hex << strata::g_checksum << "\n";
  return 0;
}
