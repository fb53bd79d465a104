// The memory tier beside its peers: RocksDB's caches, oneTBB's map, a list behind a mutex and, as
// limit, a map without locks or policy; in one process, by turns.
//
//   memory_peers [--entries N,...] [--keys string,int] [--threads N,...]
//                [--workload memory,zipf,uniform,mix,churn] [--peers PART_OF_NAME,...]
//                [--rounds N] [--operations N] [--seconds S] [--json] [--smoke]
//
// Hits (zipf, uniform): everything is resident. Keys are laid out in the order of their use before
// the clock runs; what a peer makes of a key, its hash first, is timed. Mix: twice as many keys as
// fit, Zipf 0.99, 5 % sets, and what a read does not find is put. Memory: what the filled peers
// take. Churn: the tier alone, see churn.h.
//
// A ratio below 1.2 is worth telling from --rounds 41. Wrong values, and misses where everything
// is resident, end the program. Nothing else may run on the machine.
#include <cstdio>

#include "strata/memory/memory_tier.h"
#include "strata/ports/clock.h"
#include "workload/memory_peers/options.h"
#include "workload/memory_peers/report.h"
#include "workload/memory_peers/strata_entries.h"

namespace strata::bench {
namespace {

constexpr unsigned kSetPercent = 5;
// Sharded caches are not filled evenly.
constexpr std::size_t roomy(std::size_t entries) { return entries + entries / 8 + 100; }

template <typename Key>
class Comparison {
 public:
  Comparison(const Options& options, std::string keys, std::size_t entries, Crew& crew,
             Report& report)
      : options_(options), entries_(entries), crew_(crew), report_(report) {
    setting_ = {.entries = entries,
                .keys = std::move(keys),
                .rounds = options.rounds,
                .operations = options.operations_for(entries)};
  }

  void run() {
    const bool zipf = options_.has_workload("zipf");
    const bool uniform = options_.has_workload("uniform");
    if (zipf || uniform || options_.has_workload("memory")) {
      const std::vector<NamedPeer<Key>> peers = filled_peers();
      if (zipf) compare("hits, Zipf 0.99", peers, entries_, Chooser::Popularity::kZipf);
      if (uniform) compare("hits, uniform", peers, entries_, Chooser::Popularity::kUniform);
    }
    if (options_.has_workload("mix")) {
      const std::vector<NamedPeer<Key>> peers = evicting_peers();
      compare("mix of 95 % reads through and 5 % sets, Zipf 0.99", peers, 2 * entries_,
              Chooser::Popularity::kZipf);
    }
  }

 private:
  static std::vector<PeerKind<Key>> kinds() {
    std::vector<PeerKind<Key>> all = strata_peers<Key>();
    for (PeerKind<Key>& kind : rocksdb_peers<Key>()) all.push_back(std::move(kind));
    for (PeerKind<Key>& kind : map_peers<Key>()) all.push_back(std::move(kind));
    return all;
  }

  void fill(Peer<Key>& peer, const std::vector<std::uint32_t>& numbers) {
    Query<Key> query;
    for (const std::uint32_t number : numbers) {
      query.number = number;
      write_key(number, query.key);
      peer.put(query);
    }
  }

  MemoryRow row_of(const std::string& name, const MemoryUse& before, std::uint64_t own_bytes) {
    const MemoryUse after = MemoryUse::now();
    const double count = static_cast<double>(entries_);
    MemoryRow row{.peer = name,
                  .allocated = (after.allocated_bytes - before.allocated_bytes) / count,
                  .resident = (after.resident_bytes - before.resident_bytes) / count,
                  .own_count = static_cast<double>(own_bytes) / count};
    row.metadata = row.allocated - static_cast<double>(key_bytes<Key>() + kValueBytes);
    return row;
  }

  // The tier with entries that carry a tag of a hundred entries each.
  MemoryRow tagged_row(const std::vector<std::uint32_t>& numbers) {
    const MemoryUse before = MemoryUse::now();
    const auto tier = memory_tier({.max_entries = roomy(entries_), .max_bytes = kEnoughBytes},
                                  system_clock(), seeded_random(1));
    {
      Labels tags;
      for (std::size_t i = 0; i <= entries_ / 100; ++i) {
        tags.push_back(tag("org:" + std::to_string(i)));
      }
      Key key{};
      for (const std::uint32_t number : numbers) {
        write_key(number, key);
        const KeyRef ref = key_ref(key);
        tier->fill(make_entry<Value>(ref, value_of(number), true, &tags[number / 100]),
                   tier->position());
      }
    }
    return row_of("strata, with ttl and one tag", before, tier->stats().bytes);
  }

  // Everything fits.
  std::vector<NamedPeer<Key>> filled_peers() {
    std::vector<MemoryRow> rows;
    const auto random = seeded_random(11);
    const std::vector<std::uint32_t> numbers = shuffled(entries_, *random);
    if (options_.has_workload("memory")) rows.push_back(tagged_row(numbers));
    std::vector<NamedPeer<Key>> peers;
    for (const PeerKind<Key>& kind : kinds()) {
      if (!options_.has_peer(kind.name)) continue;
      const MemoryUse before = MemoryUse::now();
      peers.push_back({kind.name, kind.make(roomy(entries_))});
      fill(*peers.back().peer, numbers);
      rows.push_back(row_of(kind.name, before, peers.back().peer->own_bytes().value_or(0)));
    }
    if (options_.has_workload("memory")) {
      Setting setting = setting_;
      setting.workload = "memory";
      report_.add(setting, rows);
    }
    return peers;
  }

  // Half of all fits. They begin with the popular half, in random order, and then see so many
  // queries that each has made its own choice of what to keep.
  std::vector<NamedPeer<Key>> evicting_peers() {
    const auto random = seeded_random(13);
    const Chooser chooser(2 * entries_, Chooser::Popularity::kZipf);
    std::vector<std::uint32_t> numbers = shuffled(entries_, *random);
    for (std::uint32_t& number : numbers) number = chooser.number_of(number);
    Queries<Key> queries(4 * entries_);
    lay_out(chooser, kSetPercent, *random, queries);
    std::vector<NamedPeer<Key>> peers;
    for (const PeerKind<Key>& kind : kinds()) {
      if (!kind.evicts || !options_.has_peer(kind.name)) continue;
      peers.push_back({kind.name, kind.make(entries_)});
      fill(*peers.back().peer, numbers);
      peers.back().peer->read_through(queries);
    }
    return peers;
  }

  void compare(const char* workload, const std::vector<NamedPeer<Key>>& peers, std::size_t universe,
               Chooser::Popularity popularity) {
    setting_.workload = workload;
    const bool all_resident = universe == entries_;
    const Plan plan{.rounds = setting_.rounds,
                    .operations = setting_.operations,
                    .threads = options_.threads,
                    .set_percent = all_resident ? 0 : kSetPercent,
                    .all_resident = all_resident};
    const auto random = seeded_random(17);
    report_.add(setting_, run_rounds(peers, plan, Chooser(universe, popularity), *random, crew_));
  }

  const Options& options_;
  const std::size_t entries_;
  Crew& crew_;
  Report& report_;
  Setting setting_;
};

void run_all(const Options& options, Report& report) {
  {
    Crew crew(*std::max_element(options.threads.begin(), options.threads.end()));
    for (const std::size_t entries : options.entries) {
      for (const std::string& keys : options.keys) {
        if (keys == "int") {
          Comparison<std::uint64_t>(options, keys, entries, crew, report).run();
        } else {
          Comparison<std::string>(options, keys, entries, crew, report).run();
        }
      }
    }
  }
  if (!options.has_workload("churn")) return;
  const ChurnReport churn =
      run_churn(*std::max_element(options.entries.begin(), options.entries.end()), options.seconds);
  report.add(churn);
  if (churn.wrong > 0) fail("churn: a value is wrong");
}

}  // namespace
}  // namespace strata::bench

int main(int count, char** arguments) {
  const strata::bench::Options options = strata::bench::parse_options(count, arguments);
  strata::bench::Report report(options.json, count, arguments);
  strata::bench::run_all(options, report);
  report.finish();
  return 0;
}
