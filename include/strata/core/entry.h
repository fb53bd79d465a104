// Entry: a value with its metadata, in memory, in one allocation: header, key, value.
//
//   [ Entry header | key text | padding | value ]
//
// An entry is built by one thread, then published in a hot tier and shared through EntryRef.
// From then on its value, key and labels never change; its times change in place (touch,
// fail-safe). It lives until the last reference is gone, so a reader may hold it after it was
// evicted or invalidated. A negative entry remembers that nothing exists; it has no value.
//
// Threads   Before publication: confined to its builder. After: thread-safe, as said above.
// Ownership EntryRef counts references. `group` is borrowed from the cache, and only the
//           cache and its tiers look at it.
// Memory    footprint_bytes() counts the allocation, the handles of the labels, the details and
//           what the value says it owns; the labels' texts are shared (label.h). docs/decisions.md
//           has the layout and why.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "strata/core/key.h"
#include "strata/core/label.h"
#include "strata/core/resident.h"
#include "strata/core/result.h"
#include "strata/core/time.h"
#include "strata/core/value_type.h"

namespace strata {

// The labels that all entries of one keyspace handle share: keyspace, tenant, type, source,
// schema. A tier keeps one generation for the group instead of listing its entries.
struct LabelGroup {
  explicit LabelGroup(Labels group_labels);
  Labels labels;
  std::vector<LabelId> ids;
  std::uint64_t id = 0;  // the same for the same labels
};

// What only few entries have.
struct EntryDetails {
  std::string long_params;  // see key.h
  std::string version;
  std::optional<WallTime> source_last_modified;
  [[nodiscard]] std::size_t footprint_bytes() const;
};

class Entry;

class EntryRef {
 public:
  EntryRef() = default;
  // Takes over one reference.
  explicit EntryRef(Entry* adopted) noexcept : entry_(adopted) {}
  EntryRef(const EntryRef& other) noexcept;
  EntryRef(EntryRef&& other) noexcept : entry_(std::exchange(other.entry_, nullptr)) {}
  EntryRef& operator=(EntryRef other) noexcept {
    std::swap(entry_, other.entry_);
    return *this;
  }
  ~EntryRef();

  [[nodiscard]] Entry* get() const { return entry_; }
  Entry* operator->() const { return entry_; }
  Entry& operator*() const { return *entry_; }
  explicit operator bool() const { return entry_ != nullptr; }
  // Gives the reference up without counting it down.
  [[nodiscard]] Entry* release() { return std::exchange(entry_, nullptr); }

 private:
  Entry* entry_ = nullptr;
};

namespace internal {

// What an entry with details has in place of its labels.
struct EntryExtras {
  std::unique_ptr<const EntryDetails> details;
  Labels labels;
};

// One label, or a block of several, or extras; which, its owner knows.
union LabelStorage {
  LabelStorage() : block(nullptr) {}
  ~LabelStorage() {}
  Label one;
  Label* block;
  EntryExtras* extras;
};

// What a hit does not read.
struct EntryBackground {
  const ValueType* type_ = nullptr;
  const LabelGroup* group_ = nullptr;
  LabelStorage labels_;  // label_count_ of them
  Instant written_at_;
  std::atomic<std::int64_t> retry_at_{0};
};

}  // namespace internal

class Entry : private internal::EntryBackground, public Resident {
 public:
  // An unpublished entry around `value`.
  template <typename V>
  [[nodiscard]] static EntryRef make(KeyRef key, V value) {
    EntryRef entry = allocate(key, value_type<V>());
    ::new (entry->value_place()) V(std::move(value));
    entry->has_value_ = true;
    return entry;
  }
  // An unpublished entry around the value that `bytes` decode to, or are upgraded to if they were
  // stored with another schema; kCorrupt if they are not.
  [[nodiscard]] static Result<EntryRef> decode(KeyRef key, const ValueType& type,
                                               std::string_view bytes) {
    return decode(key, type, bytes, type.schema);
  }
  [[nodiscard]] static Result<EntryRef> decode(KeyRef key, const ValueType& type,
                                               std::string_view bytes, std::uint64_t schema);
  [[nodiscard]] static EntryRef make_negative(KeyRef key, const ValueType& type);

  Entry(const Entry&) = delete;
  Entry& operator=(const Entry&) = delete;

  [[nodiscard]] std::string_view key_text() const { return {key_begin(), key_size_}; }
  [[nodiscard]] std::uint64_t hash() const { return Resident::hash; }
  [[nodiscard]] KeyRef key() const {
    return {key_text(), hash(),
            has_details_ ? std::string_view(details()->long_params) : std::string_view()};
  }
  // Whether this is the entry of `key`: text and long parameters are the same.
  [[nodiscard]] bool has_key(const KeyRef& key) const;
  [[nodiscard]] bool negative() const { return !has_value_; }
  [[nodiscard]] const ValueType& type() const { return *type_; }

  // The value. Precondition: !negative(), and V is the type it was made with.
  template <typename V>
  [[nodiscard]] const V& value() const {
    return *static_cast<const V*>(raw_value());
  }
  [[nodiscard]] const void* raw_value() const { return base() + value_offset_; }
  [[nodiscard]] Result<std::string> encode() const;

  [[nodiscard]] const LabelGroup* group() const { return group_; }
  // Tags, and everything inherited; not those of the group.
  [[nodiscard]] std::span<const Label> labels() const { return {first_label(), label_count_}; }
  // Without a look at what lies elsewhere in memory.
  [[nodiscard]] bool has_details() const { return has_details_; }
  [[nodiscard]] const EntryDetails* details() const {
    return has_details_ ? labels_.extras->details.get() : nullptr;
  }
  [[nodiscard]] Instant written_at() const { return written_at_; }
  // To seven digits, and half of the longest duration at most.
  [[nodiscard]] Duration load_cost() const {
    return Duration(static_cast<Duration::rep>(load_cost_ns_));
  }

  // Times, in a tier changed by touch(). Fresh before fresh_until; servable before keep_until.
  [[nodiscard]] Instant fresh_until() const { return load(fresh_until_); }
  [[nodiscard]] Instant keep_until() const { return load(keep_until_); }
  [[nodiscard]] Instant retry_at() const { return load(retry_at_); }
  void set_times(Instant fresh_until, Instant keep_until);
  void set_retry_at(Instant at) {
    retry_at_.store(at.since_boot.count(), std::memory_order_relaxed);
  }

  // For the builder, before publication.
  void set_group(const LabelGroup* group) { group_ = group; }
  // Precondition: at most limits::kLabelsPerEntry.
  void set_labels(std::span<const Label> labels);
  // Makes the entry's label share the text of an equal one.
  void share_label(std::size_t index, const Label& label) {
    const_cast<Label*>(first_label())[index] = label;
  }
  // Precondition: the key's long parameters, which make() put there, are in `details` too.
  void set_details(std::unique_ptr<const EntryDetails> details);
  void set_written_at(Instant at) { written_at_ = at; }
  void set_load_cost(Duration cost) {
    load_cost_ns_ = static_cast<float>(std::min(cost, Duration::max() / 2).count());
  }

  [[nodiscard]] std::size_t footprint_bytes() const;

  // Owned, beside what Resident has, by the hot tier that published the entry.
  struct Residence {
    const std::atomic<std::uint64_t>* cell = nullptr;  // the group's generation
    std::uint64_t generation = 0;                      // the shard's at its acceptance
    std::uint32_t wheel_place = 0;  // in the slot where it waits to expire; later why it left
    std::uint16_t wheel_slot = 0;   // 0: none
    std::atomic<std::uint16_t> partition{0};  // the tenant with whose entries it is ordered
  };
  Residence residence;

 private:
  friend class EntryRef;
  Entry() = default;
  ~Entry();
  static EntryRef allocate(KeyRef key, const ValueType& type);
  static void destroy(Entry* entry) noexcept;
  struct Allocation {
    std::size_t bytes;
    std::size_t alignment;
  };
  [[nodiscard]] Allocation allocation() const;
  static Instant load(const std::atomic<std::int64_t>& at) {
    return {Duration(at.load(std::memory_order_relaxed))};
  }
  [[nodiscard]] char* base() { return reinterpret_cast<char*>(this); }
  [[nodiscard]] const char* base() const { return reinterpret_cast<const char*>(this); }
  [[nodiscard]] const char* key_begin() const { return base() + sizeof(Entry); }
  [[nodiscard]] void* value_place() { return base() + value_offset_; }
  [[nodiscard]] const Label* first_label() const {
    if (has_details_) return labels_.extras->labels.data();
    return label_count_ > 1 ? labels_.block : &labels_.one;
  }

  // What a hit reads lies together, beside the key; what it does not read comes first.
  std::atomic<std::int64_t> fresh_until_{kNever.since_boot.count()};
  std::atomic<std::int64_t> keep_until_{kNever.since_boot.count()};
  std::atomic<std::uint32_t> references_{1};
  std::uint32_t value_offset_ = 0;
  float load_cost_ns_ = 0;
  std::uint16_t key_size_ = 0;
  // No others write here once the entry is published.
  std::uint16_t label_count_ : 14 = 0;
  bool has_details_ : 1 = false;
  bool has_value_ : 1 = false;
};
static_assert(sizeof(Entry) == 128);

inline EntryRef::EntryRef(const EntryRef& other) noexcept : entry_(other.entry_) {
  if (entry_ != nullptr) entry_->references_.fetch_add(1, std::memory_order_relaxed);
}

inline EntryRef::~EntryRef() {
  if (entry_ == nullptr) return;
  if (entry_->references_.fetch_sub(1, std::memory_order_acq_rel) == 1) Entry::destroy(entry_);
}

// Ref<const V>: a value that stays alive while it is held, whatever the cache does meanwhile.
template <typename T>
class Ref {
 public:
  using Value = std::remove_const_t<T>;
  Ref() = default;
  explicit Ref(EntryRef entry) : entry_(std::move(entry)) {}
  [[nodiscard]] const Value& operator*() const { return entry_->value<Value>(); }
  [[nodiscard]] const Value* operator->() const { return &**this; }
  [[nodiscard]] const Value* get() const { return *this ? &**this : nullptr; }
  explicit operator bool() const { return entry_ && !entry_->negative(); }
  [[nodiscard]] const EntryRef& entry() const { return entry_; }

 private:
  EntryRef entry_;
};

}  // namespace strata
