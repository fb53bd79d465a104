// Rows as JSON: each of SQLite's five types has its counterpart, blobs go as base64.
#include "sources/query_row.h"

#include <cstdint>

namespace strata {

namespace {

std::string_view bytes_of(const void* data, int size) {
  if (size == 0) return {};
  return {static_cast<const char*>(data), static_cast<std::size_t>(size)};
}

void write_column(JsonWriter& writer, sqlite3_stmt* row, int column) {
  switch (sqlite3_column_type(row, column)) {
    case SQLITE_INTEGER:
      writer.value(std::int64_t{sqlite3_column_int64(row, column)});
      return;
    case SQLITE_FLOAT:
      writer.value(sqlite3_column_double(row, column));
      return;
    case SQLITE_TEXT: {
      // The text first: asking for it may convert it, which changes its size.
      const unsigned char* text = sqlite3_column_text(row, column);
      writer.value(bytes_of(text, sqlite3_column_bytes(row, column)));
      return;
    }
    case SQLITE_BLOB: {
      const void* blob = sqlite3_column_blob(row, column);
      writer.value(base64(bytes_of(blob, sqlite3_column_bytes(row, column))));
      return;
    }
    default:
      writer.null();
  }
}

}  // namespace

bool write_row(JsonWriter& writer, sqlite3_stmt* row, std::size_t max_bytes) {
  writer.begin_object();
  const int columns = sqlite3_data_count(row);
  for (int column = 0; column < columns; ++column) {
    writer.key(sqlite3_column_name(row, column));
    write_column(writer, row, column);
    if (writer.size_bytes() > max_bytes) return false;
  }
  writer.end_object();
  return writer.size_bytes() <= max_bytes;
}

std::string base64(std::string_view bytes) {
  constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t at = 0; at < bytes.size(); at += 3) {
    const std::size_t count = std::min<std::size_t>(3, bytes.size() - at);
    std::uint32_t group = 0;
    for (std::size_t index = 0; index < 3; ++index) {
      const auto byte =
          index < count ? static_cast<unsigned char>(bytes[at + index]) : std::uint8_t{0};
      group = (group << 8) | byte;
    }
    for (std::size_t index = 0; index < 4; ++index) {
      text += index <= count ? kDigits[(group >> (18 - 6 * index)) & 63] : '=';
    }
  }
  return text;
}

}  // namespace strata
