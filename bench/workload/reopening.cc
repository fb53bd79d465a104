// How long a cache that is as large as a disk takes to open after a kill -9.
//
//   reopening [--smoke] [--mib N] [--rounds N] [--lives MILLISECONDS]
//
// A process fills a file with records of 1,000 bytes and three tags and closes it. In each round
// another one opens it, says how long that took, puts and invalidates, and is killed at a random
// moment within 50 ms, or as it is told. Wall time; the files' pages are in memory, as they are
// after a kill.
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "strata/ports/clock.h"
#include "strata/ports/random.h"
#include "strata/sqlite/sqlite_tier.h"

namespace {

using std::chrono::steady_clock;
using strata::KeyRef;
using strata::Label;
using strata::Record;

constexpr std::size_t kRecordBytes = 1'000;

struct Scale {
  std::size_t mib = 1'024;
  std::size_t rounds = 200;
  std::size_t lives_ms = 50;
};

[[noreturn]] void fail(const char* what) {
  std::fprintf(stderr, "reopening: %s\n", what);
  std::exit(1);
}

double microseconds_since(steady_clock::time_point begin) {
  return std::chrono::duration<double, std::micro>(steady_clock::now() - begin).count();
}

class File {
 public:
  File(const std::string& path, const Scale& scale)
      : path_(path), records_(scale.mib * (1u << 20) / kRecordBytes) {}

  void fill() {
    const auto tier = open();
    for (std::size_t row = 0; row < records_; ++row) put(*tier, row);
    tier->flush({}).value();
    tier->close({});
  }

  // Never returns. Says how long the opening took, in microseconds.
  [[noreturn]] void live(int answer, std::uint64_t seed) {
    const auto begin = steady_clock::now();
    const auto tier = open();
    const double took = microseconds_since(begin);
    // An emptied file would be opened at once.
    const double said = tier->stats().bytes > records_ * kRecordBytes / 2 ? took : -1;
    if (::write(answer, &said, sizeof said) != sizeof said) ::_exit(1);
    for (std::uint64_t state = seed;; state = state * 6364136223846793005ULL + 1) {
      const std::size_t row = (state >> 33) % records_;
      put(*tier, row);
      if (row % 8 != 0) continue;
      const Label tag = tag_of(row);
      tier->invalidate({&tag, 1});
    }
  }

 private:
  [[nodiscard]] std::unique_ptr<strata::Tier> open() const {
    return strata::open_sqlite_tier({.path = path_, .max_bytes = 8ULL << 30}, clock_,
                                    strata::seeded_random(1))
        .value();
  }
  [[nodiscard]] static Label tag_of(std::size_t row) {
    return strata::tag("row:" + std::to_string(row));
  }
  void put(strata::Tier& tier, std::size_t row) const {
    Record record;
    record.key_text = "1:census::" + std::to_string(row) + ":";
    record.group = {strata::keyspace("census"), strata::source("census_api")};
    record.labels = {tag_of(row), strata::tag("a:" + std::to_string(row % 1'000)),
                     strata::tag("b:" + std::to_string(row % 77))};
    record.payload.assign(kRecordBytes, 'x');
    record.lifetime = {.written_wall = clock_->wall_now(),
                       .written_since_boot = clock_->now().since_boot,
                       .boot_id = clock_->boot_id(),
                       .fresh_for = std::chrono::hours(1),
                       .keep_for = std::chrono::hours(2)};
    const KeyRef key{record.key_text, strata::key_hash(record.key_text), {}};
    if (!tier.put(key, &record, tier.position(), {}).ok()) fail("a put failed");
  }

  const std::string path_;
  const std::size_t records_;
  const std::shared_ptr<strata::Clock> clock_ = strata::system_clock();
};

double one_round(File& file, std::uint64_t seed, std::size_t lives_ms) {
  std::array<int, 2> ends{};
  if (::pipe(ends.data()) != 0) fail("no pipe");
  const pid_t child = ::fork();
  if (child < 0) fail("no process");
  if (child == 0) file.live(ends[1], seed);
  ::close(ends[1]);
  double took = -1;
  const bool is_said = ::read(ends[0], &took, sizeof took) == sizeof took;
  ::close(ends[0]);
  std::this_thread::sleep_for(std::chrono::microseconds(lives_ms * 1'000 * (seed % 997) / 997));
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  if (!is_said || took < 0) fail("the file was not opened, or not with what it had");
  return took;
}

void run(const Scale& scale) {
  std::string folder = std::filesystem::temp_directory_path() / "reopening.XXXXXX";
  if (::mkdtemp(folder.data()) == nullptr) fail("no folder");
  File file(folder + "/cache.db", scale);
  const pid_t filler = ::fork();
  if (filler == 0) {
    file.fill();
    ::_exit(0);
  }
  int status = 0;
  ::waitpid(filler, &status, 0);
  if (status != 0) fail("the file was not filled");
  std::vector<double> took;
  for (std::size_t round = 0; round <= scale.rounds; ++round) {
    const double one = one_round(file, round * 7'919 + 1, scale.lives_ms);
    if (round > 0) took.push_back(one);  // the first follows a close
  }
  const auto bytes = std::filesystem::file_size(folder + "/cache.db");
  const auto log_bytes = std::filesystem::file_size(folder + "/cache.db-wal");
  std::filesystem::remove_all(folder);
  std::sort(took.begin(), took.end());
  const auto at = [&](double share) {
    return took[static_cast<std::size_t>(share * static_cast<double>(took.size() - 1))] / 1'000;
  };
  constexpr double kMiB = 1 << 20;
  std::printf(
      "%zu openings after kill -9, %.0f MiB of file, %.0f of log at the end: p50 %.1f ms, "
      "p99 %.1f, most %.1f\n",
      took.size(), static_cast<double>(bytes) / kMiB, static_cast<double>(log_bytes) / kMiB,
      at(0.5), at(0.99), at(1));
}

}  // namespace

int main(int count, char** arguments) {
  Scale scale;
  for (int i = 1; i < count; ++i) {
    if (std::strcmp(arguments[i], "--smoke") == 0) {
      scale = {.mib = 4, .rounds = 3};
    } else if (std::strcmp(arguments[i], "--mib") == 0 && i + 1 < count) {
      scale.mib = std::strtoul(arguments[++i], nullptr, 10);
    } else if (std::strcmp(arguments[i], "--rounds") == 0 && i + 1 < count) {
      scale.rounds = std::strtoul(arguments[++i], nullptr, 10);
    } else if (std::strcmp(arguments[i], "--lives") == 0 && i + 1 < count) {
      scale.lives_ms = std::strtoul(arguments[++i], nullptr, 10);
    } else {
      std::fprintf(stderr, "usage: reopening [--smoke] [--mib N] [--rounds N] [--lives MS]\n");
      return 2;
    }
  }
  run(scale);
  return 0;
}
