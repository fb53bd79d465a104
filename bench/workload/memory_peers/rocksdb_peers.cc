// RocksDB's block caches. Debian's library is built with its assertions.
#include <rocksdb/cache.h>
#include <xxhash.h>

#include <bit>

#include "workload/memory_peers/peer.h"

namespace strata::bench {
namespace {

using rocksdb::Cache;
using rocksdb::Slice;

// A shard for no less than a thousand entries, up to 64, so that none overflows while the rest
// has room.
int shard_bits(std::size_t capacity) {
  return std::min(6, static_cast<int>(std::bit_width(capacity / 1024)));
}

template <typename Key>
class LruStore {
 public:
  explicit LruStore(std::size_t capacity)
      : LruStore(rocksdb::NewLRUCache(capacity, shard_bits(capacity), false, 0.5, nullptr,
                                      rocksdb::kDefaultToAdaptiveMutex,
                                      rocksdb::kDontChargeCacheMetadata)) {}

  template <typename Read>
  bool read(const Key& key, const Read& read) {
    return read_slice(slice_of(key), read);
  }
  void put(const Key& key, const Value& value) { put_slice(slice_of(key), value); }

 protected:
  explicit LruStore(std::shared_ptr<Cache> cache) : cache_(std::move(cache)) {}

  template <typename Read>
  bool read_slice(const Slice& key, const Read& read) {
    Cache::Handle* handle = cache_->Lookup(key);
    if (handle == nullptr) return false;
    read(static_cast<const std::string*>(cache_->Value(handle))->data());
    cache_->Release(handle);
    return true;
  }
  void put_slice(const Slice& key, const Value& value) {
    auto stored = std::make_unique<std::string>(value.bytes.data(), value.bytes.size());
    const auto destroy = [](const Slice&, void* what) { delete static_cast<std::string*>(what); };
    if (cache_->Insert(key, stored.get(), 1, destroy).ok()) (void)stored.release();
  }

 private:
  static Slice slice_of(const std::string& key) { return key; }
  static Slice slice_of(const std::uint64_t& key) {
    return {reinterpret_cast<const char*>(&key), sizeof key};
  }

  std::shared_ptr<Cache> cache_;
};

// Takes keys of 16 bytes only: a string's hash stands for it and the string is not compared.
template <typename Key>
class HyperClockStore : private LruStore<Key> {
 public:
  explicit HyperClockStore(std::size_t capacity)
      : LruStore<Key>(rocksdb::HyperClockCacheOptions(capacity, 1, shard_bits(capacity), false,
                                                      nullptr, rocksdb::kDontChargeCacheMetadata)
                          .MakeSharedCache()) {}

  template <typename Read>
  bool read(const Key& key, const Read& read) {
    const XXH128_hash_t hash = hash_of(key);
    return this->read_slice({reinterpret_cast<const char*>(&hash), sizeof hash}, read);
  }
  void put(const Key& key, const Value& value) {
    const XXH128_hash_t hash = hash_of(key);
    this->put_slice({reinterpret_cast<const char*>(&hash), sizeof hash}, value);
  }

 private:
  static XXH128_hash_t hash_of(const std::string& key) {
    return XXH3_128bits(key.data(), key.size());
  }
  static XXH128_hash_t hash_of(std::uint64_t key) { return {key, 0}; }
};

}  // namespace

template <typename Key>
std::vector<PeerKind<Key>> rocksdb_peers() {
  return {peer_kind<HyperClockStore<Key>, Key>(kHyperClock, true),
          peer_kind<LruStore<Key>, Key>("RocksDB LRUCache", true)};
}
template std::vector<PeerKind<std::string>> rocksdb_peers();
template std::vector<PeerKind<std::uint64_t>> rocksdb_peers();

}  // namespace strata::bench
