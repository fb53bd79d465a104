// Traffic: many threads that read and change a few hot keys and many cold ones through a cache,
// and judge every answer.
//
// The origin's value of a key is its version. A change raises the version, tells the cache, and
// when the call has returned raises the key's floor to it. A read takes the floor before it
// begins; an answer below it is a violation. So a judgement costs one comparison, and there are
// no false alarms.
//
// Changes of one key follow each other, so that also what a put stores has one place in the
// order. Versions that are multiples of seven do not exist in the origin.
//
// Threads   run() belongs to the test's thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "strata/tiered/cache.h"

namespace strata::stress {

struct TrafficOptions {
  std::uint64_t operations = 1'000'000;  // of all threads together
  std::size_t threads = 16;
  std::uint32_t hot_keys = 64;
  std::uint32_t cold_keys = 100'000;
  std::uint64_t max_entries = 20'000;  // in memory: less than there are keys
  std::uint64_t seed = 1;
  std::string sqlite_path;  // of a tier below memory; none if empty
};

struct TrafficResult {
  std::uint64_t operations = 0;
  std::uint64_t answers = 0;  // that were judged
  std::uint64_t hits = 0;
  std::uint64_t loads = 0;
  std::uint64_t changes = 0;
  std::uint64_t absences = 0;  // answers that nothing exists
  std::uint64_t violations = 0;
  std::string story;  // of the first violation
};

class Traffic {
 public:
  explicit Traffic(const TrafficOptions& options);
  ~Traffic();
  Traffic(const Traffic&) = delete;
  Traffic& operator=(const Traffic&) = delete;

  // Ends early at the first violation.
  TrafficResult run();

  [[nodiscard]] Cache& cache();

 private:
  struct State;
  class Client;
  std::unique_ptr<State> state_;
};

}  // namespace strata::stress
