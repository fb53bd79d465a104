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

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
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

// A handle: copies share one text, which lives as long as the last of them.
class Label {
 public:
  Label() = default;  // everything()
  Label(LabelKind kind, std::string_view text);
  Label(const Label& other) noexcept;
  Label(Label&& other) noexcept : body_(std::exchange(other.body_, nullptr)) {}
  Label& operator=(Label other) noexcept {
    std::swap(body_, other.body_);
    return *this;
  }
  ~Label() {
    if (body_ != nullptr) release(body_);
  }

  [[nodiscard]] LabelKind kind() const { return body_ ? body_->kind : LabelKind::kAll; }
  [[nodiscard]] std::string_view text() const {
    return body_ ? std::string_view(reinterpret_cast<const char*>(body_ + 1), body_->size)
                 : std::string_view();
  }
  [[nodiscard]] LabelId id() const { return body_ ? body_->id : id_of_everything(); }

  // Ok, or kRejected with what is wrong with the text.
  [[nodiscard]] Result<void> validate() const;

  // Whether the two handles share one text, so that the second costs no memory of its own.
  [[nodiscard]] bool shares_with(const Label& other) const { return body_ == other.body_; }
  // What the text and its id take, however many handles share them.
  [[nodiscard]] std::size_t footprint_bytes() const;

  friend bool operator==(const Label& a, const Label& b) {
    return a.body_ == b.body_ || (a.kind() == b.kind() && a.text() == b.text());
  }

 private:
  // In one allocation with the text, which follows it.
  struct Body {
    LabelId id{};
    std::atomic<std::uint32_t> references{1};
    std::uint32_t size = 0;
    LabelKind kind{};
  };
  static LabelId id_of_everything();
  static void release(Body* body) noexcept;

  Body* body_ = nullptr;
};

inline Label::Label(const Label& other) noexcept : body_(other.body_) {
  if (body_ != nullptr) body_->references.fetch_add(1, std::memory_order_relaxed);
}

using Labels = std::vector<Label>;

[[nodiscard]] LabelId label_id(LabelKind kind, std::string_view text);
// label_id(LabelKind::kKey, text), given the key's hash (Key::hash()).
[[nodiscard]] LabelId key_label_id(std::uint64_t key_hash);

[[nodiscard]] Label tag(std::string_view text);
[[nodiscard]] Label keyspace(std::string_view name);
[[nodiscard]] Label type(std::string_view name);
[[nodiscard]] Label source(std::string_view name);
[[nodiscard]] Label tenant(std::string_view name);
[[nodiscard]] Label schema(std::string_view text);
[[nodiscard]] Label everything();

// "tag:org:7" and back; "*" is everything().
[[nodiscard]] std::string format_label(const Label& label);
[[nodiscard]] Result<Label> parse_label(std::string_view text);

// Whether labels of this kind describe where an entry belongs (its keyspace, source, ...) and
// so are shared by a whole group of entries, rather than being listed entry by entry.
[[nodiscard]] bool is_group_kind(LabelKind kind);

}  // namespace strata
