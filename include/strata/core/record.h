// Record: the encoded form of an entry, as the tiers below memory store it.
//
// An envelope (docs/formats/record.md, byte by byte) around the codec's payload. It says what
// the value is (key, labels, version, codec, schema), how long it lives, and carries a checksum
// over header, key and payload. A record that does not decode, has another key, another format
// version, codec or schema is a miss, never an error that a reader sees.
//
// Threads   Thread-compatible value.
// Time      Lifetimes are stored as an age base that survives both a step of the wall clock
//           (same boot: time since boot) and a reboot (wall clock; a record from the future by
//           more than two seconds is expired). Errors only ever shorten a life.
// Memory    Decoding allocates no more than the input's size; every length is checked first.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "strata/core/label.h"
#include "strata/core/result.h"
#include "strata/core/ticket.h"
#include "strata/core/time.h"

namespace strata {

inline constexpr std::uint16_t kRecordFormatVersion = 1;

// What encrypting adds to a payload: key id, nonce and tag.
inline constexpr std::size_t kEncryptionOverheadBytes = 48;

enum class CompressionId : std::uint8_t { kNone = 0, kZlib = 1, kZstd = 2, kLz4 = 3 };

// When a value was written and how long it lives from then on.
struct Lifetime {
  WallTime written_wall;  // for people, and after a reboot
  Duration written_since_boot{0};
  std::uint64_t boot_id = 0;      // hash of the boot's id; other boot: use the wall clock
  Duration fresh_for = kForever;  // then stale
  Duration keep_for = kForever;   // then gone; >= fresh_for
  friend bool operator==(const Lifetime&, const Lifetime&) = default;
};

struct Record {
  std::string key_text;
  std::string long_params;  // see key.h
  Labels group;             // keyspace, tenant, type, source, schema: the entry's own
  Labels labels;            // tags, and everything inherited; not the key itself
  Lifetime lifetime;
  Ticket number{};          // the tier's number at its acceptance
  std::uint64_t epoch = 0;  // of the tier's sequence; a number of another epoch says nothing
  std::string version;      // the source's version of the value (an ETag, say), or empty
  std::optional<WallTime> source_last_modified;
  std::uint32_t codec = 0;   // CodecId of the payload
  std::uint64_t schema = 0;  // fingerprint of the value's type
  CompressionId compression = CompressionId::kNone;
  std::uint32_t raw_size = 0;      // of the payload before compression, bytes
  std::uint64_t load_cost_us = 0;  // what the load took
  bool negative =
      false;  // a remembered "does not exist"; the payload is empty, or encrypts nothing
  bool encrypted = false;  // the payload, after compression: codecs/encryption.h
  std::string payload;
  friend bool operator==(const Record&, const Record&) = default;
};

// The record as bytes. Errors: kRejected if a field exceeds its limit (limits.h).
[[nodiscard]] Result<std::string> encode_record(const Record& record);

// The record, or kCorrupt with what is wrong. Never reads outside `bytes`.
[[nodiscard]] Result<Record> decode_record(std::string_view bytes);

// How a lifetime stands now.
struct Remaining {
  Duration fresh{0};  // <= 0: past its ttl
  Duration kept{0};   // <= 0: gone
};
[[nodiscard]] Remaining remaining(const Lifetime& lifetime, Instant now, WallTime wall_now,
                                  std::uint64_t boot_id);

// The lifetime with its ttl ended at that time, in the boot with this id: what it was kept for
// beyond its ttl begins then. One that is past its ttl stays as it is.
[[nodiscard]] Lifetime ended_at(const Lifetime& lifetime, Instant now, WallTime wall_now,
                                std::uint64_t boot_id);

}  // namespace strata
