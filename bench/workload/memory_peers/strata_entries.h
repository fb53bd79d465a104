// Entries for Strata's memory tier: of one keyspace, with or without a ttl and a tag.
#pragma once

#include <string>
#include <string_view>

#include "strata/core/entry.h"
#include "strata/core/key.h"
#include "strata/core/label.h"
#include "workload/memory_peers/query.h"

namespace strata::bench {

inline constexpr std::uint64_t kEnoughBytes = 64ULL << 30;

inline const LabelGroup& entry_group() {
  static const LabelGroup group{{keyspace("issue"), source("tracker")}};
  return group;
}

// The hash is computed here, at each call.
[[nodiscard]] inline KeyRef key_ref(std::string_view key) { return {key, key_hash(key), {}}; }
[[nodiscard]] inline KeyRef key_ref(const std::uint64_t& key) {
  return key_ref({reinterpret_cast<const char*>(&key), sizeof key});
}

[[nodiscard]] inline const char* stored_bytes(const Value& value) { return value.bytes.data(); }
[[nodiscard]] inline const char* stored_bytes(const std::string& value) { return value.data(); }

template <typename Stored>
[[nodiscard]] EntryRef make_entry(KeyRef key, const Value& value, bool has_ttl,
                                  const Label* label = nullptr) {
  EntryRef entry;
  if constexpr (std::is_same_v<Stored, std::string>) {
    entry = Entry::make<std::string>(key, std::string(value.bytes.data(), value.bytes.size()));
  } else {
    entry = Entry::make<Value>(key, value);
  }
  entry->set_group(&entry_group());
  const Instant end = has_ttl ? Instant{Duration::max() - Duration(1)} : kNever;
  entry->set_times(end, end);
  if (label != nullptr) entry->set_labels({label, 1});
  return entry;
}

}  // namespace strata::bench
