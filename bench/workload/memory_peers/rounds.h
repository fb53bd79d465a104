// Rounds: every peer runs a little, one after the other, again and again.
//
// In a round all peers answer the same queries, which no earlier round asked; who begins changes,
// and so does the direction. The first fifth of a run is not timed: it brings back what the others
// have displaced from the processor's caches. Runs of one thread and of several have queries of
// their own.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "strata/ports/random.h"
#include "workload/memory_peers/crew.h"
#include "workload/memory_peers/peer.h"

namespace strata::bench {

// What one peer did with so many threads, by round.
struct Series {
  std::string peer;
  std::size_t threads = 1;
  std::vector<double> ns;       // per operation: thread CPU time of one, wall time of several
  std::vector<double> wall_ns;  // per operation
  Tally tally;
  std::uint64_t wrong = 0;
  [[nodiscard]] double hit_rate() const {
    const double reads = static_cast<double>(tally.hits + tally.misses);
    return reads > 0 ? static_cast<double>(tally.hits) / reads : 0;
  }
};

struct Plan {
  std::size_t rounds = 0;
  std::size_t operations = 0;  // timed, of one thread in one run
  std::vector<std::size_t> threads;
  unsigned set_percent = 0;
  bool all_resident = true;  // else reads go through
};

template <typename Key>
struct NamedPeer {
  std::string name;
  std::unique_ptr<Peer<Key>> peer;
};

// By peer, then by number of threads. Exits if a value is wrong, or absent where all is resident.
template <typename Key>
[[nodiscard]] std::vector<Series> run_rounds(const std::vector<NamedPeer<Key>>& peers,
                                             const Plan& plan, const Chooser& chooser,
                                             Random& random, Crew& crew);

[[noreturn]] void fail(const std::string& what);

}  // namespace strata::bench
