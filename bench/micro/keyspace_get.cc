// A memory hit through Keyspace<V>::get on one thread, beside a plain LRU of the standard library.
//
//   keyspace_get [--smoke] [--entries N] [--runs N]
//
// Keys of 40 bytes, values of 100, all of them in memory, inserted in random order. What is asked
// for is laid out in the order of its use, so that making a key and fetching it is not measured.
// Five runs each, or N, over Zipf-popular (0.99) and over uniform keys; prints the nanoseconds of
// thread CPU time per hit, fastest, median and slowest run, and a checksum of what was read.
#include <time.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "strata/memory/memory_tier.h"
#include "strata/ports/executor.h"
#include "strata/ports/random.h"
#include "strata/tiered/cache.h"

namespace {

constexpr std::size_t kValueBytes = 100;
constexpr double kSkew = 0.99;

double cpu_seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

std::string key_of(std::size_t number) {
  std::string key = "issue:project-0000000000:revision-0000000";
  key.resize(40);
  const std::string digits = std::to_string(number);
  key.replace(24 - digits.size(), digits.size(), digits);
  return key;
}

// Numbers below `entries` in the order of their use; popular ones are spread over all of them.
std::vector<std::size_t> choose(std::size_t entries, bool zipf, strata::Random& random) {
  std::vector<std::size_t> numbers(entries);
  std::vector<double> sums(zipf ? entries : 0);
  double sum = 0;
  for (std::size_t i = 0; i < sums.size(); ++i) {
    sum += 1 / std::pow(static_cast<double>(i + 1), kSkew);
    sums[i] = sum;
  }
  for (std::size_t& number : numbers) {
    number = random.next() % entries;
    if (!zipf) continue;
    const double at = static_cast<double>(random.next() >> 11) * 0x1.0p-53 * sum;
    const auto rank = std::lower_bound(sums.begin(), sums.end(), at) - sums.begin();
    number = static_cast<std::size_t>(rank) * 2'654'435'761 % entries;
  }
  return numbers;
}

// All numbers below `entries` in random order.
std::vector<std::size_t> shuffled(std::size_t entries, strata::Random& random) {
  std::vector<std::size_t> numbers(entries);
  for (std::size_t i = 0; i < entries; ++i) numbers[i] = i;
  for (std::size_t i = entries; i > 1; --i) std::swap(numbers[i - 1], numbers[random.next() % i]);
  return numbers;
}

// What anybody writes first: a map, a list in the order of use, one lock, shared values.
class PlainLru {
 public:
  using Value = std::shared_ptr<const std::string>;
  explicit PlainLru(std::size_t entries) { map_.reserve(entries); }

  void put(const std::string& key, std::string value) {
    const std::lock_guard lock(mutex_);
    order_.push_front(key);
    map_[key] = {std::make_shared<const std::string>(std::move(value)), order_.begin()};
  }
  Value get(const std::string& key) {
    const std::lock_guard lock(mutex_);
    const auto found = map_.find(key);
    if (found == map_.end()) return nullptr;
    order_.splice(order_.begin(), order_, found->second.place);
    return found->second.value;
  }

 private:
  struct Node {
    Value value;
    std::list<std::string>::iterator place;
  };
  std::mutex mutex_;
  std::list<std::string> order_;
  std::unordered_map<std::string, Node> map_;
};

strata::Cache make_cache(std::size_t entries) {
  const auto clock = strata::system_clock();
  strata::CacheParts parts;
  parts.hot = strata::memory_tier({.max_bytes = entries * 768}, clock, strata::seeded_random(1));
  parts.clock = clock;
  parts.executor = strata::thread_pool({.threads = 1});
  return strata::Cache(std::move(parts));
}

// Reads keys in each of the ways; returns the sum of a byte of every value.
struct Reader {
  strata::Keyspace<std::string>& values;
  PlainLru& plain;
  std::uint64_t misses = 0;

  using Keys = std::vector<std::string>;
  static std::uint64_t byte_of(const std::string& value) {
    return static_cast<unsigned char>(value[0]);
  }
  std::uint64_t get(const Keys& keys) {
    std::uint64_t sum = 0;
    for (const std::string& key : keys) {
      const auto found = values.get(key);
      found ? sum += byte_of(*found) : ++misses;
    }
    return sum;
  }
  std::uint64_t get_or_load(const Keys& keys) {
    std::uint64_t sum = 0;
    for (const std::string& key : keys) {
      sum += byte_of(*values.get_or_load(key, [&](strata::Load&) {
        ++misses;
        return std::string(kValueBytes, 'x');
      }));
    }
    return sum;
  }
  std::uint64_t visit(const Keys& keys) {
    std::uint64_t sum = 0;
    for (const std::string& key : keys) {
      values.visit(key, [&](const std::string& value) { sum += byte_of(value); });
    }
    return sum;
  }
  std::uint64_t get_plain(const Keys& keys) {
    std::uint64_t sum = 0;
    for (const std::string& key : keys) {
      const auto found = plain.get(key);
      found ? sum += byte_of(*found) : ++misses;
    }
    return sum;
  }
};

// Runs `read(key)` over all of `keys`; it returns a byte of the value, or -1.
void measure(const char* what, const std::vector<std::string>& keys,
             const std::function<std::uint64_t(const std::vector<std::string>&)>& read,
             int run_count, std::uint64_t& checksum) {
  std::vector<double> runs;
  checksum += read(keys);
  for (int i = 0; i < run_count; ++i) {
    const double start = cpu_seconds();
    checksum += read(keys);
    runs.push_back((cpu_seconds() - start) * 1e9 / static_cast<double>(keys.size()));
  }
  std::sort(runs.begin(), runs.end());
  std::printf("%-36s %7.0f %7.0f %7.0f\n", what, runs.front(), runs[runs.size() / 2], runs.back());
}

}  // namespace

int main(int argc, char** argv) {
  std::size_t entries = 1'000'000;
  int run_count = 5;
  for (int i = 1; i < argc; ++i) {
    if (std::strcmp(argv[i], "--smoke") == 0) entries = 2'000;
    if (std::strcmp(argv[i], "--entries") == 0 && i + 1 < argc) {
      entries = std::max(1ULL, std::strtoull(argv[i + 1], nullptr, 10));
    }
    if (std::strcmp(argv[i], "--runs") == 0 && i + 1 < argc) {
      run_count = std::max(1, std::atoi(argv[i + 1]));
    }
  }
  const auto random = strata::seeded_random(7);
  strata::Cache cache = make_cache(entries);
  auto values = cache.keyspace<std::string>("value", {.ttl = std::chrono::hours(9)});
  PlainLru plain(entries);
  for (const std::size_t number : shuffled(entries, *random)) {
    const std::string value(kValueBytes, static_cast<char>('a' + number % 26));
    if (!values.put(key_of(number), value).stored()) return 1;
    plain.put(key_of(number), value);
  }

  Reader reader{values, plain};
  const auto get = [&](const auto& keys) { return reader.get(keys); };
  const auto get_or_load = [&](const auto& keys) { return reader.get_or_load(keys); };
  const auto visit = [&](const auto& keys) { return reader.visit(keys); };
  const auto get_plain = [&](const auto& keys) { return reader.get_plain(keys); };

  std::uint64_t checksum = 0;
  std::printf("%zu entries, %d runs of as many hits; ns per hit, thread CPU time\n", entries,
              run_count);
  std::printf("%-36s %7s %7s %7s\n", "", "least", "median", "most");
  for (const bool zipf : {true, false}) {
    std::vector<std::string> keys;
    keys.reserve(entries);
    for (const std::size_t number : choose(entries, zipf, *random)) keys.push_back(key_of(number));
    measure(zipf ? "Keyspace<V>::get, Zipf" : "Keyspace<V>::get, uniform", keys, get, run_count,
            checksum);
    measure(zipf ? "Keyspace<V>::get_or_load, Zipf" : "Keyspace<V>::get_or_load, uniform", keys,
            get_or_load, run_count, checksum);
    measure(zipf ? "Keyspace<V>::visit, Zipf" : "Keyspace<V>::visit, uniform", keys, visit,
            run_count, checksum);
    measure(zipf ? "plain LRU, Zipf" : "plain LRU, uniform", keys, get_plain, run_count, checksum);
  }
  std::printf("checksum %016llx, misses %llu\n", static_cast<unsigned long long>(checksum),
              static_cast<unsigned long long>(reader.misses));
  return reader.misses == 0 ? 0 : 1;
}
