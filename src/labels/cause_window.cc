// Encoding and decoding of the window, bounds checked.
#include "labels/cause_window.h"

#include <utility>

#include "core/byte_io.h"
#include "core/hash.h"
#include "core/utf8.h"
#include "labels/cause_text.h"
#include "strata/core/limits.h"

namespace strata::internal {
namespace {

constexpr std::string_view kMagic = "STRACAUS";
constexpr std::uint32_t kVersion = 2;
constexpr std::size_t kChecksumBytes = sizeof(std::uint64_t);
// Ids stay below, so that counting on never wraps.
constexpr std::uint64_t kIdsEnd = std::uint64_t{1} << 62;

Error corrupt(const std::string& what) {
  return {ErrorCode::kCorrupt,
          "the journal of causes " + what + "; what it knew of former removals is lost",
          {}};
}

bool is_kept_time(std::int64_t ms) { return kept_ms({ms}) == ms; }

// The next cause, or nothing if it is not one that may follow `after`.
bool read_cause(ByteReader& reader, std::uint64_t after, std::uint64_t next, Cause& cause) {
  const auto id = reader.number<std::uint64_t>();
  const auto parent = reader.number<std::uint64_t>();
  const auto at_ms = reader.number<std::int64_t>();
  const auto kind = reader.number<std::uint8_t>();
  const std::string_view text = reader.bytes(reader.number<std::uint8_t>());
  if (reader.overrun() || id <= after || id >= next || parent >= id) return false;
  if (kind >= kCauseKindCount || !is_kept_time(at_ms)) return false;
  if (text.size() > limits::kCauseTextBytes || check_text(text) != TextFault::kNone) return false;
  cause = {.id = CauseId{id},
           .parent = CauseId{parent},
           .kind = static_cast<CauseKind>(kind),
           .at = {at_ms},
           .text = std::string(text),
           .number = std::nullopt,
           .is_former = true};
  return true;
}

bool read_removal(ByteReader& reader, std::uint64_t next, Removal& removal) {
  removal.key = LabelId{reader.number<std::uint64_t>()};
  const auto cause = reader.number<std::uint64_t>();
  removal.via = LabelId{reader.number<std::uint64_t>()};
  removal.at = {reader.number<std::int64_t>()};
  const auto why = reader.number<std::uint8_t>();
  removal.tier = reader.number<TierPlace>();
  removal.is_former = true;
  if (reader.overrun() || cause >= next || why >= kRemovalCauseCount) return false;
  removal.cause = CauseId{cause};
  removal.why = static_cast<RemovalCause>(why);
  return is_kept_time(removal.at.unix_ms);
}

}  // namespace

std::string encode_window(const CauseWindow& window) {
  std::string out(kMagic);
  append_number(out, kVersion);
  append_number(out, static_cast<std::uint32_t>(window.causes.size()));
  append_number(out, static_cast<std::uint32_t>(window.removals.size()));
  append_number(out, static_cast<std::uint64_t>(window.next));
  for (const Cause& cause : window.causes) {
    append_number(out, static_cast<std::uint64_t>(cause.id));
    append_number(out, static_cast<std::uint64_t>(cause.parent));
    append_number(out, cause.at.unix_ms);
    append_number(out, static_cast<std::uint8_t>(cause.kind));
    append_number(out, static_cast<std::uint8_t>(cause.text.size()));
    out += cause.text;
  }
  for (const Removal& removal : window.removals) {
    append_number(out, static_cast<std::uint64_t>(removal.key));
    append_number(out, static_cast<std::uint64_t>(removal.cause));
    append_number(out, static_cast<std::uint64_t>(removal.via));
    append_number(out, removal.at.unix_ms);
    append_number(out, static_cast<std::uint8_t>(removal.why));
    append_number(out, removal.tier);
  }
  append_number(out, hash64(out));
  return out;
}

Result<CauseWindow> decode_window(std::string_view bytes) {
  if (bytes.substr(0, kMagic.size()) != kMagic) return corrupt("does not begin as one");
  ByteReader reader(bytes.substr(kMagic.size()));
  const auto version = reader.number<std::uint32_t>();
  if (reader.overrun()) return corrupt("is cut off");
  if (version != kVersion) return corrupt("has the unknown version " + std::to_string(version));
  if (reader.remaining() < kChecksumBytes) return corrupt("is cut off");
  const std::size_t covered = bytes.size() - kChecksumBytes;
  if (ByteReader(bytes.substr(covered)).number<std::uint64_t>() !=
      hash64(bytes.substr(0, covered))) {
    return corrupt("fails its checksum");
  }

  const auto causes = reader.number<std::uint32_t>();
  const auto removals = reader.number<std::uint32_t>();
  CauseWindow window{.next = CauseId{reader.number<std::uint64_t>()}};
  const auto next = static_cast<std::uint64_t>(window.next);
  if (next == 0 || next > kIdsEnd) return corrupt("has no next id");
  if (causes > limits::kJournalRecords || removals > limits::kJournalRecords) {
    return corrupt("is larger than one can be");
  }
  std::uint64_t last = 0;
  for (std::uint32_t i = 0; i < causes; ++i) {
    Cause cause;
    if (!read_cause(reader, last, next, cause)) return corrupt("has a cause that cannot be");
    last = static_cast<std::uint64_t>(cause.id);
    window.causes.push_back(std::move(cause));
  }
  for (std::uint32_t i = 0; i < removals; ++i) {
    Removal removal;
    if (!read_removal(reader, next, removal)) return corrupt("has a removal that cannot be");
    window.removals.push_back(removal);
  }
  if (reader.remaining() != kChecksumBytes) return corrupt("does not end where it should");
  return window;
}

}  // namespace strata::internal
