// Text for people: numbers as they are read, and text from outside made safe to show.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "strata/codecs/json_writer.h"
#include "strata/core/time.h"

namespace strata::cli {

[[nodiscard]] std::string describe_bytes(std::uint64_t bytes);  // "1.5 KiB"
[[nodiscard]] std::string describe_count(std::uint64_t count);  // "12,304"
// "1 entry", "2 entries"
[[nodiscard]] std::string describe_count(std::uint64_t count, std::string_view one,
                                         std::string_view many);
// part / whole as "83.9 %"; "-" of nothing.
[[nodiscard]] std::string describe_share(std::uint64_t part, std::uint64_t whole);
// The same as a number from 0 to 1; null of nothing.
void write_share(JsonWriter& writer, std::string_view name, std::uint64_t part,
                 std::uint64_t whole);

// `text` with what a terminal would act on, and what is not UTF-8, as \xNN or \u{NNNN}. Line
// feeds and tabs stay as they are if `lines`, and are escaped otherwise.
[[nodiscard]] std::string printable(std::string_view text, bool lines);
[[nodiscard]] inline std::string printable_line(std::string_view text) {
  return printable(text, false);
}

[[nodiscard]] std::string base64(std::string_view bytes);
// Nothing for what base64() cannot have written.
[[nodiscard]] std::optional<std::string> from_base64(std::string_view text);

// How many columns printable UTF-8 takes, one for each code point.
[[nodiscard]] std::size_t columns_of(std::string_view text);

// `text` cut to `columns`, with "..." where something is missing.
[[nodiscard]] std::string fit(std::string_view text, std::size_t columns);

}  // namespace strata::cli
