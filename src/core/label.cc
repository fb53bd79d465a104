// Labels: their ids, what text they may have, and how people write them.
#include "strata/core/label.h"

#include <array>
#include <cstring>
#include <new>
#include <utility>

#include "core/allocation.h"
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

Label::Label(LabelKind kind, std::string_view text) {
  if (kind == LabelKind::kAll && text.empty()) return;
  void* const memory = ::operator new(sizeof(Body) + text.size());
  body_ = ::new (memory) Body;
  body_->id = label_id(kind, text);
  body_->size = static_cast<std::uint32_t>(text.size());
  body_->kind = kind;
  std::memcpy(static_cast<char*>(memory) + sizeof(Body), text.data(), text.size());
}

void Label::release(Body* body) noexcept {
  if (body->references.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
  body->~Body();
  ::operator delete(body);
}

LabelId Label::id_of_everything() {
  static const LabelId id = label_id(LabelKind::kAll, {});
  return id;
}

std::size_t Label::footprint_bytes() const {
  return body_ ? internal::allocation_bytes(sizeof(Body) + body_->size) : 0;
}

Result<void> Label::validate() const {
  const LabelKind label_kind = kind();
  const std::string_view label_text = text();
  if (label_kind == LabelKind::kAll) {
    if (label_text.empty()) return {};
    return rejected("the label of everything has no text, but was given " + quoted(label_text));
  }
  const std::size_t limit = label_kind == LabelKind::kKey ? limits::kKeyBytes : limits::kLabelBytes;
  if (label_text.empty())
    return rejected("a " + std::string(to_string(label_kind)) + " label has no text");
  if (label_text.size() > limit) {
    return rejected(described(label_kind, label_text) + " has " +
                    std::to_string(label_text.size()) + " bytes; the limit is " +
                    std::to_string(limit));
  }
  switch (internal::check_text(label_text)) {
    case internal::TextFault::kNone:
      return {};
    case internal::TextFault::kNotUtf8:
      return rejected(described(label_kind, label_text) + " is not UTF-8");
    case internal::TextFault::kControl:
      return rejected(described(label_kind, label_text) + " has a control character");
  }
  STRATA_ASSERT(false && "not a TextFault");
}

Label tag(std::string_view text) { return Label(LabelKind::kTag, text); }
Label keyspace(std::string_view name) { return Label(LabelKind::kKeyspace, name); }
Label type(std::string_view name) { return Label(LabelKind::kType, name); }
Label source(std::string_view name) { return Label(LabelKind::kSource, name); }
Label tenant(std::string_view name) { return Label(LabelKind::kTenant, name); }
Label schema(std::string_view text) { return Label(LabelKind::kSchema, text); }
Label everything() { return {}; }

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
    Label label(row.kind, text.substr(colon + 1));
    if (const Result<void> valid = label.validate(); !valid) return valid.error();
    return label;
  }
  return rejected("label " + quoted(text) + " has the unknown kind " + quoted(name) +
                  internal::suggestion(name, names));
}

bool is_group_kind(LabelKind kind) { return kind != LabelKind::kKey && kind != LabelKind::kTag; }

}  // namespace strata
