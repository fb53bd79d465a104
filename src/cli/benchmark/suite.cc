// Fills stores and measures them.
#include "cli/benchmark/suite.h"

#include <algorithm>
#include <utility>

#include "cli/benchmark/origin.h"
#include "cli/benchmark/store.h"
#include "cli/workload/interrupt.h"
#include "cli/workload/pause.h"
#include "cli/workload/scratch_folder.h"

namespace strata::benchmark {
namespace {

constexpr std::uint64_t kIdleRuns = 9;
// A turn reads a value as a whole, so that there are fewer turns of large ones; enough for one
// reading of the clock more or less to make no difference.
constexpr std::uint64_t kIdleOperations = 20'000;
constexpr std::uint64_t kIdleOperationsMin = 3;
constexpr std::uint64_t kIdleBytes = 64ULL << 20;
constexpr Duration kIdleSeconds = std::chrono::milliseconds(200);
constexpr std::uint64_t kFillReportEvery = 1'024;

unsigned write_percent_of(Workload workload, const BenchmarkOptions& options) {
  if (workload == Workload::kWrite) return 100;
  return workload == Workload::kMixed ? static_cast<unsigned>(options.write_percent) : 0;
}

// What is too large for a tier would make each of its reads one of the origin.
Result<void> check_value_size(const BenchmarkOptions& options, const Settings& settings) {
  const std::size_t most = settings.defaults.max_value_bytes;
  if (options.value_bytes <= most) return {};
  return Error{ErrorCode::kRejected,
               "--value-bytes " + std::to_string(options.value_bytes) + " is more than the " +
                   std::to_string(most) +
                   " bytes that a value may have (cache.defaults.max_value_bytes)",
               {}};
}

class Suite {
 public:
  Suite(const BenchmarkOptions& options, const SuiteParts& parts)
      : options_(options),
        parts_(parts),
        values_(options.value_bytes, *seeded_random(options.seed)),
        origin_(values_, {.latency = options.origin_latency,
                          .seed = options.seed,
                          .wait = [clock = parts.clock](
                                      Duration how_long) { workload::pause(how_long, *clock); }}),
        maker_(options.entries, options.distribution, options.seed) {}

  Result<Report> run() {
    Result<void> done = measure_idleness();
    for (const Subject subject : options_.subjects) {
      if (done && !workload::Interrupt::seen()) done = measure_subject(subject);
    }
    if (!done) return done.error();
    std::stable_sort(report_.rows.begin(), report_.rows.end(),
                     [](const Row& a, const Row& b) { return a.workload < b.workload; });
    return std::move(report_);
  }

 private:
  using Requests = std::vector<std::vector<Request>>;
  // The store is closed before its file goes.
  struct OpenStore {
    std::unique_ptr<workload::ScratchFolder> folder;
    std::unique_ptr<Store> store;
  };

  // The median of some runs: one that is disturbed says nothing about measuring.
  Result<void> measure_idleness() {
    const std::unique_ptr<Store> store = idle_store(values_.make(0, 0));
    const Requests requests(1, std::vector<Request>(1));
    const RunOptions run{.requests = requests,
                         .operations = idle_operations(options_.value_bytes),
                         .seconds = kIdleSeconds};
    HistogramSnapshot reads;
    std::vector<Duration> turns;
    for (std::uint64_t i = 0; i < kIdleRuns; ++i) {
      const Result<Measured> idle = measure(*store, values_, *parts_.clock, run);
      if (!idle) return idle.error();
      reads.merge(idle->reads);
      // The last turn is not over when its call is.
      const auto made = static_cast<std::int64_t>(idle->operations());
      turns.push_back(idle->elapsed / std::max<std::int64_t>(1, made - 1));
    }
    std::sort(turns.begin(), turns.end());
    report_.timer = reads.percentile(50);
    report_.idle_operation = turns[kIdleRuns / 2];
    return {};
  }

  Result<void> measure_subject(Subject subject) {
    OpenStore full;
    for (const Workload workload : options_.workloads) {
      if (workload::Interrupt::seen()) break;
      const bool writes_only = write_percent_of(workload, options_) == 100;
      if (subject == Subject::kOrigin && writes_only) continue;
      OpenStore empty;
      const bool begins_full = workload != Workload::kReadThrough;
      OpenStore& wanted = begins_full ? full : empty;
      Result<void> done;
      if (!wanted.store) {
        done = open(subject, wanted);
        if (done && begins_full) done = fill(subject, *wanted.store);
      }
      if (done) done = measure_row(subject, workload, *wanted.store);
      if (!done) return explained(subject, workload, done.error());
    }
    return {};
  }

  static Error explained(Subject subject, Workload workload, const Error& error) {
    return {error.code,
            std::string(to_string(workload)) + " of " + std::string(to_string(subject)) + ": " +
                error.message,
            error.exception};
  }

  Result<void> open(Subject subject, OpenStore& into) {
    StoreOptions options{.settings = parts_.settings, .clock = parts_.clock};
    switch (subject) {
      case Subject::kMemory:
        into.store = memory_store(options, origin_);
        return {};
      case Subject::kMap:
        into.store = map_store(origin_);
        return {};
      case Subject::kOrigin:
        into.store = origin_store(origin_);
        return {};
      case Subject::kSqlite:
      case Subject::kBoth:
        break;
    }
    auto folder = workload::ScratchFolder::create("benchmark");
    if (!folder) return folder.error();
    into.folder = *std::move(folder);
    options.sqlite_path = into.folder->file("benchmark.db");
    Result<std::unique_ptr<Store>> opened = subject == Subject::kSqlite
                                                ? sqlite_store(options, origin_)
                                                : cache_store(options, origin_);
    if (!opened) return opened.error();
    into.store = *std::move(opened);
    return {};
  }

  Result<void> fill(Subject subject, Store& store) {
    if (!store.takes_writes()) return {};
    parts_.progress.begin("filling " + std::string(to_string(subject)), options_.entries);
    for (std::uint64_t number = 0; number < options_.entries; ++number) {
      if (workload::Interrupt::seen()) return {};
      const Result<bool> kept = store.write(number, values_.make(number, 0));
      if (!kept) return kept.error();
      if (number % kFillReportEvery == 0) parts_.progress.advance(kFillReportEvery);
    }
    return store.settle();
  }

  Result<void> measure_row(Subject subject, Workload workload, Store& store) {
    const std::string name =
        std::string(to_string(workload)) + " " + std::string(to_string(subject));
    RunOptions run{.operations = options_.operations, .seconds = options_.seconds};
    if (subject == Subject::kOrigin) {
      run.seconds = std::min(run.seconds.value_or(kOriginRow), kOriginRow);
    }
    const Requests requests = lay_out(workload);
    run.requests = requests;
    show_progress(name, run);
    const std::uint64_t calls = origin_.calls();
    Result<Measured> measured = measure(store, values_, *parts_.clock, run);
    if (!measured) return measured.error();

    const Instant ended = parts_.clock->now();
    if (const Result<void> settled = store.settle(); !settled) return settled;
    report_.rows.push_back({.workload = workload,
                            .subject = subject,
                            .measured = *std::move(measured),
                            .origin_calls = origin_.calls() - calls,
                            .settling = between(ended, parts_.clock->now())});
    return {};
  }

  // By operations if their number is known, else by time.
  void show_progress(const std::string& name, RunOptions& run) {
    if (run.operations) {
      parts_.progress.begin(name, *run.operations);
      run.progress = [this](std::uint64_t operations, Duration) {
        parts_.progress.advance(operations * options_.threads);
      };
      return;
    }
    const auto in_ms = [](Duration time) {
      return static_cast<std::uint64_t>(time / std::chrono::milliseconds(1));
    };
    parts_.progress.begin(name + ", ms", in_ms(*run.seconds));
    run.progress = [this, in_ms](std::uint64_t, Duration time) {
      parts_.progress.advance(in_ms(time));
    };
  }

  Requests lay_out(Workload workload) const {
    Requests requests;
    const std::size_t count = requests_for(options_.operations, options_.threads);
    for (std::size_t thread = 0; thread < options_.threads; ++thread) {
      requests.push_back(
          maker_.make(thread, options_.threads, count, write_percent_of(workload, options_)));
    }
    return requests;
  }

  const BenchmarkOptions& options_;
  const SuiteParts& parts_;
  const Values values_;
  Origin origin_;
  const RequestMaker maker_;
  Report report_;
};

}  // namespace

Duration Row::waited() const { return saturating_add(measured.reads.sum(), measured.writes.sum()); }

std::optional<double> Row::hit_ratio() const {
  const std::uint64_t reads = measured.reads.count();
  if (reads == 0) return std::nullopt;
  return static_cast<double>(measured.hits) / static_cast<double>(reads);
}

double Row::operations_per_second() const {
  if (measured.elapsed <= Duration(0)) return 0;
  return static_cast<double>(measured.operations()) * 1e9 /
         static_cast<double>(measured.elapsed.count());
}

std::optional<Duration> Report::time_saved(const Row& row) const {
  const auto origin = std::find_if(rows.begin(), rows.end(), [&row](const Row& other) {
    return other.workload == row.workload && other.subject == Subject::kOrigin;
  });
  const std::uint64_t reads = row.measured.reads.count();
  if (origin == rows.end() || reads == 0 || row.subject == Subject::kOrigin) return std::nullopt;
  const double mean = static_cast<double>(origin->measured.reads.sum().count()) /
                      static_cast<double>(origin->measured.reads.count());
  // Of a billion reads that take a minute each, 2^62 ns would be too few.
  const double without = std::min(mean * static_cast<double>(reads), 0x1p62);
  return Duration(static_cast<std::int64_t>(without)) - row.waited();
}

std::uint64_t idle_operations(std::uint64_t value_bytes) {
  return std::clamp(kIdleBytes / value_bytes, kIdleOperationsMin, kIdleOperations);
}

std::optional<double> cost_saved(const Row& row, double origin_cost) {
  const std::uint64_t reads = row.measured.reads.count();
  if (reads == 0 || row.subject == Subject::kOrigin) return std::nullopt;
  return (static_cast<double>(reads) - static_cast<double>(row.origin_calls)) * origin_cost;
}

std::vector<std::string> leave_out_disabled(BenchmarkOptions& options, const Settings& settings) {
  std::vector<std::string> left_out;
  std::erase_if(options.subjects, [&](Subject subject) {
    const bool needs_memory = subject == Subject::kMemory || subject == Subject::kBoth;
    const bool needs_sqlite = subject == Subject::kSqlite || subject == Subject::kBoth;
    const bool is_off =
        (needs_memory && !settings.memory.enabled) || (needs_sqlite && !settings.sqlite.enabled);
    if (is_off) left_out.emplace_back(to_string(subject));
    return is_off;
  });
  return left_out;
}

Result<std::optional<Report>> run_suite(const BenchmarkOptions& options, const SuiteParts& parts) {
  if (auto checked = check_value_size(options, parts.settings); !checked) return checked.error();
  Result<Report> report = Suite(options, parts).run();
  if (workload::Interrupt::seen()) return std::optional<Report>();
  if (!report) return report.error();
  return std::optional(*std::move(report));
}

}  // namespace strata::benchmark
