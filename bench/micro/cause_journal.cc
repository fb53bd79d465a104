// The journal of causes alone: what a removal and a cause cost, by one thread and by two, and
// what it costs to ask. Times of one thread are its CPU time.
//
//   cause_journal [--smoke] [Google Benchmark's options]
//
// The calls are as many in every run; so is the checksum of what one thread did.
#include <benchmark/benchmark.h>

#include <array>
#include <cstring>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "strata/core/key.h"
#include "strata/labels/cause_journal.h"

namespace strata {
namespace {

constexpr std::size_t kBatch = 512;
constexpr std::size_t kKeys = 1 << 18;
constexpr WallTime kNow{1'700'000'000'000};

std::size_t g_calls = 1 << 21;
std::uint64_t g_checksum = 0;

const std::vector<LabelId>& keys() {
  static const std::vector<LabelId> kIds = [] {
    std::vector<LabelId> ids;
    for (std::size_t i = 0; i < kKeys; ++i) {
      ids.push_back(key_label_id(key_hash("1:user::" + std::to_string(i) + ":")));
    }
    return ids;
  }();
  return kIds;
}

Removal evicted(LabelId key) { return {.key = key, .why = RemovalCause::kEvicted, .at = kNow}; }

void record(benchmark::State& state) {
  static CauseJournal journal;
  const std::vector<LabelId>& ids = keys();
  std::size_t next = static_cast<std::size_t>(state.thread_index()) * 1'000;
  for (auto _ : state) journal.record(evicted(ids[next++ % kKeys]));
  if (state.threads() == 1) g_checksum += journal.stats().removals_recorded;
}

void record_many(benchmark::State& state) {
  CauseJournal journal;
  const std::vector<LabelId>& ids = keys();
  std::array<Removal, kBatch> batch;
  std::size_t next = 0;
  for (auto _ : state) {
    for (Removal& removal : batch) removal = evicted(ids[next++ % kKeys]);
    journal.record_many(batch);
  }
  g_checksum += journal.stats().removals_recorded;
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(kBatch));
}

void begin(benchmark::State& state) {
  static CauseJournal journal;
  CauseId last = CauseId::kNone;
  for (auto _ : state) last = journal.begin({CauseKind::kPut, "1:user::1234567:", last, kNow});
  if (state.threads() == 1) g_checksum += static_cast<std::uint64_t>(last);
}

void begin_with_a_long_text(benchmark::State& state) {
  CauseJournal journal;
  const std::string text(200, 'x');
  CauseId last = CauseId::kNone;
  for (auto _ : state) last = journal.begin({CauseKind::kEvent, text, last, kNow});
  g_checksum += static_cast<std::uint64_t>(last);
}

void set_number(benchmark::State& state) {
  CauseJournal journal;
  const CauseId cause = journal.begin({CauseKind::kPut, "", CauseId::kNone, kNow});
  std::uint64_t number = 0;
  for (auto _ : state) journal.set_number(cause, Ticket{++number});
  g_checksum += static_cast<std::uint64_t>(journal.cause_of_number(Ticket{number}));
}

void classify(benchmark::State& state) {
  CauseJournal journal;
  const std::vector<LabelId>& ids = keys();
  for (const LabelId id : ids) journal.record(evicted(id));
  std::size_t next = 0;
  for (auto _ : state) {
    g_checksum += static_cast<std::uint64_t>(journal.classify(ids[next++ * 7919 % kKeys]));
  }
}

void encode(benchmark::State& state) {
  CauseJournal journal;
  for (const LabelId id : keys()) {
    const CauseId cause = journal.begin({CauseKind::kErase, "1:user::1:", CauseId::kNone, kNow});
    journal.record({.key = id, .cause = cause, .at = kNow});
  }
  for (auto _ : state) g_checksum += journal.encode().size();
}

void register_all() {
  const auto calls = static_cast<benchmark::IterationCount>(g_calls);
  const auto add = [](const char* name, auto* function, benchmark::IterationCount iterations) {
    return benchmark::RegisterBenchmark(name, function)->Iterations(iterations);
  };
  add("record", record, calls)->Threads(1)->Threads(2)->UseRealTime();
  add("record_many", record_many, calls / kBatch);
  add("begin", begin, calls)->Threads(1)->Threads(2)->UseRealTime();
  add("begin_with_a_long_text", begin_with_a_long_text, calls);
  add("set_number", set_number, calls);
  add("classify", classify, calls);
  add("encode", encode, 10)->Unit(benchmark::kMicrosecond);
}

}  // namespace
}  // namespace strata

int main(int argc, char** argv) {
  std::vector<char*> arguments(argv, argv + argc);
  const auto is_smoke = [](const char* text) { return std::strcmp(text, "--smoke") == 0; };
  if (std::erase_if(arguments, is_smoke) > 0) strata::g_calls = 1 << 13;
  strata::register_all();
  int count = static_cast<int>(arguments.size());
  benchmark::Initialize(&count, arguments.data());
  benchmark::RunSpecifiedBenchmarks();
  std::cout << "checksum " << std::hex << strata::g_checksum << "\n";
  return 0;
}
