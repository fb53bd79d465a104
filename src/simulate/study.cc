// Study: the loop over traces, and the work that policies and sizes are.
#include "simulate/study.h"

#include <algorithm>
#include <atomic>
#include <memory>
#include <new>

#include "simulate/belady.h"
#include "simulate/stack_distances.h"
#include "strata/ports/executor.h"

namespace strata::simulate {
namespace {

constexpr std::string_view kBelady = "belady";

Result<StudiedPolicy> parse_policy(std::string_view name) {
  if (name == kBelady) return StudiedPolicy{.name = std::string(name)};
  Result<memory::PolicyKind> kind = memory::parse_policy(name);
  if (!kind) {
    Error error = kind.error();
    error.message += ", and " + std::string(kBelady);
    return error;
  }
  return StudiedPolicy{.name = std::string(name), .kind = *kind};
}

// A piece of work: one policy at one size, or lru at several.
struct Job {
  const StudiedPolicy* policy = nullptr;
  std::vector<SimulationOptions> sizes;
  StudyRow* rows = nullptr;
};

void run(const Trace& trace, const Job& job) {
  if (job.sizes.size() > 1) {
    std::vector<std::uint64_t> sizes;
    for (const SimulationOptions& one : job.sizes) sizes.push_back(one.size);
    const std::vector<SimulationResult> results = play_lru(trace, sizes);
    for (std::size_t i = 0; i < results.size(); ++i) job.rows[i].result = results[i];
    return;
  }
  const SimulationOptions& one = job.sizes.front();
  job.rows->result = job.policy->kind ? play(trace, one) : play_belady(trace, one);
}

// Runs all jobs, each once; returns whether memory sufficed.
bool run_all(const Trace& trace, const std::vector<Job>& jobs, std::size_t threads) {
  std::atomic<std::size_t> next = 0;
  std::atomic<bool> sufficed = true;
  const auto work = [&] {
    for (std::size_t at; (at = next.fetch_add(1)) < jobs.size();) {
      try {
        run(trace, jobs[at]);
      } catch (const std::bad_alloc&) {
        sufficed = false;
      }
    }
  };
  if (std::min(threads, jobs.size()) <= 1) {
    work();
    return sufficed;
  }
  const std::shared_ptr<Executor> pool =
      thread_pool({.threads = std::min(threads, jobs.size()) - 1});
  for (std::size_t i = 1; i < std::min(threads, jobs.size()); ++i) {
    // What is not accepted others do.
    static_cast<void>(pool->post(work));
  }
  work();
  pool->close();
  return sufficed;
}

// What is to be done for one policy: all sizes at once if it can be, otherwise each for itself.
void add_jobs(const Trace& trace, const StudiedPolicy& policy,
              const std::vector<SimulationOptions>& sizes, StudyRow* rows, std::vector<Job>& jobs) {
  const bool is_stack = policy.kind == memory::PolicyKind::kLru &&
                        trace.keys() <= StackDistances::kKeysMax &&
                        std::all_of(sizes.begin(), sizes.end(), [](const SimulationOptions& one) {
                          return !one.size_is_bytes && shards_for(one) == 1;
                        });
  if (is_stack) {
    jobs.push_back({.policy = &policy, .sizes = sizes, .rows = rows});
    return;
  }
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    jobs.push_back({.policy = &policy, .sizes = {sizes[i]}, .rows = rows + i});
  }
}

}  // namespace

std::string name_of_trace(const std::string& path) {
  std::string name = path.substr(path.find_last_of('/') + 1);
  for (const std::string_view suffix : {".gz", ".zst", ".txt"}) {
    if (name.size() > suffix.size() && name.ends_with(suffix)) {
      name.resize(name.size() - suffix.size());
    }
  }
  return name;
}

Result<Trace> read_studied_trace(const std::string& path, const StudyOptions& options) {
  Result<Trace> trace = read_trace(path, options.separator);
  if (!trace) return trace;
  const auto lacks = [&](const std::string& what, const std::string& so_that) {
    return Error{.code = ErrorCode::kRejected,
                 .message = trace->name + " has no " + what + ", so that " + so_that +
                            (options.separator == Separator::kBlanks
                                 ? " (if commas separate its fields, give --fields comma)"
                                 : "")};
  };
  if (options.size_is_bytes && trace->sizes.empty()) {
    return lacks("sizes", "caches cannot be bounded by bytes");
  }
  if (options.aim == EvictionAim::kBytes && trace->sizes.empty()) {
    return lacks("sizes", "no policy can aim at bytes");
  }
  if (options.aim == EvictionAim::kCost && trace->costs.empty()) {
    return lacks("costs", "no policy can aim at cost");
  }
  return trace;
}

Result<std::vector<StudiedPolicy>> parse_policies(std::string_view text) {
  std::vector<StudiedPolicy> policies;
  for (;;) {
    const std::size_t comma = std::min(text.find(','), text.size());
    Result<StudiedPolicy> policy = parse_policy(text.substr(0, comma));
    if (!policy) return policy.error();
    const auto is_same = [&](const StudiedPolicy& other) { return other.name == policy->name; };
    if (std::none_of(policies.begin(), policies.end(), is_same)) policies.push_back(*policy);
    if (comma == text.size()) return policies;
    text.remove_prefix(comma + 1);
  }
}

Result<std::vector<StudyRow>> study(const StudyOptions& options) {
  std::vector<StudyRow> rows;
  for (const std::string& path : options.traces) {
    const Result<Trace> trace = read_studied_trace(path, options);
    if (!trace) return trace.error();
    const std::vector<std::uint64_t> sizes =
        sizes_for(options.sizes, whole_size(*trace, options.size_is_bytes, options.entry_overhead));
    const std::size_t first = rows.size();
    rows.resize(first + options.policies.size() * sizes.size());
    std::vector<Job> jobs;
    StudyRow* row = &rows[first];
    for (const StudiedPolicy& policy : options.policies) {
      std::vector<SimulationOptions> each;
      for (const std::uint64_t size : sizes) {
        SimulationOptions one{.size = size,
                              .size_is_bytes = options.size_is_bytes,
                              .entry_overhead = options.entry_overhead,
                              .shards_max = options.shards_max};
        one.policy_options = {.aim = options.aim, .unbounded_history = options.unbounded_history};
        if (policy.kind) one.policy = *policy.kind;
        each.push_back(one);
        row[each.size() - 1] = {.trace = name_of_trace(path), .policy = policy.name, .size = size};
      }
      add_jobs(*trace, policy, each, row, jobs);
      row += each.size();
    }
    if (!run_all(*trace, jobs, options.threads)) {
      return Error{.code = ErrorCode::kUnavailable,
                   .message = "there is no memory to play " + path + "; try fewer --threads"};
    }
  }
  return rows;
}

}  // namespace strata::simulate
