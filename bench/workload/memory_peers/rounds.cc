#include "workload/memory_peers/rounds.h"

#include <cstdio>
#include <cstdlib>
#include <span>

namespace strata::bench {
namespace {

template <typename Key>
class Rounds {
 public:
  Rounds(const Plan& plan, const Chooser& chooser, Random& random, Crew& crew)
      : plan_(plan), chooser_(chooser), random_(random), crew_(crew) {
    for (const std::size_t threads : plan.threads) {
      streams_.emplace_back(threads, Queries<Key>(plan.operations + warm_up()));
    }
  }

  void prepare() {
    for (auto& of_threads : streams_) {
      for (Queries<Key>& stream : of_threads) lay_out(chooser_, plan_.set_percent, random_, stream);
    }
  }

  void run(Peer<Key>& peer, std::size_t which, Series& series) {
    const std::vector<Queries<Key>>& streams = streams_[which];
    crew_.run(streams.size(), [&](std::size_t thread) {
      answer(peer, std::span(streams[thread]).first(warm_up()));
    });
    std::vector<Tally> tallies(streams.size());
    const RunTime time = crew_.run(streams.size(), [&](std::size_t thread) {
      tallies[thread] = answer(peer, std::span(streams[thread]).subspan(warm_up()));
    });
    const double operations = static_cast<double>(plan_.operations);
    series.ns.push_back((streams.size() == 1 ? time.cpu_ns : time.wall_ns) / operations);
    series.wall_ns.push_back(time.wall_ns / operations);
    for (std::size_t thread = 0; thread < streams.size(); ++thread) {
      check(std::span(streams[thread]).subspan(warm_up()), tallies[thread], series);
      series.tally += tallies[thread];
    }
  }

  // Compares whole values; not timed.
  std::uint64_t wrong_answers(Peer<Key>& peer, std::size_t which) {
    std::uint64_t wrong = 0;
    for (const Queries<Key>& stream : streams_[which]) wrong += peer.wrong_answers(stream);
    return wrong;
  }

 private:
  [[nodiscard]] std::size_t warm_up() const { return plan_.operations / 4; }

  Tally answer(Peer<Key>& peer, std::span<const Query<Key>> queries) {
    return plan_.all_resident ? peer.read(queries) : peer.read_through(queries);
  }

  void check(std::span<const Query<Key>> queries, const Tally& tally, const Series& series) {
    std::uint64_t expected = 0;
    for (const Query<Key>& query : queries) {
      const Value value = value_of(query.number);
      if (!query.is_set) expected += byte_of(value.bytes.data());
    }
    if (plan_.all_resident && tally.misses > 0) {
      fail(series.peer + ": " + std::to_string(tally.misses) + " misses though all is resident");
    }
    if (tally.sum != expected) fail(series.peer + ": a value is wrong");
  }

  const Plan& plan_;
  const Chooser& chooser_;
  Random& random_;
  Crew& crew_;
  std::vector<std::vector<Queries<Key>>> streams_;  // by plan's numbers of threads, by thread
};

}  // namespace

void fail(const std::string& what) {
  std::fprintf(stderr, "memory_peers: %s\n", what.c_str());
  std::exit(1);
}

template <typename Key>
std::vector<Series> run_rounds(const std::vector<NamedPeer<Key>>& peers, const Plan& plan,
                               const Chooser& chooser, Random& random, Crew& crew) {
  std::vector<Series> all;
  for (const NamedPeer<Key>& peer : peers) {
    for (const std::size_t threads : plan.threads) {
      all.push_back({.peer = peer.name, .threads = threads});
    }
  }
  Rounds<Key> rounds(plan, chooser, random, crew);
  const std::size_t kinds = plan.threads.size();
  for (std::size_t round = 0; round < plan.rounds; ++round) {
    rounds.prepare();
    for (std::size_t which = 0; which < kinds; ++which) {
      for (std::size_t turn = 0; turn < peers.size(); ++turn) {
        const std::size_t place = (round + turn) % peers.size();
        const std::size_t at = round % 2 == 0 ? place : peers.size() - 1 - place;
        rounds.run(*peers[at].peer, which, all[at * kinds + which]);
      }
    }
  }
  for (std::size_t i = 0; i < all.size(); ++i) {
    all[i].wrong = rounds.wrong_answers(*peers[i / kinds].peer, i % kinds);
    if (all[i].wrong > 0) fail(all[i].peer + ": answers are not the values of their keys");
  }
  return all;
}
template std::vector<Series> run_rounds(const std::vector<NamedPeer<std::string>>&, const Plan&,
                                        const Chooser&, Random&, Crew&);
template std::vector<Series> run_rounds(const std::vector<NamedPeer<std::uint64_t>>&, const Plan&,
                                        const Chooser&, Random&, Crew&);

}  // namespace strata::bench
