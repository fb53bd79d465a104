// The record envelope, version 1: docs/formats/record.md has it byte by byte.
#include "strata/core/record.h"

#include <algorithm>
#include <utility>

#include "core/byte_io.h"
#include "core/hash.h"
#include "core/quote.h"
#include "strata/core/limits.h"

namespace strata {
namespace {

using internal::append_number;
using internal::ByteReader;

constexpr std::string_view kMagic = "STRA";
constexpr std::size_t kHeaderBytes = 116;
constexpr std::size_t kChecksumBytes = 8;
constexpr std::size_t kLabelHeaderBytes = 3;

constexpr std::uint16_t kFlagNegative = 1;
constexpr std::uint16_t kFlagSourceLastModified = 2;
constexpr std::uint16_t kFlagEncrypted = 4;
constexpr std::uint16_t kFlagsKnown = kFlagNegative | kFlagSourceLastModified | kFlagEncrypted;

// A record of another boot may seem to come from the future by as much: clocks differ.
constexpr std::int64_t kFutureToleranceMs = 2'000;

Error rejected(std::string message) { return {ErrorCode::kRejected, std::move(message), {}}; }

Error corrupt(std::string reason) {
  return {ErrorCode::kCorrupt, "the record does not decode: " + std::move(reason), {}};
}

// A field and the most that it may be.
struct Bound {
  std::string_view what;
  std::uint64_t value;
  std::uint64_t limit;
};

std::string excess(const Bound& bound) {
  return std::string(bound.what) + " is " + std::to_string(bound.value) + "; the limit is " +
         std::to_string(bound.limit);
}

std::optional<std::string> excess_of(const std::initializer_list<Bound>& bounds) {
  for (const Bound& bound : bounds) {
    if (bound.value > bound.limit) return excess(bound);
  }
  return std::nullopt;
}

bool is_known(LabelKind kind) { return kind >= LabelKind::kKey && kind <= LabelKind::kAll; }

std::size_t text_limit(LabelKind kind) {
  return kind == LabelKind::kKey ? limits::kKeyBytes : limits::kLabelBytes;
}

// What is wrong with the record's fields, if something is. Both directions check the same, so
// that what encodes also decodes.
std::optional<std::string> fault_of(const Record& record) {
  const std::size_t overhead = record.encrypted ? kEncryptionOverheadBytes : 0;
  if (auto fault = excess_of(
          {{"the size of the key", record.key_text.size(), limits::kKeyBytes},
           {"the size of the parameters", record.long_params.size(), limits::kParamsBytes},
           {"the size of the version", record.version.size(), limits::kVersionBytes},
           {"the number of group labels", record.group.size(), limits::kLabelsPerGroup},
           {"the number of labels", record.labels.size(), limits::kLabelsPerEntry},
           {"the size of the payload", record.payload.size(), limits::kValueBytesMax + overhead},
           {"the size of the value", record.raw_size, limits::kValueBytesMax}})) {
    return fault;
  }
  for (const Labels* labels : {&record.group, &record.labels}) {
    for (const Label& label : *labels) {
      const std::size_t limit = text_limit(label.kind());
      if (label.text().size() <= limit) continue;
      return excess({"the size of a label's text", label.text().size(), limit});
    }
  }
  if (record.key_text.empty()) return "it has no key";
  if (record.payload.size() < overhead) return "it is encrypted and has no room for that";
  if (record.negative && record.payload.size() != overhead) {
    return "it is negative and has a payload";
  }
  const Lifetime& lifetime = record.lifetime;
  if (lifetime.fresh_for < Duration::zero()) return "it is fresh for a negative time";
  if (lifetime.keep_for < lifetime.fresh_for) return "it is fresh for longer than it is kept";
  return std::nullopt;
}

std::size_t labels_bytes(const Labels& labels) {
  std::size_t bytes = 0;
  for (const Label& label : labels) bytes += kLabelHeaderBytes + label.text().size();
  return bytes;
}

void append_labels(std::string& out, const Labels& labels) {
  for (const Label& label : labels) {
    append_number(out, static_cast<std::uint8_t>(label.kind()));
    append_number(out, static_cast<std::uint16_t>(label.text().size()));
    out += label.text();
  }
}

void append_header(std::string& out, const Record& record, std::size_t total_bytes) {
  std::uint16_t flags = 0;
  if (record.negative) flags |= kFlagNegative;
  if (record.source_last_modified) flags |= kFlagSourceLastModified;
  if (record.encrypted) flags |= kFlagEncrypted;
  const Lifetime& lifetime = record.lifetime;

  out += kMagic;
  append_number(out, kRecordFormatVersion);
  append_number(out, flags);
  append_number(out, static_cast<std::uint32_t>(total_bytes));
  append_number(out, record.codec);
  append_number(out, record.schema);
  append_number(out, number(record.number));
  append_number(out, record.epoch);
  append_number(out, lifetime.written_wall.unix_ms);
  append_number(out, std::int64_t{lifetime.written_since_boot.count()});
  append_number(out, lifetime.boot_id);
  append_number(out, std::int64_t{lifetime.fresh_for.count()});
  append_number(out, std::int64_t{lifetime.keep_for.count()});
  append_number(out, record.source_last_modified.value_or(WallTime{}).unix_ms);
  append_number(out, record.load_cost_us);
  append_number(out, record.raw_size);
  append_number(out, static_cast<std::uint32_t>(record.payload.size()));
  append_number(out, static_cast<std::uint32_t>(record.long_params.size()));
  append_number(out, static_cast<std::uint16_t>(record.key_text.size()));
  append_number(out, static_cast<std::uint16_t>(record.version.size()));
  append_number(out, static_cast<std::uint16_t>(record.labels.size()));
  append_number(out, static_cast<std::uint8_t>(record.group.size()));
  append_number(out, static_cast<std::uint8_t>(record.compression));
}

// Magic, format version, size and checksum: whether `bytes` are a record at all.
std::optional<std::string> envelope_fault(std::string_view bytes) {
  if (bytes.size() < kHeaderBytes + kChecksumBytes) {
    return "it has " + std::to_string(bytes.size()) + " bytes, fewer than any record";
  }
  ByteReader reader(bytes);
  if (reader.bytes(kMagic.size()) != kMagic) return "it does not begin with STRA";
  const auto version = reader.number<std::uint16_t>();
  if (version != kRecordFormatVersion) {
    return "its format version is " + std::to_string(version) + ", not " +
           std::to_string(kRecordFormatVersion);
  }
  reader.number<std::uint16_t>();
  const auto total_bytes = reader.number<std::uint32_t>();
  if (total_bytes != bytes.size()) {
    return "it has " + std::to_string(bytes.size()) + " bytes where its header says " +
           std::to_string(total_bytes);
  }
  const std::string_view covered = bytes.substr(0, bytes.size() - kChecksumBytes);
  ByteReader checksum(bytes.substr(covered.size()));
  if (checksum.number<std::uint64_t>() != internal::hash64(covered)) return "its checksum is wrong";
  return std::nullopt;
}

// The sizes of what follows the header.
struct Sizes {
  std::uint32_t payload = 0;
  std::uint32_t long_params = 0;
  std::uint16_t key_text = 0;
  std::uint16_t version = 0;
  std::uint16_t labels = 0;
  std::uint8_t group = 0;
};

std::optional<std::string> read_header(ByteReader& reader, Record& record, Sizes& sizes) {
  reader.bytes(kMagic.size() + sizeof(kRecordFormatVersion));
  const auto flags = reader.number<std::uint16_t>();
  if ((flags & ~kFlagsKnown) != 0) return "it has unknown flags";
  record.negative = (flags & kFlagNegative) != 0;
  record.encrypted = (flags & kFlagEncrypted) != 0;
  reader.number<std::uint32_t>();  // the size; envelope_fault() has compared it
  record.codec = reader.number<std::uint32_t>();
  record.schema = reader.number<std::uint64_t>();
  record.number = Ticket{reader.number<std::uint64_t>()};
  record.epoch = reader.number<std::uint64_t>();
  Lifetime& lifetime = record.lifetime;
  lifetime.written_wall.unix_ms = reader.number<std::int64_t>();
  lifetime.written_since_boot = Duration(reader.number<std::int64_t>());
  lifetime.boot_id = reader.number<std::uint64_t>();
  lifetime.fresh_for = Duration(reader.number<std::int64_t>());
  lifetime.keep_for = Duration(reader.number<std::int64_t>());
  const WallTime last_modified{reader.number<std::int64_t>()};
  if ((flags & kFlagSourceLastModified) != 0) {
    record.source_last_modified = last_modified;
  } else if (last_modified != WallTime{}) {
    return "it has a modification time without the flag";
  }
  record.load_cost_us = reader.number<std::uint64_t>();
  record.raw_size = reader.number<std::uint32_t>();
  sizes.payload = reader.number<std::uint32_t>();
  sizes.long_params = reader.number<std::uint32_t>();
  sizes.key_text = reader.number<std::uint16_t>();
  sizes.version = reader.number<std::uint16_t>();
  sizes.labels = reader.number<std::uint16_t>();
  sizes.group = reader.number<std::uint8_t>();
  const auto compression = reader.number<std::uint8_t>();
  if (compression > static_cast<std::uint8_t>(CompressionId::kLz4)) {
    return "it has the unknown compression " + std::to_string(compression);
  }
  record.compression = CompressionId{compression};
  return std::nullopt;
}

std::optional<std::string> read_labels(ByteReader& reader, std::size_t count, Labels& labels) {
  // The count was not checked by anybody yet, so it must not decide how much is allocated.
  labels.reserve(std::min(count, reader.remaining() / kLabelHeaderBytes));
  for (std::size_t index = 0; index < count; ++index) {
    const auto kind = LabelKind{reader.number<std::uint8_t>()};
    const auto size = reader.number<std::uint16_t>();
    const std::string_view text = reader.bytes(size);
    if (reader.overrun()) return "a label ends outside it";
    if (!is_known(kind)) return "it has a label of an unknown kind";
    labels.emplace_back(kind, std::string(text));
  }
  return std::nullopt;
}

std::optional<std::string> read_body(ByteReader& reader, const Sizes& sizes, Record& record) {
  record.key_text = reader.bytes(sizes.key_text);
  record.long_params = reader.bytes(sizes.long_params);
  record.version = reader.bytes(sizes.version);
  if (reader.overrun()) return "its texts end outside it";
  if (auto fault = read_labels(reader, sizes.group, record.group)) return fault;
  if (auto fault = read_labels(reader, sizes.labels, record.labels)) return fault;
  record.payload = reader.bytes(sizes.payload);
  if (reader.overrun()) return "its payload ends outside it";
  if (reader.remaining() != 0) return "something follows its payload";
  return std::nullopt;
}

}  // namespace

Result<std::string> encode_record(const Record& record) {
  if (const auto fault = fault_of(record)) {
    return rejected("the record of key " + internal::quoted(record.key_text) +
                    " cannot be written: " + *fault);
  }
  const std::size_t total_bytes = kHeaderBytes + record.key_text.size() +
                                  record.long_params.size() + record.version.size() +
                                  labels_bytes(record.group) + labels_bytes(record.labels) +
                                  record.payload.size() + kChecksumBytes;
  std::string out;
  out.reserve(total_bytes);
  append_header(out, record, total_bytes);
  out += record.key_text;
  out += record.long_params;
  out += record.version;
  append_labels(out, record.group);
  append_labels(out, record.labels);
  out += record.payload;
  append_number(out, internal::hash64(out));
  return out;
}

Result<Record> decode_record(std::string_view bytes) {
  if (const auto fault = envelope_fault(bytes)) return corrupt(*fault);

  bytes.remove_suffix(kChecksumBytes);
  ByteReader reader(bytes);
  Record record;
  Sizes sizes;
  if (const auto fault = read_header(reader, record, sizes)) return corrupt(*fault);
  if (const auto fault = read_body(reader, sizes, record)) return corrupt(*fault);
  if (const auto fault = fault_of(record)) return corrupt(*fault);
  return record;
}

namespace {

// How long ago the lifetime began; nothing if it seems to begin in the future.
std::optional<Duration> age_of(const Lifetime& lifetime, Instant now, WallTime wall_now,
                               std::uint64_t boot_id) {
  Duration age{0};
  bool from_the_future = false;
  if (lifetime.boot_id == boot_id) {
    age = between({lifetime.written_since_boot}, now);
    from_the_future = age < -std::chrono::milliseconds(kFutureToleranceMs);
  } else {
    std::int64_t age_ms = 0;
    if (__builtin_sub_overflow(wall_now.unix_ms, lifetime.written_wall.unix_ms, &age_ms)) {
      return std::nullopt;
    }
    from_the_future = age_ms < -kFutureToleranceMs;
    constexpr std::int64_t kMsMax = kForever.count() / 1'000'000;
    const std::int64_t representable = std::clamp(age_ms, -kFutureToleranceMs, kMsMax);
    age = age_ms > kMsMax ? kForever : Duration(std::chrono::milliseconds(representable));
  }
  if (from_the_future) return std::nullopt;
  // What seems to be a moment old in the future is new, so that no life gets longer.
  return std::max(age, Duration::zero());
}

}  // namespace

Remaining remaining(const Lifetime& lifetime, Instant now, WallTime wall_now,
                    std::uint64_t boot_id) {
  const std::optional<Duration> age = age_of(lifetime, now, wall_now, boot_id);
  if (!age) return {};
  return {saturating_add(lifetime.fresh_for, -*age), saturating_add(lifetime.keep_for, -*age)};
}

// The age is counted in this boot from now on: the wall clock may be set and must not make fresh
// what was ended.
Lifetime ended_at(const Lifetime& lifetime, Instant now, WallTime wall_now, std::uint64_t boot_id) {
  std::optional<Duration> age = age_of(lifetime, now, wall_now, boot_id);
  // A life without end has one from now on, however old it seems.
  if (age) age = std::min(*age, kForever - Duration(1));
  if (age && *age >= lifetime.fresh_for) return lifetime;
  Lifetime ended = lifetime;
  ended.fresh_for = age.value_or(Duration::zero());
  ended.keep_for = ended.fresh_for;
  if (age && lifetime.keep_for > lifetime.fresh_for) {
    ended.keep_for = saturating_add(*age, between({lifetime.fresh_for}, {lifetime.keep_for}));
  }
  ended.written_since_boot = saturating_add(now.since_boot, -ended.fresh_for);
  ended.boot_id = boot_id;
  return ended;
}

}  // namespace strata
