// The SQLite tier against bare prepared statements on the same machine, in the same run.
//
//   sqlite_tier [--smoke] [--json]
//
// 100,000 records with 1 KiB of payload, a group of three labels and a tag, in a file that the
// page cache holds. Tier and bare SQLite take turns in blocks; each pair of blocks gives a ratio,
// and the median of the ratios is printed with its 95 % interval. The bare tables are
// `key TEXT PRIMARY KEY, value BLOB` with the same settings, checksums excepted: it has none.
#include <stdlib.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "strata/ports/clock.h"
#include "strata/ports/random.h"
#include "strata/sqlite/sqlite_tier.h"
#include "workload/bare_sqlite.h"

namespace {

using strata::KeyRef;
using strata::Record;
using strata::bench::BareTable;
using strata::bench::compare;
using strata::bench::fail;
using strata::bench::kCacheBytes;
using strata::bench::Row;
using strata::bench::seconds_of;

constexpr std::size_t kBatch = 100;    // keys of one get_many
constexpr std::size_t kGroup = 1'000;  // upserts of one bare transaction

struct Scale {
  std::size_t rows = 100'000;
  std::size_t pairs = 41;
  std::size_t write_pairs = 15;
  std::size_t reads = 4'000;
  std::size_t writes = 10'000;
};

std::string key_name(std::size_t index) {
  char name[64];
  std::snprintf(name, sizeof(name), "1:census::acs5-%08zu:cbsa=14500&y=2022", index);
  return name;
}

class Bench {
 public:
  Bench(const std::string& folder, const Scale& scale)
      : scale_(scale),
        bare_(folder + "/bare.db"),
        tier_(strata::open_sqlite_tier(
                  {.path = folder + "/tier.db", .readers = 1, .cache_bytes = 2 * kCacheBytes},
                  strata::system_clock(), strata::seeded_random(1))
                  .value()) {
    for (std::size_t i = 0; i < scale_.rows; ++i) {
      keys_.push_back(key_name(i));
      hashes_.push_back(strata::key_hash(keys_.back()));
    }
    record_.group = {strata::keyspace("census"),
                     strata::source("census_api"),
                     {strata::LabelKind::kType, "table"}};
    record_.payload.assign(1'024, 'x');
    const auto clock = strata::system_clock();
    record_.lifetime = {.written_wall = clock->wall_now(),
                        .written_since_boot = clock->now().since_boot,
                        .boot_id = clock->boot_id(),
                        .fresh_for = std::chrono::hours(1),
                        .keep_for = std::chrono::hours(2)};
    for (std::size_t i = 0; i < scale_.rows; i += kGroup) {
      bare_.begin();
      for (std::size_t at = i; at < std::min(i + kGroup, scale_.rows); ++at) {
        bare_.put(keys_[at], next_value());
      }
      bare_.commit();
    }
    for (std::size_t i = 0; i < scale_.rows; ++i) put(i);
    tier_->flush({}).value();
  }
  ~Bench() { tier_->close({}); }

  // Reads of single keys.
  double tier_reads() {
    return per_call(CLOCK_THREAD_CPUTIME_ID, scale_.reads, [&] {
      for (std::size_t i = 0; i < scale_.reads; ++i) {
        const auto found = tier_->get(ref(any_row()), {});
        if (!found.ok() || !found->has_value()) fail("a read found nothing");
        checksum_ += (*found)->payload.size();
      }
    });
  }
  double bare_reads() {
    return per_call(CLOCK_THREAD_CPUTIME_ID, scale_.reads, [&] {
      for (std::size_t i = 0; i < scale_.reads; ++i) checksum_ += bare_.get(keys_[any_row()]);
    });
  }

  // Reads of a hundred keys at once.
  double tier_batches() {
    return per_call(CLOCK_THREAD_CPUTIME_ID, scale_.reads, [&] {
      for (std::size_t i = 0; i < scale_.reads; i += kBatch) {
        std::array<KeyRef, kBatch> keys;
        for (KeyRef& key : keys) key = ref(any_row());
        const auto found = tier_->get_many(keys, {});
        if (!found.ok()) fail(found.error().message);
        for (const auto& record : *found) checksum_ += record->payload.size();
      }
    });
  }
  double bare_batches() {
    return per_call(CLOCK_THREAD_CPUTIME_ID, scale_.reads, [&] {
      for (std::size_t i = 0; i < scale_.reads; i += kBatch) {
        bare_.begin_read();
        for (std::size_t at = 0; at < kBatch; ++at) checksum_ += bare_.get(keys_[any_row()]);
        bare_.commit();
      }
    });
  }

  // Overwrites of random rows, until everything is committed; with the writer's thread.
  double tier_writes(clockid_t clock) {
    return per_call(clock, scale_.writes, [&] {
      for (std::size_t i = 0; i < scale_.writes; ++i) {
        const std::size_t row = any_row();
        const double start = seconds_of(CLOCK_MONOTONIC);
        put(row);
        calls_.push_back(seconds_of(CLOCK_MONOTONIC) - start);
      }
      tier_->flush({}).value();
    });
  }
  double bare_writes(clockid_t clock) {
    return per_call(clock, scale_.writes, [&] {
      for (std::size_t i = 0; i < scale_.writes; i += kGroup) {
        bare_.begin();
        for (std::size_t at = 0; at < kGroup; ++at) bare_.put(keys_[any_row()], next_value());
        bare_.commit();
      }
    });
  }

  // What a put took the caller, of all that were made.
  double call_us(double quantile) {
    std::sort(calls_.begin(), calls_.end());
    return calls_[static_cast<std::size_t>(quantile * static_cast<double>(calls_.size() - 1))] *
           1e6;
  }
  void forget_calls() { calls_.clear(); }
  [[nodiscard]] std::size_t checksum() const { return checksum_; }

 private:
  [[nodiscard]] KeyRef ref(std::size_t row) const { return {keys_[row], hashes_[row], {}}; }
  std::size_t any_row() {
    state_ = state_ * 6364136223846793005ULL + 1442695040888963407ULL;
    return static_cast<std::size_t>((state_ >> 33) % scale_.rows);
  }
  // Pages whose bytes do not change are not written, so they change.
  const std::string& next_value() {
    ++version_;
    std::memcpy(record_.payload.data() + 100, &version_, sizeof(version_));
    std::memcpy(record_.payload.data() + 900, &version_, sizeof(version_));
    return record_.payload;
  }
  void put(std::size_t row) {
    next_value();
    record_.key_text = keys_[row];
    record_.labels.assign(1, strata::tag("region-" + std::to_string(row % 1'000)));
    const strata::Ticket ticket = tier_->position();
    if (!tier_->put(ref(row), &record_, ticket, {}).ok()) fail("a put failed");
  }
  static double per_call(clockid_t clock, std::size_t calls, const std::function<void()>& body) {
    const double start = seconds_of(clock);
    body();
    return (seconds_of(clock) - start) * 1e6 / static_cast<double>(calls);
  }

  const Scale scale_;
  BareTable bare_;
  std::unique_ptr<strata::Tier> tier_;
  std::vector<std::string> keys_;
  std::vector<std::uint64_t> hashes_;
  std::vector<double> calls_;
  Record record_;
  std::uint64_t version_ = 0;
  std::uint64_t state_ = 1;
  std::size_t checksum_ = 0;
};

void print(const std::vector<Row>& rows, Bench& bench, bool as_json) {
  const double p50 = bench.call_us(0.5);
  const double p99 = bench.call_us(0.99);
  if (as_json) {
    std::printf("{\"rows\":[");
    for (const Row& row : rows) {
      std::printf(
          "%s{\"name\":\"%s\",\"tier_us\":%.3f,\"bare_us\":%.3f,\"ratio\":%.3f,"
          "\"ratio_low\":%.3f,\"ratio_high\":%.3f,\"limit\":%.2f}",
          &row == &rows.front() ? "" : ",", row.name.c_str(), row.tier_us, row.bare_us, row.ratio,
          row.least, row.most, row.limit);
    }
    std::printf("],\"put_call_us_p50\":%.3f,\"put_call_us_p99\":%.3f,\"checksum\":%zu}\n", p50, p99,
                bench.checksum());
    return;
  }
  std::printf("%-34s %9s %9s  %-20s %s\n", "", "tier us", "bare us", "ratio", "limit");
  for (const Row& row : rows) {
    std::printf("%-34s %9.2f %9.2f  %.2f [%.2f, %.2f]    %.1f\n", row.name.c_str(), row.tier_us,
                row.bare_us, row.ratio, row.least, row.most, row.limit);
  }
  std::printf("the put call itself: p50 %.2f us, p99 %.2f us; limit of p50: 2 us\n", p50, p99);
  std::printf("checksum %zu\n", bench.checksum());
}

}  // namespace

int main(int count, char** arguments) {
  Scale scale;
  bool as_json = false;
  for (int i = 1; i < count; ++i) {
    const std::string_view argument = arguments[i];
    if (argument == "--json") {
      as_json = true;
    } else if (argument == "--smoke") {
      scale = {.rows = 2'000, .pairs = 3, .write_pairs = 3, .reads = 500, .writes = 1'000};
    } else {
      std::fprintf(stderr, "usage: sqlite_tier [--smoke] [--json]\n");
      return 2;
    }
  }
  std::string folder = (std::filesystem::temp_directory_path() / "strata-bench-XXXXXX").string();
  if (mkdtemp(folder.data()) == nullptr) fail("cannot make a folder for the files");
  {
    Bench bench(folder, scale);
    std::vector<Row> rows;
    rows.push_back(compare(
        "read of one key, thread CPU", 1.5, scale.pairs, [&] { return bench.tier_reads(); },
        [&] { return bench.bare_reads(); }));
    rows.push_back(compare(
        "read of 100 keys, per key, thread CPU", 1.3, scale.pairs,
        [&] { return bench.tier_batches(); }, [&] { return bench.bare_batches(); }));
    bench.forget_calls();
    rows.push_back(compare(
        "sustained puts, process CPU", 1.5, scale.write_pairs,
        [&] { return bench.tier_writes(CLOCK_PROCESS_CPUTIME_ID); },
        [&] { return bench.bare_writes(CLOCK_PROCESS_CPUTIME_ID); }));
    rows.push_back(compare(
        "sustained puts, wall", 1.5, scale.write_pairs,
        [&] { return bench.tier_writes(CLOCK_MONOTONIC); },
        [&] { return bench.bare_writes(CLOCK_MONOTONIC); }));
    print(rows, bench, as_json);
  }
  std::filesystem::remove_all(folder);
  return 0;
}
