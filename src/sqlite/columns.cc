#include "sqlite/columns.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "core/hash.h"

namespace strata::sqlite {

std::string packed(const Labels& labels) {
  std::vector<std::uint64_t> ids;
  ids.reserve(labels.size());
  for (const Label& label : labels) ids.push_back(static_cast<std::uint64_t>(label.id()));
  std::sort(ids.begin(), ids.end());
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
  return std::string(reinterpret_cast<const char*>(ids.data()), ids.size() * sizeof(ids[0]));
}

std::size_t count_of(std::string_view packed_labels) {
  return packed_labels.size() / sizeof(std::int64_t);
}

std::int64_t label_at(std::string_view packed_labels, std::size_t index) {
  std::int64_t label = 0;
  std::memcpy(&label, packed_labels.data() + index * sizeof(label), sizeof(label));
  return label;
}

bool contains(std::string_view packed_labels, std::int64_t wanted) {
  for (std::size_t index = 0; index < count_of(packed_labels); ++index) {
    if (label_at(packed_labels, index) == wanted) return true;
  }
  return false;
}

std::int64_t group_of(const Record& record) {
  return record.group.empty() ? 0
                              : static_cast<std::int64_t>(internal::hash64(packed(record.group)));
}

std::optional<std::int64_t> expiry_of(const Lifetime& lifetime) {
  if (lifetime.keep_for == kForever) return std::nullopt;
  const std::int64_t kept_ms = lifetime.keep_for.count() / 1'000'000;
  std::int64_t end_ms = 0;
  if (__builtin_add_overflow(lifetime.written_wall.unix_ms, kept_ms, &end_ms)) return std::nullopt;
  return end_ms >= 0 ? end_ms / kMinuteMs : -((-end_ms + kMinuteMs - 1) / kMinuteMs);
}

}  // namespace strata::sqlite
