// How often each policy hits, and how fast it decides.
//
//   hit_ratio [--smoke]
//       requests per second of each policy over popular keys and a loop
//   hit_ratio POINTS.csv FOLDER [--policies a,b] [--shards N] [--unbounded-history] [--seed N]
//             [--threads N]
//       the hit ratio at every (trace, size) of a table with these columns, as a table with the
//       columns trace,size,policy,hit_ratio; FOLDER has a file <trace>.txt.gz for each. Requests
//       per second go to standard error. Other seeds are other hashes of the keys: they decide
//       which keys are sampled. With threads: those of memory tiers that so many threads share,
//       which race for the counts of uses (racing_replay.h), and not of a simulation.
//
// Reading the trace is not counted. Unit sizes, an empty cache at first, first requests included.
#include <cstdio>
#include <cstring>
#include <ctime>
#include <fstream>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "simulate/belady.h"
#include "simulate/simulation.h"
#include "simulate/study.h"
#include "simulate/test_traces.h"
#include "workload/racing_replay.h"

namespace strata::simulate {
namespace {

struct Options {
  std::string points;
  std::string folder;
  std::string policies = "lru,lfu,s3fifo,wtinylfu,lirs,horizon,adaptive";
  std::size_t shards = 1;
  std::uint64_t seed = 0;
  std::size_t threads = 0;  // 0: simulations
  bool unbounded_history = false;
  bool is_smoke = false;
};

using Points = std::map<std::string, std::set<std::uint64_t>>;

Points read_points(const std::string& path) {
  Points points;
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);  // the titles
  while (std::getline(file, line)) {
    const std::size_t comma = line.find(',');
    if (comma == std::string::npos) continue;
    points[line.substr(0, comma)].insert(std::strtoull(line.c_str() + comma + 1, nullptr, 10));
  }
  return points;
}

void rehash(Trace& trace, std::uint64_t seed) {
  if (seed == 0) return;
  for (std::uint64_t& hash : trace.hashes) {
    hash = (hash ^ (seed * 0x9e3779b97f4a7c15ULL)) * 0xbf58476d1ce4e5b9ULL;
    hash = (hash ^ (hash >> 29)) * 0x94d049bb133111ebULL;
    hash ^= hash >> 32;
  }
}

double cpu_seconds() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

struct Timed {
  SimulationResult result;
  double seconds = 0;
};

SimulationResult race(const Trace& trace, const SimulationOptions& options, std::size_t threads) {
  const bench::RacingReplay replay{.policy = options.policy,
                                   .max_entries = options.size,
                                   .shards = shards_for(options),
                                   .threads = threads};
  return {.requests = trace.requests.size(), .hits = bench::play_racing(trace, replay)};
}

Timed play_timed(const Trace& trace, const StudiedPolicy& policy, SimulationOptions options,
                 std::size_t threads) {
  if (policy.kind) options.policy = *policy.kind;
  const double begin = cpu_seconds();
  Timed timed;
  if (threads != 0 && policy.kind) {
    timed.result = race(trace, options, threads);
  } else {
    timed.result = policy.kind ? play(trace, options) : play_belady(trace, options);
  }
  timed.seconds = cpu_seconds() - begin;
  return timed;
}

double million_per_second(const Timed& timed) {
  return static_cast<double>(timed.result.requests) / timed.seconds / 1e6;
}

int play_points(const Options& options, const std::vector<StudiedPolicy>& policies) {
  std::printf("trace,size,policy,hit_ratio\n");
  for (const auto& [name, sizes] : read_points(options.points)) {
    Result<Trace> trace = read_trace(options.folder + "/" + name + ".txt.gz");
    if (!trace) {
      std::fprintf(stderr, "%s\n", trace.error().message.c_str());
      return 1;
    }
    rehash(*trace, options.seed);
    for (const std::uint64_t size : sizes) {
      for (const StudiedPolicy& policy : policies) {
        SimulationOptions one{.size = size, .shards_max = options.shards};
        one.policy_options.unbounded_history = options.unbounded_history;
        const Timed timed = play_timed(*trace, policy, one, options.threads);
        std::printf("%s,%lu,%s,%.6f\n", name.c_str(), size, policy.name.c_str(),
                    timed.result.hit_ratio());
        std::fprintf(stderr, "%s %lu %s: %.1f M/s, %zu bytes, %lu switches\n", name.c_str(), size,
                     policy.name.c_str(), million_per_second(timed), timed.result.footprint_bytes,
                     timed.result.switches);
      }
    }
  }
  return 0;
}

int play_speeds(const Options& options, const std::vector<StudiedPolicy>& policies) {
  TraceMaker maker;
  maker.zipf(0, 100'000, options.is_smoke ? 20'000 : 3'000'000);
  maker.loop(1'000'000, options.is_smoke ? 1'000 : 20'000, 50);
  const Trace trace = maker.take("popular keys and a loop");
  std::uint64_t checksum = 0;
  for (const StudiedPolicy& policy : policies) {
    const Timed timed = play_timed(
        trace, policy, {.size = trace.keys() / 10, .shards_max = options.shards}, options.threads);
    checksum = checksum * 31 + timed.result.hits;
    std::printf("%-10s %6.1f M requests/s  hit ratio %.4f\n", policy.name.c_str(),
                million_per_second(timed), timed.result.hit_ratio());
  }
  std::printf("result %016lx\n", checksum);
  return 0;
}

int run(const std::vector<std::string>& words) {
  Options options;
  std::vector<std::string> files;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (words[i] == "--smoke") {
      options.is_smoke = true;
    } else if (words[i] == "--unbounded-history") {
      options.unbounded_history = true;
    } else if (words[i] == "--policies" && i + 1 < words.size()) {
      options.policies = words[++i];
    } else if (words[i] == "--seed" && i + 1 < words.size()) {
      options.seed = std::strtoull(words[++i].c_str(), nullptr, 10);
    } else if (words[i] == "--threads" && i + 1 < words.size()) {
      options.threads = std::strtoull(words[++i].c_str(), nullptr, 10);
    } else if (words[i] == "--shards" && i + 1 < words.size()) {
      options.shards = std::strtoull(words[++i].c_str(), nullptr, 10);
    } else {
      files.push_back(words[i]);
    }
  }
  const auto policies = parse_policies(options.policies);
  if (!policies || (!files.empty() && files.size() != 2)) {
    std::fprintf(stderr, "%s\n",
                 policies ? "usage: hit_ratio [POINTS.csv FOLDER] [options]"
                          : policies.error().message.c_str());
    return 2;
  }
  if (files.empty()) return play_speeds(options, *policies);
  options.points = files[0];
  options.folder = files[1];
  return play_points(options, *policies);
}

}  // namespace
}  // namespace strata::simulate

int main(int argc, char** argv) {
  return strata::simulate::run(std::vector<std::string>(argv + 1, argv + argc));
}
