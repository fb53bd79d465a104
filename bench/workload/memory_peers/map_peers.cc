// What one writes without a cache library: a list and a map behind a mutex, a concurrent map that
// never evicts, and, as limit, a map that neither locks nor evicts and is read in place.
#include <absl/container/flat_hash_map.h>
#include <tbb/concurrent_hash_map.h>

#include <list>
#include <mutex>
#include <unordered_map>

#include "workload/memory_peers/peer.h"

namespace strata::bench {
namespace {

using Shared = std::shared_ptr<const std::string>;

Shared shared(const Value& value) {
  return std::make_shared<const std::string>(value.bytes.data(), value.bytes.size());
}

template <typename Key>
class ListStore {
 public:
  explicit ListStore(std::size_t capacity) : capacity_(capacity) { places_.reserve(capacity); }

  template <typename Read>
  bool read(const Key& key, const Read& read) {
    Shared value;
    {
      const std::lock_guard lock(mutex_);
      const auto found = places_.find(key);
      if (found == places_.end()) return false;
      order_.splice(order_.begin(), order_, found->second);
      value = found->second->value;
    }
    read(value->data());
    return true;
  }
  void put(const Key& key, const Value& value) {
    Shared stored = shared(value);
    const std::lock_guard lock(mutex_);
    if (const auto found = places_.find(key); found != places_.end()) {
      order_.splice(order_.begin(), order_, found->second);
      found->second->value.swap(stored);
      return;
    }
    if (places_.size() == capacity_) {
      places_.erase(order_.back().key);
      order_.pop_back();
    }
    order_.push_front({key, std::move(stored)});
    places_.emplace(key, order_.begin());
  }

 private:
  struct Node {
    Key key;
    Shared value;
  };
  std::size_t capacity_;
  std::mutex mutex_;
  std::list<Node> order_;  // last used first
  std::unordered_map<Key, typename std::list<Node>::iterator> places_;
};

template <typename Key>
class TbbStore {
 public:
  explicit TbbStore(std::size_t capacity) : map_(capacity) {}

  template <typename Read>
  bool read(const Key& key, const Read& read) {
    Shared value;
    {
      typename Map::const_accessor found;
      if (!map_.find(found, key)) return false;
      value = found->second;
    }
    read(value->data());
    return true;
  }
  void put(const Key& key, const Value& value) {
    typename Map::accessor place;
    map_.insert(place, key);
    place->second = shared(value);
  }

 private:
  using Map = tbb::concurrent_hash_map<Key, Shared>;
  Map map_;
};

template <typename Key>
class FlatMapStore {
 public:
  explicit FlatMapStore(std::size_t capacity) { map_.reserve(capacity); }

  template <typename Read>
  bool read(const Key& key, const Read& read) const {
    const auto found = map_.find(key);
    if (found == map_.end()) return false;
    read(found->second->data());
    return true;
  }
  void put(const Key& key, const Value& value) { map_.insert_or_assign(key, shared(value)); }

 private:
  absl::flat_hash_map<Key, Shared> map_;
};

}  // namespace

template <typename Key>
std::vector<PeerKind<Key>> map_peers() {
  return {peer_kind<FlatMapStore<Key>, Key>(kFlatMap, false),
          peer_kind<TbbStore<Key>, Key>("oneTBB concurrent_hash_map", false),
          peer_kind<ListStore<Key>, Key>("mutex + list LRU", true)};
}
template std::vector<PeerKind<std::string>> map_peers();
template std::vector<PeerKind<std::uint64_t>> map_peers();

}  // namespace strata::bench
