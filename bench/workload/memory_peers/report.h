// Report: the results, as tables that can be pasted into bench/results, or as one JSON object.
//
// Threads   Confined to one thread. With JSON nothing is printed before finish().
#pragma once

#include <string>
#include <vector>

#include "workload/memory_peers/churn.h"
#include "workload/memory_peers/memory_use.h"
#include "workload/memory_peers/rounds.h"

namespace strata::bench {

// What a table is about.
struct Setting {
  std::size_t entries = 0;
  std::string keys;
  std::string workload;
  std::size_t rounds = 0;
  std::size_t operations = 0;
};

class Report {
 public:
  Report(bool json, int count, char** arguments);
  void add(const Setting& setting, const std::vector<Series>& all);
  void add(const Setting& setting, const std::vector<MemoryRow>& rows);
  void add(const ChurnReport& churn);
  void finish();

 private:
  bool json_;
  std::string text_;  // of the JSON object so far
  std::uint64_t checksum_ = 0;
};

}  // namespace strata::bench
