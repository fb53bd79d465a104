// The demo: the cache at work on real data, what it is worth, and the proof that no read is stale.
//
// It starts an HTTP origin over 6,093 Debian packages on a free port of the loopback interface
// and a SQLite origin with 418 places, puts Strata with memory and SQLite in front of both, and
// lets them meet traffic, changes, a burst, an outage, a restart and a kill. Every read is
// checked against the history of the origins (history.h).
//
// Threads   run_demo() starts its own and joins them; it forks, so the process may have one
//           thread when it is called. SIGINT ends it orderly meanwhile.
// Files     All in a temporary folder that is gone when it returns.
#pragma once

#include <cstdint>
#include <string>

namespace strata::cli {

struct DemoArguments {
  bool json = false;        // the report as JSON, strata.demo/1
  bool quiet = false;       // no progress bar, and of the report the verdict only
  std::uint64_t seed = 0;   // of all that is random; 0: another one each time
  std::string break_name;   // a rule of the protocol to break, in builds with mutants
  std::string data_dir;     // of packages.tsv and places.tsv; empty: those that came along
  unsigned reads = 50'000;  // of the first phase
  unsigned threads = 16;    // that read; most of the time they wait for the origin
};

// Runs it, prints, and returns the program's exit code: 0 only if all is as promised, 2 for
// arguments that cannot be, 130 after an interrupt, else 1.
[[nodiscard]] int run_demo(const DemoArguments& arguments);

}  // namespace strata::cli
