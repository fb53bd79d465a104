// Labels: their ids, what text they may have, and how people write them.
#include "strata/core/label.h"

#include <array>
#include <utility>

#include "core/assert.h"
#include "core/hash.h"
#include "core/nearest.h"
#include "core/quote.h"
#include "core/utf8.h"
#include "strata/core/limits.h"

namespace strata {
namespace {

using internal::quoted;

struct KindName {
  LabelKind kind;
  std::string_view name;
};

constexpr std::array kKindNames{
    KindName{LabelKind::kKey, "key"},           KindName{LabelKind::kTag, "tag"},
    KindName{LabelKind::kKeyspace, "keyspace"}, KindName{LabelKind::kTenant, "tenant"},
    KindName{LabelKind::kType, "type"},         KindName{LabelKind::kSource, "source"},
    KindName{LabelKind::kSchema, "schema"},     KindName{LabelKind::kAll, "all"}};

Error rejected(std::string message) { return {ErrorCode::kRejected, std::move(message), {}}; }

std::string described(LabelKind kind, std::string_view text) {
  return std::string(to_string(kind)) + " " + quoted(text);
}

// One step of a bijection of 64-bit numbers that leaves no bit where it was (MurmurHash3's).
std::uint64_t mixed(std::uint64_t bits) {
  bits = (bits ^ (bits >> 33)) * 0xff51afd7ed558ccdULL;
  bits = (bits ^ (bits >> 33)) * 0xc4ceb9fe1a85ec53ULL;
  return bits ^ (bits >> 33);
}

// A bijection for each kind, so that two labels of one kind share an id only if their texts
// share a hash. What it computes is on disks: it never changes.
LabelId id_of_hash(LabelKind kind, std::uint64_t text_hash) {
  constexpr std::uint64_t kOddStep = 0x9e3779b97f4a7c15ULL;
  return LabelId{mixed(text_hash + static_cast<std::uint64_t>(kind) * kOddStep)};
}

}  // namespace

std::string_view to_string(LabelKind kind) {
  for (const KindName& row : kKindNames) {
    if (row.kind == kind) return row.name;
  }
  STRATA_ASSERT(false && "not a LabelKind");
  return {};
}

LabelId label_id(LabelKind kind, std::string_view text) {
  return id_of_hash(kind, internal::hash64(text));
}

LabelId key_label_id(std::uint64_t key_hash) { return id_of_hash(LabelKind::kKey, key_hash); }

Label::Label(LabelKind kind, std::string text)
    : kind_(kind), text_(std::move(text)), id_(label_id(kind_, text_)) {}

Result<void> Label::validate() const {
  if (kind_ == LabelKind::kAll) {
    if (text_.empty()) return {};
    return rejected("the label of everything has no text, but was given " + quoted(text_));
  }
  const std::size_t limit = kind_ == LabelKind::kKey ? limits::kKeyBytes : limits::kLabelBytes;
  if (text_.empty()) return rejected("a " + std::string(to_string(kind_)) + " label has no text");
  if (text_.size() > limit) {
    return rejected(described(kind_, text_) + " has " + std::to_string(text_.size()) +
                    " bytes; the limit is " + std::to_string(limit));
  }
  switch (internal::check_text(text_)) {
    case internal::TextFault::kNone:
      return {};
    case internal::TextFault::kNotUtf8:
      return rejected(described(kind_, text_) + " is not UTF-8");
    case internal::TextFault::kControl:
      return rejected(described(kind_, text_) + " has a control character");
  }
  STRATA_ASSERT(false && "not a TextFault");
}

Label tag(std::string_view text) { return Label(LabelKind::kTag, std::string(text)); }

Label keyspace(std::string_view name) { return Label(LabelKind::kKeyspace, std::string(name)); }

Label source(std::string_view name) { return Label(LabelKind::kSource, std::string(name)); }

Label everything() { return Label(LabelKind::kAll, {}); }

std::string format_label(const Label& label) {
  if (label.kind() == LabelKind::kAll) return "*";
  std::string text(to_string(label.kind()));
  text += ':';
  text += label.text();
  return text;
}

Result<Label> parse_label(std::string_view text) {
  if (text == "*") return everything();

  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos) {
    return rejected("label " + quoted(text) +
                    " has no kind; write for example \"tag:org:7\", \"keyspace:user\" or \"*\"");
  }
  const std::string_view name = text.substr(0, colon);
  std::array<std::string_view, kKindNames.size() - 1> names;  // "all" is written "*"
  for (std::size_t index = 0; index < names.size(); ++index) {
    const KindName& row = kKindNames[index];
    names[index] = row.name;
    if (row.name != name) continue;
    Label label(row.kind, std::string(text.substr(colon + 1)));
    if (const Result<void> valid = label.validate(); !valid) return valid.error();
    return label;
  }
  return rejected("label " + quoted(text) + " has the unknown kind " + quoted(name) +
                  internal::suggestion(name, names));
}

bool is_group_kind(LabelKind kind) { return kind != LabelKind::kKey && kind != LabelKind::kTag; }

}  // namespace strata
