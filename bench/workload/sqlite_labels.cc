// What labels cost in the SQLite tier: invalidations, reclaiming, and puts with tags.
//
//   sqlite_labels [--smoke] [--json] [single | large | puts | sustained]...
//
// One process, one thread that calls and the tier's writer, 100,000 records of 256 bytes, system
// clock, `durability: normal`. Rates are of wall time, with the processor time of both threads
// beside them. What the writer does in slices is seen by puts that wait for their commits beside
// it; the longest pause of an idle loop says what the machine adds.
#include <stdlib.h>

#include <array>
#include <cstring>
#include <filesystem>
#include <memory>
#include <string_view>

#include "strata/ports/clock.h"
#include "strata/ports/random.h"
#include "strata/sqlite/sqlite_tier.h"
#include "workload/bare_sqlite.h"

namespace {

using strata::KeyRef;
using strata::Label;
using strata::Record;
using strata::bench::BareTable;
using strata::bench::compare;
using strata::bench::fail;
using strata::bench::Row;
using strata::bench::seconds_of;

struct Scale {
  std::size_t rows = 100'000;
  std::size_t calls = 5'000;       // of single invalidations that are timed
  std::size_t pairs = 15;          // of puts
  std::size_t writes = 5'000;      // in a block of a pair
  double seconds = 5;              // of sustained invalidations
  std::size_t labels = 1'000'000;  // distinct ones, made before
};

constexpr std::size_t kGroup = 1'000;  // upserts of one bare transaction

double quantile(std::vector<double>& values, double share) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  return values[static_cast<std::size_t>(share * static_cast<double>(values.size() - 1))];
}

struct Figure {
  std::string name;
  double value;
  const char* unit;
  const char* wanted;
};

class Bench {
 public:
  Bench(const std::string& folder, const Scale& scale) : scale_(scale), folder_(folder) {
    open(strata::Durability::kNormal);
  }
  ~Bench() { tier_->close({}); }

  // The call for a tag that one record carries, with its mark in the journal.
  void single_invalidations() {
    fill(scale_.calls, [](std::size_t row) { return strata::Labels{numbered(row)}; });
    std::vector<double> calls;
    for (std::size_t i = 0; i < scale_.calls; ++i) {
      const Label label = numbered(i);
      const double start = seconds_of(CLOCK_MONOTONIC);
      tier_->invalidate({&label, 1});
      calls.push_back(seconds_of(CLOCK_MONOTONIC) - start);
    }
    tier_->flush({}).value();
    add("invalidate a tag of one record, p50", quantile(calls, 0.5) * 1e6, "us", "<= 100");
    add("the same, p99", quantile(calls, 0.99) * 1e6, "us", "");
  }

  // A tag of all records, reclaimed while nobody else writes.
  void a_large_tag() {
    const Label all = strata::tag("all");
    const auto fill_all = [&] {
      fill(scale_.rows, [&](std::size_t row) { return strata::Labels{all, numbered(row / 100)}; });
    };
    fill_all();
    const double cpu = seconds_of(CLOCK_PROCESS_CPUTIME_ID);
    const double start = seconds_of(CLOCK_MONOTONIC);
    tier_->invalidate({&all, 1});
    const double covered = seconds_of(CLOCK_MONOTONIC) - start;
    tier_->flush({}).value();
    const double took = seconds_of(CLOCK_MONOTONIC) - start;
    const auto rows = static_cast<double>(scale_.rows);
    add("invalidate a tag of " + std::to_string(scale_.rows) + " records: the call", covered * 1e6,
        "us", "<= 100");
    add("records reclaimed", rows / took, "/s", ">= 30000");
    add("the same, processor time of each",
        (seconds_of(CLOCK_PROCESS_CPUTIME_ID) - cpu) * 1e6 / rows, "us", "");

    // The same while puts wait for their commits, which is what slices are for.
    fill_all();
    tier_->close({});
    open(strata::Durability::kSync);
    std::vector<double> alone = waits(scale_.calls, [] { return true; });
    tier_->invalidate({&all, 1});
    std::vector<double> beside =
        waits(scale_.calls * 10, [&] { return tier_->stats().tombstones > 0; });
    tier_->close({});
    open(strata::Durability::kNormal);
    add("a put waits for its commit, p50", quantile(alone, 0.5) * 1e3, "ms", "");
    add("the same, p99", quantile(alone, 0.99) * 1e3, "ms", "");
    add("beside the reclaiming, p50", quantile(beside, 0.5) * 1e3, "ms", "slice <= 5");
    add("the same, p99", quantile(beside, 0.99) * 1e3, "ms", "");
    add("puts that waited", static_cast<double>(beside.size()), "", "");
    add("longest pause of an idle loop", longest_pause(took) * 1e3, "ms", "");
  }

  // Overwrites of random rows with tags, beside bare upserts of the same bytes.
  void puts() {
    BareTable bare(folder_ + "/bare.db");
    fill(scale_.rows, [](std::size_t row) { return kept_tags(row); });
    for (std::size_t i = 0; i < scale_.rows; i += kGroup) {
      bare.begin();
      for (std::size_t at = i; at < std::min(i + kGroup, scale_.rows); ++at) {
        bare.put(key_of(at), next_value());
      }
      bare.commit();
    }
    const auto bare_writes = [&](clockid_t clock) {
      return per_write(clock, [&] {
        for (std::size_t i = 0; i < scale_.writes; i += kGroup) {
          bare.begin();
          for (std::size_t at = 0; at < kGroup; ++at) bare.put(key_of(any_row()), next_value());
          bare.commit();
        }
      });
    };
    const auto tier_writes = [&](clockid_t clock, bool with_new_tags) {
      return per_write(clock, [&] {
        for (std::size_t i = 0; i < scale_.writes; ++i) {
          const std::size_t row = any_row();
          put(row, with_new_tags ? new_tags() : kept_tags(row));
        }
        tier_->flush({}).value();
      });
    };
    const std::pair<const char*, clockid_t> clocks[] = {{", process CPU", CLOCK_PROCESS_CPUTIME_ID},
                                                        {", wall", CLOCK_MONOTONIC}};
    for (const auto& [unit, clock] : clocks) {
      for (const bool is_new : {false, true}) {
        const std::string name = is_new ? "puts with three new tags" : "puts with unchanged tags";
        pairs_.push_back(compare(
            name + unit, is_new ? 4.0 : 1.5, scale_.pairs,
            [&, clock = clock] { return tier_writes(clock, is_new); },
            [&, clock = clock] { return bare_writes(clock); }));
        // The tags that rows have are the kept ones again.
        if (is_new) fill(scale_.rows, [](std::size_t row) { return kept_tags(row); });
      }
    }
  }

  // Invalidations one after the other, each of another label, for some seconds.
  void sustained() {
    fill(scale_.rows, [](std::size_t row) { return strata::Labels{numbered(row)}; });
    labels_.clear();
    for (std::size_t i = 0; i < scale_.labels; ++i) {
      labels_.push_back(strata::tag("absent:" + std::to_string(i)));
    }
    rate("invalidations of labels without records", ">= 200000", scale_.seconds, 0);
    labels_.clear();
    for (std::size_t i = 0; i < scale_.rows; ++i) labels_.push_back(numbered(i));
    rate("invalidations of labels with one record", "", 0, labels_.size());
    fill(scale_.rows / 10, [](std::size_t row) { return strata::Labels{numbered(row * 10)}; });
    rate("invalidations of labels, one in ten with a record", "", 0, labels_.size());
  }

  void print(bool as_json) const;

 private:
  void open(strata::Durability durability) {
    tier_ = strata::open_sqlite_tier({.path = folder_ + "/tier.db",
                                      .durability = durability,
                                      .readers = 1,
                                      .cache_bytes = 2 * strata::bench::kCacheBytes},
                                     strata::system_clock(), strata::seeded_random(1))
                .value();
    record_.group = {strata::keyspace("census"), strata::source("census_api")};
    record_.payload.assign(256, 'x');
    const auto clock = strata::system_clock();
    record_.lifetime = {.written_wall = clock->wall_now(),
                        .written_since_boot = clock->now().since_boot,
                        .boot_id = clock->boot_id(),
                        .fresh_for = std::chrono::hours(1),
                        .keep_for = std::chrono::hours(2)};
  }

  static std::string key_of(std::size_t row) {
    std::array<char, 64> name;
    std::snprintf(name.data(), name.size(), "1:census::acs5-%08zu:cbsa=14500&y=2022", row);
    return name.data();
  }
  static Label numbered(std::size_t row) { return strata::tag("row:" + std::to_string(row)); }
  static strata::Labels kept_tags(std::size_t row) {
    return {numbered(row), strata::tag("a:" + std::to_string(row % 1'000)),
            strata::tag("b:" + std::to_string(row % 77))};
  }
  strata::Labels new_tags() {
    strata::Labels tags;
    for (int i = 0; i < 3; ++i) tags.push_back(strata::tag("new:" + std::to_string(++tags_made_)));
    return tags;
  }

  std::size_t any_row() {
    state_ = state_ * 6364136223846793005ULL + 1442695040888963407ULL;
    return static_cast<std::size_t>((state_ >> 33) % scale_.rows);
  }
  // Pages whose bytes do not change are not written, so they change.
  const std::string& next_value() {
    ++version_;
    std::memcpy(record_.payload.data() + 100, &version_, sizeof(version_));
    return record_.payload;
  }
  void put(std::size_t row, strata::Labels labels) {
    next_value();
    record_.key_text = key_of(row);
    record_.labels = std::move(labels);
    const strata::Ticket ticket = tier_->position();
    const KeyRef key{record_.key_text, strata::key_hash(record_.key_text), {}};
    if (!tier_->put(key, &record_, ticket, {}).ok()) fail("a put failed");
  }
  template <typename LabelsOf>
  void fill(std::size_t rows, const LabelsOf& labels_of) {
    for (std::size_t row = 0; row < rows; ++row) put(row, labels_of(row));
    tier_->flush({}).value();
  }
  template <typename Body>
  double per_write(clockid_t clock, const Body& body) {
    const double start = seconds_of(clock);
    body();
    return (seconds_of(clock) - start) * 1e6 / static_cast<double>(scale_.writes);
  }

  // How long each of at most `count` puts takes while `goes_on()`.
  template <typename GoesOn>
  std::vector<double> waits(std::size_t count, const GoesOn& goes_on) {
    std::vector<double> taken;
    while (taken.size() < count && goes_on()) {
      const double start = seconds_of(CLOCK_MONOTONIC);
      put(any_row(), {});
      taken.push_back(seconds_of(CLOCK_MONOTONIC) - start);
    }
    return taken;
  }
  static double longest_pause(double for_seconds) {
    const double end = seconds_of(CLOCK_MONOTONIC) + for_seconds;
    double last = seconds_of(CLOCK_MONOTONIC);
    double longest = 0;
    while (last < end) {
      const double now = seconds_of(CLOCK_MONOTONIC);
      longest = std::max(longest, now - last);
      last = now;
    }
    return longest;
  }

  // Goes round over the labels for so long, or so many times, and until all is carried out.
  void rate(const std::string& name, const char* wanted, double for_seconds, std::size_t times) {
    const double start = seconds_of(CLOCK_MONOTONIC);
    const double cpu = seconds_of(CLOCK_PROCESS_CPUTIME_ID);
    std::size_t calls = 0;
    for (; calls < times || (times == 0 && seconds_of(CLOCK_MONOTONIC) - start < for_seconds);
         ++calls) {
      const Label& label = labels_[calls % labels_.size()];
      tier_->invalidate({&label, 1});
    }
    tier_->flush({}).value();
    const auto made = static_cast<double>(calls);
    add(name, made / (seconds_of(CLOCK_MONOTONIC) - start), "/s", wanted);
    add("the same, processor time of each",
        (seconds_of(CLOCK_PROCESS_CPUTIME_ID) - cpu) * 1e6 / made, "us", "");
  }

  void add(std::string name, double value, const char* unit, const char* wanted) {
    figures_.push_back({std::move(name), value, unit, wanted});
  }

  const Scale scale_;
  const std::string folder_;
  std::unique_ptr<strata::Tier> tier_;
  Record record_;
  std::vector<Label> labels_;
  std::vector<Figure> figures_;
  std::vector<Row> pairs_;
  std::uint64_t version_ = 0;
  std::uint64_t tags_made_ = 0;
  std::uint64_t state_ = 1;
};

void Bench::print(bool as_json) const {
  if (as_json) {
    std::printf("{\"figures\":[");
    for (const Figure& figure : figures_) {
      std::printf("%s{\"name\":\"%s\",\"value\":%.3f,\"unit\":\"%s\"}",
                  &figure == &figures_.front() ? "" : ",", figure.name.c_str(), figure.value,
                  figure.unit);
    }
    std::printf("],\"rows\":[");
    for (const Row& row : pairs_) {
      std::printf(
          "%s{\"name\":\"%s\",\"tier_us\":%.3f,\"bare_us\":%.3f,\"ratio\":%.3f,"
          "\"ratio_low\":%.3f,\"ratio_high\":%.3f,\"limit\":%.2f}",
          &row == &pairs_.front() ? "" : ",", row.name.c_str(), row.tier_us, row.bare_us, row.ratio,
          row.least, row.most, row.limit);
    }
    std::printf("]}\n");
    return;
  }
  for (const Figure& figure : figures_) {
    std::printf("%-52s %12.2f %-3s %s\n", figure.name.c_str(), figure.value, figure.unit,
                figure.wanted);
  }
  for (const Row& row : pairs_) {
    std::printf("%-40s %7.2f us, bare %7.2f us: %.2f [%.2f, %.2f], limit %.1f\n", row.name.c_str(),
                row.tier_us, row.bare_us, row.ratio, row.least, row.most, row.limit);
  }
}

}  // namespace

int main(int count, char** arguments) {
  Scale scale;
  bool as_json = false;
  std::vector<std::string> parts;
  for (int i = 1; i < count; ++i) {
    const std::string_view argument = arguments[i];
    if (argument == "--json") {
      as_json = true;
    } else if (argument == "--smoke") {
      scale = {.rows = 2'000,
               .calls = 200,
               .pairs = 3,
               .writes = 1'000,
               .seconds = 0.05,
               .labels = 1'000};
    } else if (argument == "single" || argument == "large" || argument == "puts" ||
               argument == "sustained") {
      parts.emplace_back(argument);
    } else {
      std::fprintf(stderr,
                   "usage: sqlite_labels [--smoke] [--json] [single|large|puts|sustained]...\n");
      return 2;
    }
  }
  const auto is_wanted = [&](const char* part) {
    return parts.empty() || std::find(parts.begin(), parts.end(), part) != parts.end();
  };
  std::string folder = (std::filesystem::temp_directory_path() / "strata-bench-XXXXXX").string();
  if (mkdtemp(folder.data()) == nullptr) fail("cannot make a folder for the files");
  {
    Bench bench(folder, scale);
    if (is_wanted("single")) bench.single_invalidations();
    if (is_wanted("large")) bench.a_large_tag();
    if (is_wanted("puts")) bench.puts();
    if (is_wanted("sustained")) bench.sustained();
    bench.print(as_json);
  }
  std::filesystem::remove_all(folder);
  return 0;
}
