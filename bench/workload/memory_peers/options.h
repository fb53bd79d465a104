// Options of the program: what is compared, how large, how often.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace strata::bench {

struct Options {
  std::vector<std::size_t> entries{100'000, 1'000'000};
  std::vector<std::string> keys{"string", "int"};
  std::vector<std::string> workloads{"memory", "zipf", "uniform", "mix", "churn"};
  std::vector<std::size_t> threads{1, 2};
  std::vector<std::string> peers;  // parts of names; empty: all
  std::size_t rounds = 11;
  std::size_t operations = 0;  // of one thread in one run; 0: half the entries, at least 200,000
  double seconds = 60;         // of churn, and as many of the idle loop
  bool json = false;

  [[nodiscard]] bool has_workload(const std::string& name) const;
  [[nodiscard]] bool has_peer(const std::string& name) const;
  [[nodiscard]] std::size_t operations_for(std::size_t entry_count) const;
};

// Exits, with the usage, if the arguments are none of the program's.
[[nodiscard]] Options parse_options(int count, char** arguments);

}  // namespace strata::bench
