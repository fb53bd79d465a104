// Load: what a loader tells the cache about the value it is about to return, and how it reads
// other cached values so that the cache knows what the value depends on.
//
//   users.get_or_load("42", [&](Load& load) {
//     load.tag("org:7");
//     load.ttl(5min);
//     return db.find_user(42);          // V, std::optional<V>, Result<V> or Result<optional<V>>
//   });
//
// A value computed from what load.get() and load.get_or_load() returned inherits all labels and
// the earliest expiry of what was read; it is served but not stored if one of them was stale.
//
// Threads   Confined to the loader's call.
// Lifetime  The loader's call.
// Errors    Limits (limits.h) are checked when the loader returns; a value whose labels are not
//           acceptable is returned to the caller with the error, and stored nowhere.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "strata/core/label.h"
#include "strata/core/time.h"
#include "strata/tiered/lookup.h"
#include "strata/tiered/policy.h"

namespace strata {

template <typename V>
class Keyspace;
class Id;

class Load {
 public:
  Load(const Load&) = delete;
  Load& operator=(const Load&) = delete;

  // Labels of the value. depends_on() takes any label; tag() is its commonest form.
  void tag(std::string_view text);
  void depends_on(Label label);

  // For this value, in place of what the keyspace says.
  void ttl(Duration ttl);
  void keep_for(Duration keep_for);
  void negative_ttl(Duration negative_ttl);

  // The source's version of the value, and when it last changed there.
  void version(std::string version);
  void source_last_modified(WallTime at);
  // Not stored anywhere; joined callers still share it.
  void do_not_store();

  // The version of the value that is known but past its ttl, for conditional requests; empty if
  // there is none.
  [[nodiscard]] std::string_view known_version() const;
  [[nodiscard]] std::optional<WallTime> known_last_modified() const;
  // The source says that the known value is still right: whatever the loader returns, the known
  // value starts a new life. Precondition: a version or time was known.
  void not_modified();

  [[nodiscard]] Deadline deadline() const;

  // Reads that the value will depend on, in any keyspace of the same cache.
  template <typename V>
  Lookup<V> get(Keyspace<V>& keyspace, const Id& id) {
    return keyspace.get(id, kDefaultCall, this);
  }
  template <typename V, typename Loader>
  Lookup<V> get_or_load(Keyspace<V>& keyspace, const Id& id, Loader loader) {
    return keyspace.get_or_load(id, std::move(loader), kDefaultCall, this);
  }

  struct State;
  explicit Load(State& state) : state_(state) {}
  [[nodiscard]] State& state() { return state_; }

 private:
  State& state_;
};

}  // namespace strata
