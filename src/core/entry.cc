// Entries: one allocation each, laid out as entry.h draws it.
#include "strata/core/entry.h"

#include <algorithm>
#include <cstring>
#include <new>

#include "core/allocation.h"
#include "core/assert.h"
#include "core/hash.h"
#include "core/quote.h"
#include "core/slab_heap.h"
#include "strata/core/limits.h"

namespace strata {
namespace {

constexpr std::size_t round_up(std::size_t size, std::size_t alignment) {
  return (size + alignment - 1) / alignment * alignment;
}

// Sets of labels that are equal have one id, in whatever order they are given.
std::uint64_t group_id(std::vector<LabelId> ids) {
  std::sort(ids.begin(), ids.end());
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
  const auto* bytes = reinterpret_cast<const char*>(ids.data());
  return internal::hash64({bytes, ids.size() * sizeof(LabelId)});
}

}  // namespace

LabelGroup::LabelGroup(Labels group_labels) : labels(std::move(group_labels)) {
  ids.reserve(labels.size());
  for (const Label& label : labels) ids.push_back(label.id());
  id = group_id(ids);
}

std::size_t EntryDetails::footprint_bytes() const {
  return internal::allocation_bytes(sizeof(EntryDetails)) +
         internal::string_heap_bytes(long_params.capacity()) +
         internal::string_heap_bytes(version.capacity());
}

// The value's offset is zero exactly in entries without room for one. From it and the type
// destroy() and footprint_bytes() know the size and alignment that were asked for.
EntryRef Entry::allocate(KeyRef key, const ValueType& type) {
  const std::size_t offset = round_up(sizeof(Entry) + key.text.size(), type.alignment);
  STRATA_ASSERT(key.text.size() <= UINT16_MAX);
  STRATA_ASSERT(offset <= UINT32_MAX);
  const std::size_t alignment = std::max(alignof(Entry), type.alignment);
  Entry* entry = ::new (internal::slab_allocate(offset + type.size, alignment)) Entry;
  EntryRef owner(entry);
  entry->type_ = &type;
  entry->value_offset_ = static_cast<std::uint32_t>(offset);
  entry->Resident::hash = key.hash;
  entry->key_size_ = static_cast<std::uint16_t>(key.text.size());
  std::memcpy(entry->base() + sizeof(Entry), key.text.data(), key.text.size());
  if (!key.long_params.empty()) {
    auto details = std::make_unique<EntryDetails>();
    details->long_params = key.long_params;
    entry->set_details(std::move(details));
  }
  return owner;
}

Entry::~Entry() {
  if (label_count_ > 0) set_labels({});
  if (!has_details_) return;
  std::destroy_at(labels_.extras);
  internal::slab_free(labels_.extras, sizeof(internal::EntryExtras),
                      alignof(internal::EntryExtras));
}

EntryRef Entry::make_negative(KeyRef key, const ValueType& type) {
  static const ValueType kNothing{.name = "nothing"};
  EntryRef entry = allocate(key, kNothing);
  entry->value_offset_ = 0;
  entry->type_ = &type;
  return entry;
}

Result<EntryRef> Entry::decode(KeyRef key, const ValueType& type, std::string_view bytes,
                               std::uint64_t schema) {
  if (schema != type.schema && type.upgrade == nullptr) {
    return Error{ErrorCode::kCorrupt,
                 "the value of key " + internal::quoted(key.text) + " is of another schema",
                 {}};
  }
  EntryRef entry = allocate(key, type);
  const Result<void> decoded = schema == type.schema
                                   ? type.decode(bytes, entry->value_place())
                                   : type.upgrade(schema, bytes, entry->value_place());
  if (!decoded) {
    return Error{ErrorCode::kCorrupt,
                 "the value of key " + internal::quoted(key.text) + " does not decode as " +
                     internal::quoted(type.name) + ": " + decoded.error().message,
                 decoded.error().exception};
  }
  entry->has_value_ = true;
  return entry;
}

// As allocate() asked for it.
Entry::Allocation Entry::allocation() const {
  if (value_offset_ == 0) return {sizeof(Entry) + key_size_, alignof(Entry)};
  return {value_offset_ + type_->size, std::max(alignof(Entry), type_->alignment)};
}

void Entry::destroy(Entry* entry) noexcept {
  const Allocation its = entry->allocation();
  if (entry->has_value_) entry->type_->destroy(entry->value_place());
  entry->~Entry();
  internal::slab_free(entry, its.bytes, its.alignment);
}

bool Entry::has_key(const KeyRef& key) const {
  if (hash() != key.hash || key_text() != key.text) return false;
  return has_details_ ? details()->long_params == key.long_params : key.long_params.empty();
}

Result<std::string> Entry::encode() const {
  if (negative()) return std::string();
  return type_->encode(raw_value());
}

void Entry::set_times(Instant fresh_until, Instant keep_until) {
  fresh_until_.store(fresh_until.since_boot.count(), std::memory_order_relaxed);
  keep_until_.store(keep_until.since_boot.count(), std::memory_order_relaxed);
}

void Entry::set_details(std::unique_ptr<const EntryDetails> details) {
  if (has_details_) {
    STRATA_ASSERT(details != nullptr && details->long_params == this->details()->long_params);
    labels_.extras->details = std::move(details);
    return;
  }
  if (details == nullptr) return;
  const std::span<const Label> has = labels();
  internal::EntryExtras extras{.details = std::move(details), .labels{has.begin(), has.end()}};
  void* place = internal::slab_allocate(sizeof extras, alignof(internal::EntryExtras));
  set_labels({});
  label_count_ = static_cast<std::uint16_t>(extras.labels.size());
  labels_.extras = ::new (place) internal::EntryExtras(std::move(extras));
  has_details_ = true;
}

void Entry::set_labels(std::span<const Label> labels) {
  STRATA_ASSERT(labels.size() <= limits::kLabelsPerEntry);
  if (has_details_) {
    labels_.extras->labels = Labels(labels.begin(), labels.end());  // as large as they are
    label_count_ = static_cast<std::uint16_t>(labels.size());
    return;
  }
  Label* block = nullptr;
  if (labels.size() > 1) {
    // Not from malloc: that gathers what was freed in small pieces in one long call.
    block =
        static_cast<Label*>(internal::slab_allocate(labels.size() * sizeof(Label), alignof(Label)));
    std::uninitialized_copy(labels.begin(), labels.end(), block);
  }
  if (label_count_ > 1) {
    std::destroy_n(labels_.block, label_count_);
    internal::slab_free(labels_.block, label_count_ * sizeof(Label), alignof(Label));
  } else if (label_count_ == 1) {
    std::destroy_at(&labels_.one);
  }
  if (labels.size() == 1) {
    std::construct_at(&labels_.one, labels.front());
  } else {
    labels_.block = block;
  }
  label_count_ = static_cast<std::uint16_t>(labels.size());
}

std::size_t Entry::footprint_bytes() const {
  const Allocation its = allocation();
  std::size_t bytes = internal::slab_bytes(its.bytes, its.alignment);
  if (has_details_) {
    const internal::EntryExtras& extras = *labels_.extras;
    bytes += internal::slab_bytes(sizeof extras, alignof(internal::EntryExtras));
    bytes += extras.details->footprint_bytes();
    bytes += internal::allocation_bytes(label_count_ * sizeof(Label));
  } else if (label_count_ > 1) {
    bytes += internal::slab_bytes(label_count_ * sizeof(Label), alignof(Label));
  }
  if (has_value_) bytes += internal::allocation_bytes(type_->owned_bytes(raw_value()));
  return bytes;
}

}  // namespace strata
