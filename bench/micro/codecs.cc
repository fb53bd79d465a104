// What packing costs: compression and encryption of JSON, and a read of SQLite down to the bytes.
//
//   codecs [--smoke] [--runs N]
//
// Values are 10 KiB of JSON, 16 different ones. Five runs each, or N; prints the microseconds of
// thread CPU time per value, fastest, median and slowest run, the ratio, and a checksum of what was
// read. "sqlite" is get() of the tier alone; the rows below it add what they say. The JSON is not
// parsed.
#include <stdlib.h>
#include <time.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "strata/codecs/compression.h"
#include "strata/codecs/encryption.h"
#include "strata/core/key.h"
#include "strata/ports/clock.h"
#include "strata/ports/random.h"
#include "strata/sqlite/sqlite_tier.h"

namespace {

using strata::CompressionId;
using strata::Record;

constexpr std::size_t kValueBytes = 10'240;
constexpr std::size_t kValues = 16;

double cpu_seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

// Issues of a tracker: names that repeat, texts that do not.
std::string issue_json(strata::Random& random) {
  constexpr const char* kWords[] = {"cache", "returns",  "stale", "value",  "after",   "restart",
                                    "when",  "the",      "disk",  "is",     "full",    "and",
                                    "load",  "finished", "late",  "tester", "reports", "again"};
  std::string text = "{\"issues\":[";
  while (text.size() < kValueBytes) {
    text += "{\"id\":" + std::to_string(random.next() % 1'000'000) + ",\"key\":\"PROJECT-" +
            std::to_string(random.next() % 10'000) +
            "\",\"fields\":{\"status\":{\"name\":\"Open\"},\"assignee\":{\"id\":\"" +
            std::to_string(random.next()) + "\",\"active\":true},\"summary\":\"";
    for (int i = 0; i < 12; ++i) text += std::string(kWords[random.next() % 18]) + " ";
    text += "\"}},";
  }
  text.resize(kValueBytes);
  return text;
}

// Seconds per call of `work`, once per run.
void measure(const char* name, int runs, std::size_t calls, double ratio,
             const std::function<void(std::size_t)>& work) {
  std::vector<double> seconds;
  for (int run = 0; run < runs; ++run) {
    const double begin = cpu_seconds();
    for (std::size_t i = 0; i < calls; ++i) work(i);
    seconds.push_back((cpu_seconds() - begin) / static_cast<double>(calls));
  }
  std::sort(seconds.begin(), seconds.end());
  std::printf("%-36s %8.2f %8.2f %8.2f", name, seconds.front() * 1e6,
              seconds[seconds.size() / 2] * 1e6, seconds.back() * 1e6);
  if (ratio > 0) std::printf("   %.2f : 1", ratio);
  std::printf("\n");
}

Record record_of(const std::string& value, std::size_t number) {
  Record record;
  record.key_text = "1:issues::" + std::to_string(number);
  record.group = {strata::keyspace("issues")};
  record.labels = {strata::tag("project:7"), strata::tag("board:12")};
  record.raw_size = static_cast<std::uint32_t>(value.size());
  record.payload = value;
  const auto clock = strata::system_clock();
  record.lifetime = {.written_wall = clock->wall_now(),
                     .written_since_boot = clock->now().since_boot,
                     .boot_id = clock->boot_id(),
                     .fresh_for = std::chrono::hours(1),
                     .keep_for = std::chrono::hours(2)};
  return record;
}

struct Bench {
  int runs = 5;
  std::size_t calls = 2'000;
  std::uint64_t checksum = 0;
  std::vector<std::string> values;
  strata::Compressor compressor;
  std::shared_ptr<const strata::KeyRing> keys;

  void compression(const char* name, strata::CompressionOptions options) {
    options.above_bytes = 0;
    std::vector<std::string> packed;
    std::size_t bytes = 0;
    for (const std::string& value : values) {
      packed.push_back(compressor.compress(value, options).value());
      bytes += packed.back().size();
    }
    const double ratio = static_cast<double>(kValues * kValueBytes) / static_cast<double>(bytes);
    const std::string text(name);
    measure((text + ", compress").c_str(), runs, calls, ratio, [&](std::size_t i) {
      checksum += compressor.compress(values[i % kValues], options)->size();
    });
    measure((text + ", decompress").c_str(), runs, calls, 0, [&](std::size_t i) {
      const std::string& one = packed[i % kValues];
      checksum += compressor.decompress(options.method, one, kValueBytes)->back();
    });
  }

  void encryption(const char* name, std::size_t bytes) {
    const Record plain = record_of(values[0].substr(0, bytes), 0);
    Record record = plain;
    const std::string text(name);
    measure((text + ", encrypt").c_str(), runs, calls, 0, [&](std::size_t) {
      record.payload = plain.payload;
      record.encrypted = false;
      strata::encrypt(record, *keys).value();
      checksum += static_cast<unsigned char>(record.payload.back());
    });
    Record sealed = plain;
    strata::encrypt(sealed, *keys).value();
    measure((text + ", decrypt").c_str(), runs, calls, 0,
            [&](std::size_t) { checksum += strata::decrypt(sealed, keys.get())->size(); });
  }

  void tier(const std::string& folder) {
    const auto tier = strata::open_sqlite_tier({.path = folder + "/bench.db", .readers = 1},
                                               strata::system_clock(), strata::seeded_random(1))
                          .value();
    enum { kPlain, kPacked, kSealed };
    constexpr const char* kNames[] = {"sqlite", "sqlite, zstd 3 to bytes",
                                      "sqlite, decrypted, zstd 3 to bytes"};
    std::vector<std::string> stored;
    for (std::size_t i = 0; i < 3 * kValues; ++i) {
      Record record = record_of(values[i % kValues], i);
      if (i / kValues != kPlain) {
        record.payload = compressor.compress(record.payload, {.above_bytes = 0}).value();
        record.compression = CompressionId::kZstd;
      }
      if (i / kValues == kSealed) strata::encrypt(record, *keys).value();
      stored.push_back(record.key_text);
      (void)tier->fill(record, tier->position(), {}).value();
    }
    tier->flush({}).value();
    for (const int kind : {kPlain, kPacked, kSealed}) {
      measure(kNames[kind], runs, calls, 0, [&](std::size_t i) {
        const std::string& key = stored[static_cast<std::size_t>(kind) * kValues + i % kValues];
        const auto found = tier->get({.text = key, .hash = strata::key_hash(key)}, {});
        const Record& record = **found;
        std::string payload;
        if (record.encrypted) payload = strata::decrypt(record, keys.get()).value();
        const std::string_view packed = record.encrypted ? payload : record.payload;
        checksum +=
            record.compression == CompressionId::kNone
                ? packed.size()
                : compressor.decompress(record.compression, packed, record.raw_size)->size();
      });
    }
    tier->close({});
  }
};

}  // namespace

int main(int argc, char** argv) {
  Bench bench;
  for (int i = 1; i < argc; ++i) {
    if (std::strcmp(argv[i], "--smoke") == 0) {
      bench.runs = 1;
      bench.calls = 50;
    } else if (std::strcmp(argv[i], "--runs") == 0 && i + 1 < argc) {
      bench.runs = std::max(1, std::atoi(argv[++i]));
    } else {
      std::fprintf(stderr, "usage: codecs [--smoke] [--runs N]\n");
      return 2;
    }
  }
  const auto random = strata::seeded_random(1);
  while (bench.values.size() < kValues) bench.values.push_back(issue_json(*random));
  bench.keys = strata::KeyRing::parse(strata::make_encryption_key().value(), "keys").value();

  std::printf("%d runs of %zu values of 10 KiB JSON; us per value, thread CPU time\n", bench.runs,
              bench.calls);
  std::printf("%-36s %8s %8s %8s   ratio\n", "", "least", "median", "most");
  bench.compression("zstd 1", {.method = CompressionId::kZstd, .level = 1});
  bench.compression("zstd 3", {.method = CompressionId::kZstd});
  bench.compression("zstd 9", {.method = CompressionId::kZstd, .level = 9});
  bench.compression("zlib 6", {.method = CompressionId::kZlib});
  bench.compression("lz4", {.method = CompressionId::kLz4});
  bench.encryption("1 KiB", 1'024);
  bench.encryption("10 KiB", kValueBytes);
  char folder[] = "/tmp/strata-codecs-XXXXXX";
  if (::mkdtemp(folder) == nullptr) return 1;
  bench.tier(folder);
  std::filesystem::remove_all(folder);
  std::printf("checksum %016llx\n", static_cast<unsigned long long>(bench.checksum));
  return 0;
}
