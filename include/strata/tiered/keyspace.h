// Keyspace<V>: a typed, named part of a cache, with a policy and statistics of its own.
//
//   auto users = cache.keyspace<User>("user", {.ttl = 10min, .keep_for = 24h});
//   Lookup<User> user = users.get_or_load("42", [&](Load& load) { return db.find_user(42); });
//   users.put("42", changed);
//
// Promise   P1: once put(), erase(), invalidate() or clear() has returned, no look-up that starts
//           later returns a value whose origin read began before that call, nor an earlier put's.
//           P5: concurrent loads of one key are one load; errors are never cached.
//           P6: nothing is returned as fresh after its ttl.
// Threads   Thread-safe. A handle is cheap to copy; handles of one name share everything.
// Lifetime  A handle may outlive its cache; its calls then answer kClosed.
// Errors    In the results. A tier that fails never fails a read that another can answer.
// Lifetime  With stale_for, refresh_ahead, a time-out or a deadline, and in _async forms, the
// loader
//           is copied and may run after the call has returned: it must not refer to the caller's
//           locals.
// Callbacks Loaders run in the calling thread, or on the executor for _async forms, refreshes
//           and loads with a time-out; with no lock held. An exception becomes kLoadFailed and
//           travels in the error. Asking for the same key within its own load is kRejected.
#pragma once

#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "strata/tiered/async.h"
#include "strata/tiered/erased.h"
#include "strata/tiered/id.h"
#include "strata/tiered/invalidation.h"
#include "strata/tiered/load.h"
#include "strata/tiered/lookup.h"
#include "strata/tiered/policy.h"

namespace strata {

template <typename V>
class Keyspace {
 public:
  explicit Keyspace(std::shared_ptr<internal::KeyspaceState> state) : state_(std::move(state)) {}

  [[nodiscard]] const std::string& name() const { return internal::name(*state_); }
  // Ok, or why every call on this handle is refused: a bad name, or one that is open with
  // another type.
  [[nodiscard]] Result<void> status() const { return internal::status(*state_); }

  // The tenant's own part of this keyspace: same options, keys of its own. It goes with
  // tenant(name), with this keyspace, and with keyspace("name/keyspace"), which is its clear().
  [[nodiscard]] Keyspace of_tenant(std::string_view tenant) const {
    return Keyspace(internal::of_tenant(*state_, tenant));
  }

  // Whether it is cached, or for which share of its keys. What is switched off is neither looked
  // up nor stored; puts and invalidations take effect in the tiers all the same, so that nothing
  // outdated is there when it is switched on again. Tenants' parts go with the whole keyspace.
  // Errors: those of status(), and kClosed.
  Result<void> set_enabled(Enabled enabled) { return internal::set_enabled(*state_, enabled); }
  [[nodiscard]] Enabled enabled() const { return internal::enabled(*state_); }

  // A key with a kind or parameters, for use wherever an Id is expected.
  [[nodiscard]] Result<Key> key(KeyParts parts) const {
    return internal::make_key(*state_, std::move(parts));
  }

  // The value from the first tier that has it, promoted upward with the life it has left.
  Lookup<V> get(const Id& id, const CallOptions& call = kDefaultCall, Load* within = nullptr) {
    return Lookup<V>(internal::get(*state_, id, call, within));
  }

  // One answer per id, in order; one batched operation per tier.
  [[nodiscard]] std::vector<Lookup<V>> get_many(std::span<const std::string> ids,
                                                const CallOptions& call = kDefaultCall) {
    return typed(internal::get_many(*state_, ids, call));
  }

  [[nodiscard]] std::vector<Lookup<V>> get_many(std::initializer_list<std::string> ids,
                                                const CallOptions& call = kDefaultCall) {
    return get_many(std::span(ids.begin(), ids.size()), call);
  }

  // Whether a tier has a fresh value. Counted as no look-up of this keyspace, and no use in memory.
  [[nodiscard]] bool contains(const Id& id) { return internal::contains(*state_, id); }

  // As get(); a miss runs `loader`, or joins a load that is already running.
  template <typename Loader>
  Lookup<V> get_or_load(const Id& id, Loader loader, const CallOptions& call = kDefaultCall,
                        Load* within = nullptr) {
    auto erased = erase_loader(std::move(loader));
    return Lookup<V>(internal::get_or_load(*state_, id, erased, call, within));
  }

  // As get_many(); calls `loader(missing ids, load)` once, with what no tier had and nobody else
  // loads. It returns one std::optional<V> per missing id, in order, or an error for all of them;
  // what it tells `load`, tags and a ttl say, holds for all that it returns.
  // Loads that run already are joined; if one's result may not be taken, the loader is called for
  // that id alone. What is served past its ttl is renewed behind, by one call. The soft and hard
  // time-outs bound the waiting for others, not the loader.
  template <typename BatchLoader>
  [[nodiscard]] std::vector<Lookup<V>> get_or_load_many(std::span<const std::string> ids,
                                                        BatchLoader loader,
                                                        const CallOptions& call = kDefaultCall);

  // As get(), but calls `visitor(const V&)` on the value; returns the outcome. A value in memory is
  // read in place: what is removed meanwhile is kept until `visitor` returns, so it must be brief.
  // What it throws comes through.
  template <typename Visitor>
  Outcome visit(const Id& id, Visitor visitor) {
    const auto call = [](void* context, const Entry& entry) {
      (*static_cast<Visitor*>(context))(entry.template value<V>());
    };
    return internal::visit(*state_, id, call, &visitor);
  }

  // Stores a value in every tier, in place of what they hold and of all that depends on it.
  PutResult put(const Id& id, V value, const CallOptions& call = kDefaultCall) {
    try {
      return internal::put(*state_, id, boxed(std::move(value)), call);
    } catch (...) {
      return internal::put_failed();
    }
  }
  // put() of each, in order; one result each.
  std::vector<PutResult> put_many(std::vector<std::pair<std::string, V>> values,
                                  const CallOptions& call = kDefaultCall) {
    std::vector<PutResult> results;
    results.reserve(values.size());
    for (auto& [id, value] : values) results.push_back(put(id, std::move(value), call));
    return results;
  }
  // Removes the value, and all that depends on it, from every tier.
  InvalidationResult erase(const Id& id) { return internal::erase(*state_, id); }
  // The same for many, a thousand at a time in one operation of each tier; at most
  // limits::kBatchKeys. Counted, and told to listeners, as invalidations.
  InvalidationResult erase_many(std::span<const std::string> ids) {
    return internal::erase_many(*state_, ids);
  }
  // As erase(), when the value was made wrong by a change rather than asked to go.
  InvalidationResult invalidate(const Id& id) { return internal::invalidate(*state_, id); }
  // Ends the ttl of the value, and of all that depends on it: see Cache::expire().
  InvalidationResult expire(const Id& id) { return internal::expire(*state_, id); }
  // Gives what is cached a new ttl, from now on, without loading it. Returns whether there is
  // something.
  Result<bool> touch(const Id& id, Duration ttl) { return internal::touch(*state_, id, ttl); }
  // Removes everything in this keyspace.
  InvalidationResult clear() { return internal::clear(*state_); }

  // Asynchronous forms. get_async() and get_or_load_async() complete at once where memory has the
  // value; all else runs on the executor, or in the calling thread if that takes no more. At a
  // time-out or deadline of get_or_load_async() the timer ends the wait, in which no thread waits.
  Async<Lookup<V>> get_async(const Id& id, const CallOptions& call = kDefaultCall);
  template <typename Loader>
  Async<Lookup<V>> get_or_load_async(const Id& id, Loader loader,
                                     const CallOptions& call = kDefaultCall);
  Async<std::vector<Lookup<V>>> get_many_async(std::vector<std::string> ids,
                                               const CallOptions& call = kDefaultCall) {
    return on_executor<std::vector<Lookup<V>>>(
        [ids = std::move(ids), call](Keyspace& self) { return self.get_many(ids, call); });
  }
  template <typename BatchLoader>
  Async<std::vector<Lookup<V>>> get_or_load_many_async(std::vector<std::string> ids,
                                                       BatchLoader loader,
                                                       const CallOptions& call = kDefaultCall) {
    return on_executor<std::vector<Lookup<V>>>(
        [ids = std::move(ids), loader = std::move(loader), call](Keyspace& self) {
          return self.get_or_load_many(ids, loader, call);
        });
  }
  Async<PutResult> put_async(const Id& id, V value, const CallOptions& call = kDefaultCall) {
    return on_executor<PutResult>(
        [id = OwnedId(id), value = std::move(value), call](Keyspace& self) mutable {
          return self.put(id.id(), std::move(value), call);
        });
  }
  Async<InvalidationResult> erase_async(const Id& id) {
    return on_executor<InvalidationResult>(
        [id = OwnedId(id)](Keyspace& self) { return self.erase(id.id()); });
  }
  Async<InvalidationResult> invalidate_async(const Id& id) {
    return on_executor<InvalidationResult>(
        [id = OwnedId(id)](Keyspace& self) { return self.invalidate(id.id()); });
  }
  Async<InvalidationResult> expire_async(const Id& id) {
    return on_executor<InvalidationResult>(
        [id = OwnedId(id)](Keyspace& self) { return self.expire(id.id()); });
  }
  Async<Result<bool>> touch_async(const Id& id, Duration ttl) {
    return on_executor<Result<bool>>(
        [id = OwnedId(id), ttl](Keyspace& self) { return self.touch(id.id(), ttl); });
  }

  [[nodiscard]] const std::shared_ptr<internal::KeyspaceState>& state() const { return state_; }

 private:
  friend class Transaction;
  template <typename T, typename Call>
  Async<T> on_executor(Call call) const {
    Async<T> result;
    internal::run_async(*state_, [result, self = *this, call = std::move(call)]() mutable {
      result.complete(call(self));
    });
    return result;
  }
  template <typename Loader>
  static auto erase_loader(Loader loader) {
    return [loader = std::move(loader)](Load& load, KeyRef key) mutable -> Result<EntryRef> {
      if constexpr (std::is_invocable_v<Loader&, Load&>) {
        return entry_of(key, loader(load));
      } else {
        return entry_of(key, loader());
      }
    };
  }
  static internal::Box boxed(V value) {
    return [value = std::move(value)](KeyRef key) mutable {
      return Entry::make<V>(key, std::move(value));
    };
  }
  // The entry of what a loader returned: a V, an optional V, or a Result of either.
  template <typename R>
  static Result<EntryRef> entry_of(KeyRef key, R returned) {
    if constexpr (std::is_convertible_v<R, V>) {
      return Entry::make<V>(key, V(std::move(returned)));
    } else if constexpr (std::is_convertible_v<R, std::optional<V>>) {
      std::optional<V> value(std::move(returned));
      if (!value) return EntryRef();
      return Entry::make<V>(key, std::move(*value));
    } else {
      if (!returned) return returned.error();
      return entry_of(key, std::move(*returned));
    }
  }
  static std::vector<Lookup<V>> typed(std::vector<internal::Found> found) {
    std::vector<Lookup<V>> lookups;
    lookups.reserve(found.size());
    for (internal::Found& one : found) lookups.emplace_back(std::move(one));
    return lookups;
  }

  std::shared_ptr<internal::KeyspaceState> state_;
};

template <typename V>
template <typename BatchLoader>
std::vector<Lookup<V>> Keyspace<V>::get_or_load_many(std::span<const std::string> ids,
                                                     BatchLoader loader, const CallOptions& call) {
  internal::BatchLoader erased =
      [loader = std::move(loader)](
          std::span<const std::string> missing, Load& load,
          std::span<const KeyRef> keys) mutable -> Result<std::vector<EntryRef>> {
    Result<std::vector<std::optional<V>>> values = loader(missing, load);
    if (!values) return values.error();
    std::vector<EntryRef> entries(values->size());
    for (std::size_t i = 0; i < values->size() && i < keys.size(); ++i) {
      if ((*values)[i]) entries[i] = Entry::make<V>(keys[i], std::move(*(*values)[i]));
    }
    return entries;
  };
  return typed(internal::get_or_load_many(*state_, ids, std::move(erased), call));
}

template <typename V>
Async<Lookup<V>> Keyspace<V>::get_async(const Id& id, const CallOptions& call) {
  Async<Lookup<V>> result;
  internal::get_async(state_, id, call,
                      [result](internal::Found f) { result.complete(Lookup<V>(std::move(f))); });
  return result;
}

template <typename V>
template <typename Loader>
Async<Lookup<V>> Keyspace<V>::get_or_load_async(const Id& id, Loader loader,
                                                const CallOptions& call) {
  Async<Lookup<V>> result;
  internal::get_or_load_async(
      state_, id, erase_loader(std::move(loader)), call,
      [result](internal::Found f) { result.complete(Lookup<V>(std::move(f))); });
  return result;
}

}  // namespace strata
