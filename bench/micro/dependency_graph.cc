// The dependency graph alone: building one of four levels, closing labels over it, and what an
// empty one costs. Times are the thread's CPU time.
//
//   dependency_graph [--smoke] [Google Benchmark's options]
//
// The graph is a source, on which 10 labels depend, on each of which 100 depend, on each of which
// 100 depend. The calls are as many in every run; so is the checksum.
#include <benchmark/benchmark.h>

#include <cstring>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "strata/labels/dependency_graph.h"

namespace strata {
namespace {

constexpr std::size_t kRegions = 10;

std::size_t g_pages = 100'000;
std::size_t g_calls = 1 << 20;
std::uint64_t g_checksum = 0;

std::size_t users() { return g_pages / 100; }

Label region(std::size_t number) { return tag("region:" + std::to_string(number)); }
Label user(std::size_t number) { return tag("user:" + std::to_string(number)); }
Label page(std::size_t number) {
  return Label(LabelKind::kKey, "1:page::" + std::to_string(number) + ":");
}

std::unique_ptr<DependencyGraph> empty_graph() {
  return std::make_unique<DependencyGraph>(
      [](std::span<const Label> labels) { g_checksum += labels.size(); });
}

void add(DependencyGraph& graph, const Label& derived, const Label& source) {
  g_checksum += graph.add(derived, {&source, 1}).value() ? 1 : 0;
}

std::unique_ptr<DependencyGraph> full_graph() {
  std::unique_ptr<DependencyGraph> graph = empty_graph();
  for (std::size_t i = 0; i < kRegions; ++i) add(*graph, region(i), source("census"));
  for (std::size_t i = 0; i < users(); ++i) add(*graph, user(i), region(i % kRegions));
  for (std::size_t i = 0; i < g_pages; ++i) add(*graph, page(i), user(i % users()));
  return graph;
}

DependencyGraph& shared_graph() {
  static const std::unique_ptr<DependencyGraph> kGraph = full_graph();
  return *kGraph;
}

void build(benchmark::State& state) {
  std::size_t edges = 0;
  for (auto _ : state) {
    const std::unique_ptr<DependencyGraph> graph = full_graph();
    state.PauseTiming();
    edges += graph->stats().edges;
    state.counters["bytes_per_edge"] =
        static_cast<double>(graph->footprint_bytes()) / static_cast<double>(graph->stats().edges);
    state.ResumeTiming();
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(edges));
}

// The closure of a page: its user, its region and the source.
void close_over_three_levels(benchmark::State& state) {
  DependencyGraph& graph = shared_graph();
  std::vector<LabelId> pages;
  for (std::size_t i = 0; i < g_pages; ++i) pages.push_back(page(i * 7919 % g_pages).id());
  std::size_t next = 0;
  Labels labels;
  for (auto _ : state) {
    labels.clear();
    const LabelId own = pages[next++ % pages.size()];
    g_checksum += static_cast<std::uint64_t>(graph.close(labels, {&own, 1})) + labels.size();
  }
}

void close_what_depends_on_nothing(benchmark::State& state) {
  DependencyGraph& graph = shared_graph();
  Labels labels{tag("org:7")};
  for (auto _ : state) {
    g_checksum += static_cast<std::uint64_t>(graph.close(labels)) + labels.size();
  }
}

void close_over_an_empty_graph(benchmark::State& state) {
  const std::unique_ptr<DependencyGraph> graph = empty_graph();
  Labels labels{tag("org:7")};
  for (auto _ : state) {
    g_checksum += static_cast<std::uint64_t>(graph->close(labels)) + labels.size();
  }
}

void widen_without_a_wide_label(benchmark::State& state) {
  DependencyGraph& graph = shared_graph();
  const Label label = source("census");
  Labels more;
  for (auto _ : state) g_checksum += graph.widen({&label, 1}, more) ? 1 : 0;
}

void repeat_an_edge(benchmark::State& state) {
  DependencyGraph& graph = shared_graph();
  const Label derived = page(1);
  const Label from = user(1);
  for (auto _ : state) add(graph, derived, from);
}

void remove_and_add_an_edge(benchmark::State& state) {
  DependencyGraph& graph = shared_graph();
  const Label derived = page(1);
  const Label from = user(1);
  for (auto _ : state) {
    g_checksum += graph.remove(derived);
    add(graph, derived, from);
  }
}

void register_all() {
  const auto calls = static_cast<benchmark::IterationCount>(g_calls);
  const auto register_one = [](const char* name, auto* function,
                               benchmark::IterationCount iterations) {
    return benchmark::RegisterBenchmark(name, function)->Iterations(iterations);
  };
  register_one("build", build, 3)->Unit(benchmark::kMillisecond);
  register_one("close_over_three_levels", close_over_three_levels, calls);
  register_one("close_what_depends_on_nothing", close_what_depends_on_nothing, calls);
  register_one("close_over_an_empty_graph", close_over_an_empty_graph, calls);
  register_one("widen_without_a_wide_label", widen_without_a_wide_label, calls);
  register_one("repeat_an_edge", repeat_an_edge, calls);
  register_one("remove_and_add_an_edge", remove_and_add_an_edge, calls);
}

}  // namespace
}  // namespace strata

int main(int argc, char** argv) {
  std::vector<char*> arguments(argv, argv + argc);
  const auto is_smoke = [](const char* text) { return std::strcmp(text, "--smoke") == 0; };
  if (std::erase_if(arguments, is_smoke) > 0) {
    strata::g_pages = 2'000;
    strata::g_calls = 1 << 12;
  }
  strata::register_all();
  int count = static_cast<int>(arguments.size());
  benchmark::Initialize(&count, arguments.data());
  benchmark::RunSpecifiedBenchmarks();
  std::cout << "checksum " << std::hex << strata::g_checksum << "\n";
  return 0;
}
