#include "tiered/packing.h"

#include "strata/codecs/compression.h"
#include "strata/codecs/encryption.h"
#include "tiered/lifetimes.h"

namespace strata::internal {

Result<void> pack(Record& record, const KeyspaceState& keyspace) {
  Cache::State& cache = keyspace.cache;
  const KeyspaceOptions& options = keyspace.options;
  if (options.encrypt && cache.keys == nullptr) {
    return Error{ErrorCode::kUnavailable,
                 "keyspace " + keyspace.name +
                     " is to be encrypted and there are no keys; its values stay in memory",
                 {}};
  }
  if (!record.negative) {
    if (auto smaller = cache.compressor.compress(record.payload, options.compression)) {
      record.payload = *std::move(smaller);
      record.compression = options.compression.method;
      keyspace.counters.compressed.add(1);
    }
  }
  if (options.encrypt) {
    if (Result<void> encrypted = encrypt(record, *cache.keys); !encrypted) return encrypted;
  }
  keyspace.counters.value_bytes.add(record.raw_size);
  keyspace.counters.stored_bytes.add(record.payload.size());
  return {};
}

Result<std::string_view> unpack(const Record& record, const KeyspaceState& keyspace,
                                std::string& room) {
  Cache::State& cache = keyspace.cache;
  std::string_view payload = record.payload;
  std::string decrypted;
  if (record.encrypted) {
    Result<std::string> plain = decrypt(record, cache.keys.get());
    if (!plain) return plain.error();
    decrypted = *std::move(plain);
    payload = decrypted;
  } else if (keyspace.options.encrypt) {
    return Error{ErrorCode::kCorrupt, "the record is not encrypted, and should be", {}};
  }
  if (record.compression == CompressionId::kNone) {
    if (!record.encrypted) return payload;
    room = std::move(decrypted);
    return std::string_view(room);
  }
  Result<std::string> raw =
      cache.compressor.decompress(record.compression, payload, record.raw_size);
  if (!raw) return raw.error();
  room = *std::move(raw);
  return std::string_view(room);
}

std::optional<MissReason> sealed_from(const Record& record, const KeyRing* keys) {
  if (!record.encrypted) return std::nullopt;
  const Result<std::string> plain = decrypt(record, keys);
  if (plain) return std::nullopt;
  return plain.error().code == ErrorCode::kUnavailable ? MissReason::kNoKey : MissReason::kTampered;
}

std::optional<MissReason> sealed_from(const Record& record, const KeyspaceState& keyspace) {
  if (!record.encrypted && keyspace.options.encrypt) return MissReason::kVersion;
  return sealed_from(record, keyspace.cache.keys.get());
}

std::optional<MissReason> refuse(const KeyspaceState& keyspace, std::string_view tier,
                                 const Record& record, KeyRef key, const Error& why) {
  const std::optional<MissReason> reason = refusal_of(record, key, keyspace);
  if (reason && why.exception != nullptr) {
    keyspace.cache.note_failure(
        "codec", "reading values of " + keyspace.name + " in " + std::string(tier), why);
    return reason;
  }
  const bool is_packed = record.encrypted || record.compression != CompressionId::kNone;
  if (!reason || reason == MissReason::kVersion || !is_packed) return reason;
  const bool is_sealed = reason != MissReason::kCorrupt;
  keyspace.cache.note_failure(is_sealed ? "encryption" : "compression",
                              "reading values of " + keyspace.name + " in " + std::string(tier),
                              why);
  if (is_sealed) {
    keyspace.cache.sealed.note(tier, keyspace.name, why, keyspace.cache.clock->now());
  }
  if (!is_sealed && why.code == ErrorCode::kUnavailable) return MissReason::kError;
  return reason;
}

}  // namespace strata::internal

namespace strata {

bool Cache::has_encryption_keys() const { return state_->keys != nullptr; }

Result<std::string> Cache::unpack(const Record& record) const {
  const State& state = *state_;
  const std::string* payload = &record.payload;
  Result<std::string> decrypted{std::string()};
  if (record.encrypted) {
    decrypted = decrypt(record, state.keys.get());
    if (!decrypted) return decrypted;
    payload = &*decrypted;
  }
  if (record.compression == CompressionId::kNone) return *payload;
  return state_->compressor.decompress(record.compression, *payload, record.raw_size);
}

}  // namespace strata
