// The memory tier alone: hits, batches, fills, evictions, and invalidations of small and large
// tags. Times are the thread's CPU time.
//
//   memory_tier [--smoke] [Google Benchmark's options]
//
// The calls are as many in every run; so is the checksum of what they read and removed.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "strata/core/entry.h"
#include "strata/core/key.h"
#include "strata/memory/memory_tier.h"
#include "strata/ports/clock.h"
#include "strata/ports/random.h"

namespace strata {
namespace {

constexpr std::size_t kBatch = 100;

std::size_t g_look_ups = 1 << 20;
std::size_t g_entries = 1'000'000;
std::size_t g_tagged = 100'000;  // in the larger of the invalidations
std::uint64_t g_checksum = 0;

const LabelGroup& group() {
  static const LabelGroup kGroup{{keyspace("user"), source("db")}};
  return kGroup;
}

// A key's text without an allocation, so that look-ups can read theirs one after the other.
struct KeyText {
  std::array<char, 24> text{};
  std::uint32_t size = 0;
  std::uint64_t hash = 0;
  [[nodiscard]] KeyRef ref() const { return {{text.data(), size}, hash, {}}; }
};

KeyText key_text(std::size_t number) {
  const std::string text = "1:user::" + std::to_string(number) + ":";
  KeyText key;
  key.size = static_cast<std::uint32_t>(text.copy(key.text.data(), key.text.size()));
  key.hash = key_hash(text);
  return key;
}

EntryRef make_entry(const KeyText& key, const Label* label = nullptr) {
  EntryRef entry = Entry::make<std::uint64_t>(key.ref(), key.hash);
  entry->set_group(&group());
  entry->set_times({Duration::max() - Duration(1)}, {Duration::max() - Duration(1)});
  if (label != nullptr) entry->set_labels({label, 1});
  return entry;
}

std::unique_ptr<HotTier> make_tier(std::uint64_t max_entries = 0) {
  return memory_tier({.max_entries = max_entries, .max_bytes = 2ULL << 30}, system_clock(),
                     seeded_random(1));
}

// A tier of g_entries entries, and the keys of random ones in the order of their use.
struct FullTier {
  FullTier() {
    const auto random = seeded_random(2);
    for (std::size_t i = 0; i < g_entries; ++i) {
      tier->fill(make_entry(key_text(i)), tier->position());
    }
    for (std::size_t i = 0; i < g_look_ups; ++i)
      keys.push_back(key_text(random->next() % g_entries));
  }
  static FullTier& get() {
    static FullTier full;
    return full;
  }
  std::unique_ptr<HotTier> tier = make_tier();
  std::vector<KeyText> keys;
};

void hit(benchmark::State& state) {
  FullTier& full = FullTier::get();
  std::size_t next = 0;
  for (auto _ : state) {
    const EntryRef entry = full.tier->get(full.keys[next++ % g_look_ups].ref());
    g_checksum += entry ? entry->value<std::uint64_t>() : 1;
  }
}

void hit_of_hot_keys(benchmark::State& state) {
  FullTier& full = FullTier::get();
  std::size_t next = 0;
  for (auto _ : state) {
    const EntryRef entry = full.tier->get(full.keys[next++ % 1'000].ref());
    g_checksum += entry ? entry->value<std::uint64_t>() : 1;
  }
}

void hit_in_batch_of_100(benchmark::State& state) {
  FullTier& full = FullTier::get();
  std::size_t next = 0;
  std::array<KeyRef, kBatch> keys;
  std::array<EntryRef, kBatch> entries;
  for (auto _ : state) {
    for (KeyRef& key : keys) key = full.keys[next++ % g_look_ups].ref();
    full.tier->get_many(keys, entries);
    for (const EntryRef& entry : entries) g_checksum += entry ? entry->value<std::uint64_t>() : 1;
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(kBatch));
}

void miss(benchmark::State& state) {
  FullTier& full = FullTier::get();
  std::vector<KeyText> absent;
  for (std::size_t i = 0; i < g_look_ups / 16; ++i) absent.push_back(key_text(g_entries + i));
  std::size_t next = 0;
  for (auto _ : state) {
    g_checksum += full.tier->get(absent[next++ % absent.size()].ref()) ? 1 : 0;
  }
}

// Fills of new keys, with the making of their entries; without and with eviction.
void fill(benchmark::State& state) {
  const bool evicting = state.range(0) != 0;
  const std::unique_ptr<HotTier> tier = make_tier(evicting ? g_entries / 10 : 0);
  std::vector<KeyText> keys;
  for (std::size_t i = 0; i < g_entries; ++i) keys.push_back(key_text(i));
  std::size_t next = 0;
  for (auto _ : state) {
    tier->fill(make_entry(keys[next++ % keys.size()]), tier->position());
  }
  g_checksum += tier->stats().entries;
}

void make_entry_only(benchmark::State& state) {
  const KeyText key = key_text(1);
  for (auto _ : state) benchmark::DoNotOptimize(make_entry(key));
}

// Invalidations of tags that so many entries carry, in a tier with many other entries.
void invalidate_tag(benchmark::State& state) {
  const auto tagged = static_cast<std::size_t>(state.range(0));
  const std::size_t tags = std::max<std::size_t>(1, 1'000 / tagged);
  const std::unique_ptr<HotTier> tier = make_tier();
  for (std::size_t i = 0; i < g_tagged; ++i) {
    tier->fill(make_entry(key_text(i)), tier->position());
  }
  Labels labels;
  std::vector<KeyText> keys;
  for (std::size_t i = 0; i < tags; ++i) labels.push_back(tag("org:" + std::to_string(i)));
  for (std::size_t i = 0; i < tags * tagged; ++i) keys.push_back(key_text(g_tagged + i));
  for (auto _ : state) {
    state.PauseTiming();
    for (std::size_t i = 0; i < keys.size(); ++i) {
      tier->fill(make_entry(keys[i], &labels[i % tags]), tier->position());
    }
    state.ResumeTiming();
    for (const Label& label : labels) {
      g_checksum += tier->invalidate({&label, 1}).removed.value_or(0);
    }
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(keys.size()));
}

void invalidate_keyspace(benchmark::State& state) {
  const std::unique_ptr<HotTier> tier = make_tier();
  for (std::size_t i = 0; i < g_tagged; ++i) {
    tier->fill(make_entry(key_text(i)), tier->position());
  }
  const Label label = keyspace("user");
  for (auto _ : state) g_checksum += tier->invalidate({&label, 1}).removed.value_or(0);
}

void register_all() {
  const auto look_ups = static_cast<benchmark::IterationCount>(g_look_ups);
  const auto once_each = static_cast<benchmark::IterationCount>(g_entries);
  const auto add = [](const char* name, auto* function, benchmark::IterationCount iterations) {
    return benchmark::RegisterBenchmark(name, function)->Iterations(iterations);
  };
  add("hit", hit, look_ups);
  add("hit_of_hot_keys", hit_of_hot_keys, look_ups);
  add("hit_in_batch_of_100", hit_in_batch_of_100, look_ups / 100);
  add("miss", miss, look_ups);
  add("make_entry_only", make_entry_only, look_ups);
  add("fill", fill, once_each)->ArgName("evicting")->Arg(0)->Arg(1);
  add("invalidate_tag", invalidate_tag, 100)->ArgName("entries")->Arg(1);
  add("invalidate_tag", invalidate_tag, 5)
      ->ArgName("entries")
      ->Arg(static_cast<std::int64_t>(g_tagged));
  add("invalidate_keyspace", invalidate_keyspace, 1'000);
}

}  // namespace
}  // namespace strata

int main(int argc, char** argv) {
  std::vector<char*> arguments(argv, argv + argc);
  const auto is_smoke = [](const char* text) { return std::strcmp(text, "--smoke") == 0; };
  if (std::erase_if(arguments, is_smoke) > 0) {
    strata::g_look_ups = 1 << 12;
    strata::g_entries = 10'000;
    strata::g_tagged = 2'000;
  }
  strata::register_all();
  int count = static_cast<int>(arguments.size());
  benchmark::Initialize(&count, arguments.data());
  benchmark::RunSpecifiedBenchmarks();
  std::cout << "checksum " << std::hex << strata::g_checksum << "\n";
  return 0;
}
