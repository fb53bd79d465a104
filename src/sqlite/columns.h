// What the row of a record has in its columns beside the record: docs/formats/sqlite.md.
//
// Threads   Stateless functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "strata/core/label.h"
#include "strata/core/record.h"
#include "strata/core/ticket.h"

namespace strata::sqlite {

inline constexpr std::int64_t kMinuteMs = 60'000;

// Ids and numbers are unsigned in memory and signed in SQLite; the bits are the same.
[[nodiscard]] inline std::int64_t column_of(LabelId label) {
  return static_cast<std::int64_t>(label);
}
[[nodiscard]] inline std::int64_t column_of(Ticket ticket) {
  return static_cast<std::int64_t>(number(ticket));
}

// The ids of `labels`, sorted, each once, eight bytes each.
[[nodiscard]] std::string packed(const Labels& labels);
[[nodiscard]] std::size_t count_of(std::string_view packed_labels);
[[nodiscard]] std::int64_t label_at(std::string_view packed_labels, std::size_t index);
[[nodiscard]] bool contains(std::string_view packed_labels, std::int64_t wanted);

// The id of the record's group; 0 if it has none.
[[nodiscard]] std::int64_t group_of(const Record& record);
// The minute in which the lifetime ends, if it ends.
[[nodiscard]] std::optional<std::int64_t> expiry_of(const Lifetime& lifetime);

}  // namespace strata::sqlite
