// Reliability: what one reliability test did, in numbers.
//
//   Reliability report("R5", "kill -9 while a process works on a cache");
//   report.count("rounds", 200).violations("stale values", oracle.stale).seeds(1, 2);
//   report.percentiles("reopen_us", samples);
//
// When it goes out of scope it writes a file of JSON with the name of the running test, into the
// folder that STRATA_RELIABILITY names, or `reliability` in the folder of the build.
// scripts/reliability_report.py makes one report of them. A report alone fails no test, except that
// violations do.
//
// Threads   Confined to the test that owns it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace strata::testkit {

class Reliability {
 public:
  // `id` is that of docs/reliability.md.
  Reliability(std::string id, std::string what);
  ~Reliability();
  Reliability(const Reliability&) = delete;
  Reliability& operator=(const Reliability&) = delete;

  // How often something was done. Names are plural: "rounds", "faults".
  Reliability& count(std::string_view name, std::uint64_t number);
  // How often a promise was broken: more than zero fails the test.
  Reliability& violations(std::string_view name, std::uint64_t number);
  // The seeds from `first` to `last` were used.
  Reliability& seeds(std::uint64_t first, std::uint64_t last);
  // A measured number, and the percentiles of many. The unit is last in the name.
  Reliability& figure(std::string_view name, double number);
  Reliability& percentiles(std::string_view name, std::vector<double> samples);
  // A broken variant that this test was run with, and after how many rounds it was found.
  Reliability& found(std::string_view mutant, std::uint64_t rounds);

  [[nodiscard]] std::string json() const;

 private:
  using Numbers = std::vector<std::pair<std::string, double>>;

  std::string id_;
  std::string what_;
  Numbers counts_, violations_, figures_, found_;
  std::vector<std::pair<std::string, Numbers>> percentiles_;
  std::uint64_t first_seed_ = 0;
  std::uint64_t last_seed_ = 0;
};

}  // namespace strata::testkit
