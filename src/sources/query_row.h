// Rows of a SQLite query as JSON objects.
#pragma once

#include <sqlite3.h>

#include <cstddef>
#include <string>
#include <string_view>

#include "strata/codecs/json_writer.h"

namespace strata {

// Writes the statement's current row as an object. Returns false, with the object left open,
// as soon as the text is longer than `max_bytes`.
[[nodiscard]] bool write_row(JsonWriter& writer, sqlite3_stmt* row, std::size_t max_bytes);

// RFC 4648, with padding.
[[nodiscard]] std::string base64(std::string_view bytes);

}  // namespace strata
