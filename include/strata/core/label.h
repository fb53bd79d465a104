// Label: anything that can be invalidated. A key, a tag, a keyspace, a source are labels.
//
// An entry carries the labels it depends on; invalidating any of them makes it wrong. Labels
// are compared by their 64-bit id (XXH3 of kind and text): two labels that share an id, which
// is improbable, are invalidated together, so a hit may be lost but never correctness.
//
//   cache.invalidate(strata::tag("org:7"));
//   cache.invalidate({strata::keyspace("user"), strata::source("census")});
//
// Errors    Tags, keyspaces and sources are UTF-8 text of 1 to 128 bytes without control
//           characters; validate() says what is wrong with one that is not.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "strata/core/result.h"

namespace strata {

enum class LabelKind : std::uint8_t {
  kKey = 1,
  kTag = 2,
  kKeyspace = 3,
  kTenant = 4,
  kType = 5,
  kSource = 6,
  kSchema = 7,
  kAll = 8,  // carried by everything; its text is empty
};

[[nodiscard]] std::string_view to_string(LabelKind kind);

// What label tables, indexes and journals store. Stable across processes and releases.
enum class LabelId : std::uint64_t {};

class Label {
 public:
  Label() = default;
  Label(LabelKind kind, std::string text);

  [[nodiscard]] LabelKind kind() const { return kind_; }
  [[nodiscard]] const std::string& text() const { return text_; }
  [[nodiscard]] LabelId id() const { return id_; }

  // Ok, or kRejected with what is wrong with the text.
  [[nodiscard]] Result<void> validate() const;

  friend bool operator==(const Label& a, const Label& b) {
    return a.kind_ == b.kind_ && a.text_ == b.text_;
  }

 private:
  LabelKind kind_ = LabelKind::kAll;
  std::string text_;
  LabelId id_{};
};

using Labels = std::vector<Label>;

[[nodiscard]] LabelId label_id(LabelKind kind, std::string_view text);
// label_id(LabelKind::kKey, text), given the key's hash (Key::hash()).
[[nodiscard]] LabelId key_label_id(std::uint64_t key_hash);

[[nodiscard]] Label tag(std::string_view text);
[[nodiscard]] Label keyspace(std::string_view name);
[[nodiscard]] Label source(std::string_view name);
[[nodiscard]] Label everything();

// "tag:org:7" and back; "*" is everything().
[[nodiscard]] std::string format_label(const Label& label);
[[nodiscard]] Result<Label> parse_label(std::string_view text);

// Whether labels of this kind describe where an entry belongs (its keyspace, source, ...) and
// so are shared by a whole group of entries, rather than being listed entry by entry.
[[nodiscard]] bool is_group_kind(LabelKind kind);

}  // namespace strata
