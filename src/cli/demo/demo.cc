// Runs the demo's phases one after the other and prints what they measured.
#include "cli/demo/demo.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <memory>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "cli/demo/catalogue.h"
#include "cli/demo/parallel.h"
#include "cli/demo/phases.h"
#include "cli/demo/report.h"
#include "cli/demo/traffic.h"
#include "cli/exit_code.h"
#include "cli/workload/interrupt.h"
#include "cli/workload/scratch_folder.h"
#include "core/mutant.h"
#include "strata/ports/random.h"

namespace strata::demo {
namespace {

using cli::DemoArguments;
using cli::ExitCode;

constexpr std::uint64_t kMemoryEntries = 1'000;  // fewer than there are objects
constexpr std::size_t kMinPackages = 1'000;      // for known and unknown ones in the outage
constexpr unsigned kMaxThreads = 256;
constexpr unsigned kMaxReads = 10'000'000;

// The rules whose breaking this workload is sure to notice; see core/mutant.h.
constexpr std::array<std::string_view, 4> kBreakable = {"no-tickets", "late-ticket",
                                                        "join-any-load", "no-tombstone"};

// Turns the mutant off again.
class MutantOn {
 public:
  explicit MutantOn(testing::Mutant mutant) { testing::set_mutant(mutant); }
  ~MutantOn() { testing::set_mutant(testing::Mutant::kNone); }
  MutantOn(const MutantOn&) = delete;
  MutantOn& operator=(const MutantOn&) = delete;
};

void print_error(const std::string& message) {
  std::fprintf(stderr, "strata: error: %s\n", message.c_str());
}

int code(ExitCode exit_code) { return static_cast<int>(exit_code); }

Error refused(std::string why) { return {ErrorCode::kRejected, std::move(why), {}}; }

Result<testing::Mutant> mutant_of(const std::string& name) {
  if (name.empty()) return testing::Mutant::kNone;
  if (!testing::kMutantsBuilt) {
    return refused(
        "--break: this build has only the protocol that works. One that can be broken is built "
        "by: cmake --preset dev && cmake --build --preset dev");
  }
  std::string known;
  for (const std::string_view breakable : kBreakable) {
    const std::optional<testing::Mutant> mutant = testing::find_mutant(breakable);
    if (breakable == name && mutant) return *mutant;
    known.append(known.empty() ? "" : ", ").append(breakable);
  }
  return refused("--break: there is no rule '" + name + "'; there are: " + known);
}

Result<void> check(const DemoArguments& arguments) {
  if (arguments.threads < 1 || arguments.threads > kMaxThreads) {
    return refused("--threads: from 1 to " + std::to_string(kMaxThreads));
  }
  if (arguments.reads < 1 || arguments.reads > kMaxReads) {
    return refused("--reads: from 1 to " + std::to_string(kMaxReads));
  }
  return {};
}

// The data beside an installed program, or that of the source tree it was built from.
std::string data_folder() {
  std::error_code error;
  const std::filesystem::path program = std::filesystem::read_symlink("/proc/self/exe", error);
  const std::filesystem::path installed =
      program.parent_path().parent_path() / STRATA_INSTALLED_DATA;
  if (std::filesystem::exists(installed / "packages.tsv", error)) return installed.string();
  return STRATA_SOURCE_DATA;
}

class Run {
 public:
  Run(const DemoArguments& arguments, std::uint64_t seed)
      : arguments_(arguments), seed_(seed), clock_(system_clock()), progress_(nullptr) {}

  // Nothing when it was interrupted.
  Result<std::optional<Figures>> run(const Catalogue& catalogue) {
    Figures figures{.seed = seed_, .mutant = arguments_.break_name};
    const Instant began = clock_->now();
    // Before anything starts a thread: it forks.
    Result<std::unique_ptr<Victim>> victim = Victim::start(catalogue, clock_);
    if (!victim) return victim.error();
    Result<std::unique_ptr<workload::ScratchFolder>> folder =
        workload::ScratchFolder::create("demo");
    if (!folder) return folder.error();
    folder_ = std::move(*folder);

    const bool shown = !arguments_.json && !arguments_.quiet && ::isatty(STDERR_FILENO) == 1;
    progress_ = std::make_unique<workload::Progress>(shown, clock_);
    Result<std::unique_ptr<Origins>> origins =
        Origins::create(catalogue, folder_->file("places.db"), clock_);
    if (!origins) return origins.error();
    origins_ = std::move(*origins);
    if (Result<void> done = run_phases(**victim, figures); !done) return done.error();
    if (workload::Interrupt::seen()) return std::optional<Figures>();

    const Objects& objects = origins_->objects();
    const History& history = origins_->history();
    figures.packages = objects.all(ObjectKind::kPackage).size();
    figures.sections = objects.all(ObjectKind::kSection).size();
    figures.places = objects.all(ObjectKind::kPlace).size();
    figures.http_port = origins_->server().port();
    figures.memory_entries = kMemoryEntries;
    figures.checked_reads = history.reads();
    figures.stale_reads = history.stale_reads();
    figures.impossible_reads = history.impossible_reads();
    figures.stories = history.stories();
    figures.took = between(began, clock_->now());
    progress_.reset();
    return std::optional<Figures>(std::move(figures));
  }

 private:
  // As many connections as threads that use them; each updater has a partner.
  [[nodiscard]] FrontOptions front_options(const std::string& cache_file) const {
    return {.http_port = origins_->server().port(),
            .places_path = origins_->places_path(),
            .cache_path = folder_->file(cache_file),
            .memory_entries = kMemoryEntries,
            .connections = std::max(arguments_.threads + 2 * kUpdaters, kPhaseThreads)};
  }
  [[nodiscard]] Result<std::unique_ptr<Front>> open(const std::string& cache_file) const {
    return Front::open(origins_->objects(), origins_->history(), front_options(cache_file), clock_);
  }

  Result<void> run_phases(Victim& victim, Figures& figures) {
    const Choice choice(origins_->objects(), seed_);
    Result<std::unique_ptr<Front>> opened = open("cache.db");
    if (!opened) return opened.error();
    std::unique_ptr<Front> front = std::move(*opened);

    auto traffic = run_traffic(
        *origins_, *front, choice, *clock_,
        {.reads = arguments_.reads, .threads = arguments_.threads, .seed = seed_}, *progress_);
    if (!traffic) return traffic.error();
    figures.traffic = std::move(*traffic);
    if (workload::Interrupt::seen()) return {};

    auto burst = run_burst(*origins_, *front, choice.packages().front(), *clock_, *progress_);
    if (!burst) return burst.error();
    figures.burst = *burst;
    if (workload::Interrupt::seen()) return {};

    auto outage = run_outage(*origins_, *front, choice, *clock_, *progress_);
    if (!outage) return outage.error();
    figures.outage = *outage;
    if (workload::Interrupt::seen()) return {};

    auto restart = run_restart(
        *origins_, front, [this] { return open("cache.db"); }, choice, *clock_, *progress_);
    if (!restart) return restart.error();
    figures.restart = *restart;
    front.reset();
    if (workload::Interrupt::seen()) return {};

    auto kill = run_kill(
        *origins_, victim, front_options("killed.db"), [this] { return open("killed.db"); }, choice,
        *clock_, *progress_);
    if (!kill) return kill.error();
    figures.kill = *kill;
    return {};
  }

  const DemoArguments& arguments_;
  const std::uint64_t seed_;
  const std::shared_ptr<Clock> clock_;
  std::unique_ptr<workload::ScratchFolder> folder_;
  std::unique_ptr<Origins> origins_;
  std::unique_ptr<workload::Progress> progress_;
};

bool print(const std::string& text) {
  return std::fwrite(text.data(), 1, text.size(), stdout) == text.size() &&
         std::fflush(stdout) == 0;
}

int report(const DemoArguments& arguments, const Figures& figures) {
  const std::vector<std::string> problems = problems_of(figures);
  const bool printed = print(arguments.json    ? json_report(figures, problems) + "\n"
                             : arguments.quiet ? short_report(figures, problems)
                                               : text_report(figures, problems));
  return code(problems.empty() && printed ? ExitCode::kOk : ExitCode::kFailed);
}

int run(const DemoArguments& arguments) {
  const Result<testing::Mutant> mutant = mutant_of(arguments.break_name);
  Result<void> usable = check(arguments);
  if (!mutant) usable = mutant.error();
  if (!usable) {
    print_error(usable.error().message);
    return code(ExitCode::kUsage);
  }
  const Result<Catalogue> catalogue =
      load_catalogue(arguments.data_dir.empty() ? data_folder() : arguments.data_dir);
  if (!catalogue) {
    print_error(catalogue.error().message + "; --data names the folder with the demo's data");
    return code(ExitCode::kUsage);
  }
  if (catalogue->packages.size() < kMinPackages) {
    print_error("--data: the demo needs " + std::to_string(kMinPackages) + " packages, not " +
                std::to_string(catalogue->packages.size()));
    return code(ExitCode::kUsage);
  }
  // Short enough to be typed again.
  const std::uint64_t seed =
      arguments.seed != 0 ? arguments.seed : (system_random()->next() >> 40) + 1;

  const MutantOn mutant_on(*mutant);
  const workload::Interrupt interrupt;
  Result<std::optional<Figures>> figures = Run(arguments, seed).run(*catalogue);
  if (workload::Interrupt::seen()) {
    std::fputs("strata: interrupted\n", stderr);
    return code(ExitCode::kInterrupted);
  }
  if (!figures) {
    print_error(figures.error().message + " (seed " + std::to_string(seed) + ")");
    return code(ExitCode::kFailed);
  }
  return report(arguments, **figures);
}

}  // namespace
}  // namespace strata::demo

namespace strata::cli {

int run_demo(const DemoArguments& arguments) {
  try {
    return demo::run(arguments);
  } catch (const std::exception& exception) {
    demo::print_error(std::string("unexpected: ") + exception.what());
    return demo::code(ExitCode::kFailed);
  }
}

}  // namespace strata::cli
