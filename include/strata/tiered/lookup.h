// Lookup<V>: what a look-up found, where, and how it ended.
//
//   Lookup<User> user = users.get("42");
//   if (user) greet(user->name);
//   else if (user.outcome() == Outcome::kError) report(user.error());
//
// Threads   Thread-compatible.
// Lifetime  The value stays alive while the Lookup, or a Ref made from it, does.
#pragma once

#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include "strata/core/entry.h"
#include "strata/core/outcome.h"
#include "strata/core/result.h"
#include "strata/labels/miss_reason.h"

namespace strata {

namespace internal {
// A look-up before its type is known.
struct Found {
  Outcome outcome = Outcome::kMiss;
  EntryRef entry;                      // negative or absent where there is no value
  std::string_view tier;               // the tier that answered; empty: the source, or none
  std::shared_ptr<const Error> error;  // with kError; with kStaleHit, why it is not fresher
  // Why no tier had an answer, where the tiers said so themselves.
  std::optional<MissReason> miss{};
};
}  // namespace internal

template <typename V>
class [[nodiscard]] Lookup {
 public:
  Lookup() = default;
  explicit Lookup(internal::Found found) : found_(std::move(found)) {}

  [[nodiscard]] Outcome outcome() const { return found_.outcome; }
  // Whether there is a value, fresh or stale.
  [[nodiscard]] bool has_value() const { return found_.entry && !found_.entry->negative(); }
  explicit operator bool() const { return has_value(); }
  // Whether it is known that nothing exists.
  [[nodiscard]] bool absent() const { return found_.entry && found_.entry->negative(); }

  // The value. Precondition: has_value().
  [[nodiscard]] const V& operator*() const& { return found_.entry->template value<V>(); }
  [[nodiscard]] V operator*() && { return found_.entry->template value<V>(); }  // a copy
  [[nodiscard]] const V* operator->() const { return &found_.entry->template value<V>(); }

  // The value; rethrows the loader's exception or throws BadResult where there is none.
  [[nodiscard]] const V& value() const& {
    if (has_value()) return **this;
    if (found_.error) throw_error(*found_.error);
    throw_error({ErrorCode::kUnavailable,
                 absent() ? "no value: the source says that nothing exists"
                          : "no value: the look-up ended as a miss",
                 {}});
  }
  [[nodiscard]] V value() && { return std::as_const(*this).value(); }  // a copy
  [[nodiscard]] V value_or(V other) const { return has_value() ? **this : std::move(other); }
  [[nodiscard]] Ref<const V> ref() const { return Ref<const V>(found_.entry); }

  // Whether the cache was kept out of it, because its keyspace is switched off for this key.
  [[nodiscard]] bool disabled() const { return found_.miss == MissReason::kDisabled; }

  // The tier that answered, "memory" say; empty when the source did, or nobody.
  [[nodiscard]] std::string_view tier() const { return found_.tier; }
  // Whether an error is known: always with Outcome::kError, sometimes with kStaleHit.
  [[nodiscard]] bool has_error() const { return found_.error != nullptr; }
  // Precondition: has_error().
  [[nodiscard]] const Error& error() const { return *found_.error; }
  // The entry behind it, with its labels and times; nothing on a miss or an error.
  [[nodiscard]] const EntryRef& entry() const { return found_.entry; }

 private:
  internal::Found found_;
};

}  // namespace strata
