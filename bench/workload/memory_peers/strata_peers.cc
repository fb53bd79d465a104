// Strata's memory tier, in each of its ways to read.
#include <array>
#include <span>
#include <string_view>

#include "strata/core/entry.h"
#include "strata/core/key.h"
#include "strata/memory/memory_tier.h"
#include "strata/ports/clock.h"
#include "strata/ports/random.h"
#include "workload/memory_peers/peer.h"
#include "workload/memory_peers/strata_entries.h"

namespace strata::bench {
namespace {

// What differs between the tiers. The peers know no ttl.
struct Setup {
  EvictionPolicy policy = EvictionPolicy::kAdaptive;
  bool has_ttl = false;
};

// `Stored`: what the entries hold: the bytes themselves, or a std::string.
template <typename Key, typename Stored, Setup kSetup>
class Store {
 public:
  explicit Store(std::size_t capacity)
      : tier_(memory_tier(
            {.max_entries = capacity, .max_bytes = kEnoughBytes, .policy = kSetup.policy},
            system_clock(), seeded_random(1))) {}

  void put(const Key& key, const Value& value) {
    const KeyRef ref = key_ref(key);
    const Ticket ticket = tier_->position();
    tier_->put(ref, make_entry<Stored>(ref, value, kSetup.has_ttl), ticket,
               RemovalCause::kReplaced);
  }
  void load(const Key& key, const Value& value) {
    const Ticket ticket = tier_->position();
    tier_->fill(make_entry<Stored>(key_ref(key), value, kSetup.has_ttl), ticket);
  }
  [[nodiscard]] std::uint64_t own_bytes() const { return tier_->stats().bytes; }

 protected:
  std::unique_ptr<HotTier> tier_;
};

template <typename Key, typename Stored, Setup kSetup = Setup{}>
class GetStore : public Store<Key, Stored, kSetup> {
 public:
  using Store<Key, Stored, kSetup>::Store;
  template <typename Read>
  bool read(const Key& key, const Read& read) {
    const EntryRef entry = this->tier_->get(key_ref(key));
    if (!entry) return false;
    read(stored_bytes(entry->template value<Stored>()));
    return true;
  }
};

template <typename Key, typename Stored, Setup kSetup = Setup{}>
class GetManyStore : public Store<Key, Stored, kSetup> {
 public:
  using Store<Key, Stored, kSetup>::Store;
  static constexpr std::size_t kBatch = 32;
  template <typename Read>
  void read_batch(std::span<const Query<Key>> queries, const Read& read) {
    std::array<KeyRef, kBatch> keys;
    std::array<EntryRef, kBatch> entries;
    for (std::size_t i = 0; i < queries.size(); ++i) keys[i] = key_ref(queries[i].key);
    this->tier_->get_many(std::span(keys).first(queries.size()),
                          std::span(entries).first(queries.size()));
    for (std::size_t i = 0; i < queries.size(); ++i) {
      if (entries[i]) read(queries[i], stored_bytes(entries[i]->template value<Stored>()));
    }
  }
};

template <typename Key, typename Stored, Setup kSetup = Setup{}>
class VisitStore : public Store<Key, Stored, kSetup> {
 public:
  using Store<Key, Stored, kSetup>::Store;
  template <typename Read>
  bool read(const Key& key, const Read& read) {
    const auto visitor = [](void* context, const Entry& entry) {
      (*static_cast<const Read*>(context))(stored_bytes(entry.value<Stored>()));
    };
    return this->tier_->visit(key_ref(key), visitor, const_cast<Read*>(&read));
  }
};

}  // namespace

template <typename Key>
std::vector<PeerKind<Key>> strata_peers() {
  constexpr Setup kTtl{.has_ttl = true};
  constexpr Setup kFixed{.policy = EvictionPolicy::kS3Fifo};  // nobody samples look-ups
  std::vector<PeerKind<Key>> kinds;
  kinds.push_back(peer_kind<VisitStore<Key, Value>, Key>("strata visit", true));
  kinds.push_back(peer_kind<GetStore<Key, Value>, Key>("strata get", true));
  kinds.push_back(peer_kind<GetManyStore<Key, Value>, Key>("strata get_many(32)", false));
  kinds.push_back(
      peer_kind<GetStore<Key, std::string>, Key>("strata get, std::string values", true));
  kinds.push_back(peer_kind<VisitStore<Key, Value, kTtl>, Key>("strata visit with a ttl", false));
  kinds.push_back(peer_kind<GetStore<Key, Value, kTtl>, Key>("strata get with a ttl", false));
  kinds.push_back(peer_kind<VisitStore<Key, Value, kFixed>, Key>("strata visit by s3fifo", false));
  return kinds;
}
template std::vector<PeerKind<std::string>> strata_peers();
template std::vector<PeerKind<std::uint64_t>> strata_peers();

}  // namespace strata::bench
