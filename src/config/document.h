// A YAML text as a tree of bounded size in which every node knows its place.
//
// Anchors and aliases are resolved by copying, within the limits below, so that a tree never
// shares nodes and never contains itself. Explicit tags and keys that are not text are kept as
// flags: whoever reads the part of the tree that they stand in refuses them.
//
// Errors    kRejected, as `file:line:column: what is wrong and what to do`.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "strata/core/result.h"

namespace strata::internal {

inline constexpr std::size_t kConfigBytes = 1u << 20;  // of a file
inline constexpr std::size_t kConfigDepth = 32;        // of nested maps and lists
inline constexpr std::size_t kConfigNodes = 100'000;   // after aliases are resolved

// Where something is written, both counted from 1; the column in characters. Line 0: nowhere.
struct Place {
  std::size_t line = 0;
  std::size_t column = 0;
};

struct Entry;

struct Node {
  enum class Kind { kNull, kScalar, kList, kMap };
  Kind kind = Kind::kNull;
  Place place;
  std::string text;            // of a scalar
  bool has_tag = false;        // an explicit !tag stands before it
  std::vector<Node> items;     // of a list
  std::vector<Entry> entries;  // of a map, in the order of the text; keys may repeat
};

struct Entry {
  std::string key;
  bool key_is_text = true;
  Place place;  // of the key
  Node value;
};

// "file:line:column: " in front of a message.
[[nodiscard]] std::string located(std::string_view file, Place place, std::string_view message);

// The single document in `text`; kNull if there is none. `file` is only named in errors.
[[nodiscard]] Result<Node> parse_document(std::string_view text, std::string_view file);

}  // namespace strata::internal
