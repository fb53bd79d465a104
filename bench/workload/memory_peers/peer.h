// Peer: one of the caches and maps that are compared, behind loops that know its type.
//
// A store reads one key, or a batch, and puts one:
//
//   bool read(const Key& key, read)            read(const char* bytes) with the value, on a hit
//   void read_batch(queries, read)             instead; read(query, bytes); up to kBatch at once
//   void put(const Key& key, const Value&)     replaces what is there
//   void load(const Key& key, const Value&)    after a miss; without it, put() is used
//   std::uint64_t own_bytes()                  what it says that it takes, if it says so
//
// Threads   run() of one peer may run in several threads, if its store allows that.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "workload/memory_peers/query.h"

namespace strata::bench {

struct Tally {
  std::uint64_t hits = 0;
  std::uint64_t misses = 0;
  std::uint64_t sum = 0;  // of a byte of every value that a read asked for, found or loaded
  Tally& operator+=(const Tally& other) {
    hits += other.hits;
    misses += other.misses;
    sum += other.sum;
    return *this;
  }
};

template <typename Key>
class Peer {
 public:
  virtual ~Peer() = default;
  virtual void put(const Query<Key>& query) = 0;
  // Reads all, without a look at is_set.
  virtual Tally read(std::span<const Query<Key>> queries) = 0;
  // Sets what is to be set, reads the rest, and puts what was not there.
  virtual Tally read_through(std::span<const Query<Key>> queries) = 0;
  // The answers that are not the value of their key. Misses are none.
  virtual std::uint64_t wrong_answers(std::span<const Query<Key>> queries) = 0;
  [[nodiscard]] virtual std::optional<std::uint64_t> own_bytes() const = 0;
};

template <typename Key, typename Store>
class PeerOf final : public Peer<Key> {
 public:
  template <typename... Arguments>
  explicit PeerOf(Arguments&&... arguments) : store_(std::forward<Arguments>(arguments)...) {}

  void put(const Query<Key>& query) override { store_.put(query.key, value_of(query.number)); }

  Tally read(std::span<const Query<Key>> queries) override {
    Tally tally;
    for_each_hit(queries, [&](const Query<Key>&, const char* bytes) {
      tally.sum += byte_of(bytes);
      ++tally.hits;
    });
    tally.misses = queries.size() - tally.hits;
    return tally;
  }

  Tally read_through(std::span<const Query<Key>> queries) override {
    Tally tally;
    if constexpr (!kBatched) {
      for (const Query<Key>& query : queries) {
        if (query.is_set) {
          store_.put(query.key, value_of(query.number));
        } else if (store_.read(query.key,
                               [&](const char* bytes) { tally.sum += byte_of(bytes); })) {
          ++tally.hits;
        } else {
          ++tally.misses;
          const Value value = value_of(query.number);
          tally.sum += byte_of(value.bytes.data());
          load(query.key, value);
        }
      }
    }
    return tally;
  }

  std::uint64_t wrong_answers(std::span<const Query<Key>> queries) override {
    std::uint64_t wrong = 0;
    for_each_hit(queries, [&](const Query<Key>& query, const char* bytes) {
      const Value value = value_of(query.number);
      if (std::memcmp(bytes, value.bytes.data(), value.bytes.size()) != 0) ++wrong;
    });
    return wrong;
  }

  std::optional<std::uint64_t> own_bytes() const override {
    if constexpr (requires { store_.own_bytes(); }) return store_.own_bytes();
    return std::nullopt;
  }

 private:
  static constexpr bool kBatched = requires { Store::kBatch; };

  template <typename Visit>
  void for_each_hit(std::span<const Query<Key>> queries, const Visit& visit) {
    if constexpr (kBatched) {
      for (std::size_t begin = 0; begin < queries.size(); begin += Store::kBatch) {
        const std::size_t count = std::min(Store::kBatch, queries.size() - begin);
        store_.read_batch(queries.subspan(begin, count), visit);
      }
    } else {
      for (const Query<Key>& query : queries) {
        store_.read(query.key, [&](const char* bytes) { visit(query, bytes); });
      }
    }
  }

  void load(const Key& key, const Value& value) {
    if constexpr (requires { store_.load(key, value); }) {
      store_.load(key, value);
    } else {
      store_.put(key, value);
    }
  }

  Store store_;
};

template <typename Key>
struct PeerKind {
  std::string name;
  bool evicts = false;  // else it only takes part where everything fits
  std::function<std::unique_ptr<Peer<Key>>(std::size_t capacity)> make;
};

template <typename Store, typename Key>
[[nodiscard]] PeerKind<Key> peer_kind(std::string name, bool evicts) {
  return {std::move(name), evicts, [](std::size_t capacity) -> std::unique_ptr<Peer<Key>> {
            return std::make_unique<PeerOf<Key, Store>>(capacity);
          }};
}

// What ratios refer to.
inline constexpr const char* kHyperClock = "RocksDB HyperClockCache";
inline constexpr const char* kFlatMap = "absl flat_hash_map, no lock, no policy";

template <typename Key>
[[nodiscard]] std::vector<PeerKind<Key>> strata_peers();
template <typename Key>
[[nodiscard]] std::vector<PeerKind<Key>> rocksdb_peers();
template <typename Key>
[[nodiscard]] std::vector<PeerKind<Key>> map_peers();

}  // namespace strata::bench
