// Transaction: invalidations that take effect with the origin's commit, and reads that do not
// let anybody else see what is not committed yet.
//
//   Transaction change = cache.transaction();      // before the origin's BEGIN
//   db.begin();
//   auto user = change.get_or_load(users, "42", [&](Load&) { return db.find_user(42); });
//   db.rename(42, "Ada");
//   change.invalidate(tag("org:7"));               // with each write, before the next read
//   db.commit();
//   change.commit();                               // final when it returns
//
// Promise   P3: what is collected is invalidated by commit(), and never after rollback(). Reads
//           through the handle see the origin as the transaction does: what a load brings is
//           stored only if nothing was written before it was stored, and with the tickets of the
//           moment at which the transaction was opened; a cached value is used only if it carries
//           none of the labels collected so far. Loads are the transaction's own: they join
//           nobody and nobody joins them.
//           A transaction that ends without commit() or rollback() may have been committed, and
//           counts as committed. So does commit() if the origin's answer was lost.
// Threads   Confined to one thread at a time.
// Lifetime  Keeps the cache's state alive. After commit() or rollback() reads are those of the
//           cache, and what is collected is refused.
// Errors    invalidate() and emit() refuse what the cache would refuse, and collect nothing then.
//           After an error of commit() the transaction is open, with a part of it in effect
//           perhaps: call it again. The destructor tries twice, and logs. Once the cache is closed
//           nothing can be committed.
// Time-outs Those of the call and the keyspace do not apply: loads run in the caller's thread.
// Memory    At most limits::kTransactionLabels labels; one more, or no memory for one, and
//           everything() takes the place of all.
#pragma once

#include <initializer_list>
#include <memory>
#include <span>
#include <string_view>
#include <utility>

#include "strata/core/label.h"
#include "strata/core/result.h"
#include "strata/tiered/cache.h"
#include "strata/tiered/keyspace.h"

namespace strata {

class Transaction {
 public:
  explicit Transaction(std::shared_ptr<Cache::State> cache);
  ~Transaction();
  Transaction(Transaction&&) noexcept;
  Transaction& operator=(Transaction&&) noexcept;

  template <typename V>
  Lookup<V> get(Keyspace<V>& keyspace, const Id& id, const CallOptions& call = kDefaultCall) {
    return Lookup<V>(read(*keyspace.state(), id, nullptr, call));
  }
  template <typename V, typename Loader>
  Lookup<V> get_or_load(Keyspace<V>& keyspace, const Id& id, Loader loader,
                        const CallOptions& call = kDefaultCall) {
    auto erased = Keyspace<V>::erase_loader(std::move(loader));
    const internal::LoaderRef borrowed(erased);
    return Lookup<V>(read(*keyspace.state(), id, &borrowed, call));
  }

  // Says that something was written whose labels are not known yet: from here on loads are not
  // stored. invalidate() and emit() say so too.
  void wrote();

  // Collects labels of what was written.
  Result<void> invalidate(const Label& label) { return invalidate(std::span(&label, 1)); }
  Result<void> invalidate(std::span<const Label> labels);
  Result<void> invalidate(std::initializer_list<Label> labels) {
    return invalidate(std::span(labels.begin(), labels.size()));
  }
  template <typename V>
  Result<void> invalidate(Keyspace<V>& keyspace, const Id& id) {
    return invalidate_key(*keyspace.state(), id);
  }

  // What the cache's rules make of the event is collected; handlers are called after commit().
  Result<void> emit(Event event);
  // As Cache::invalidate_by_write(): what no rule knows has its default labels collected.
  Result<void> invalidate_by_write(std::string_view type, std::string_view id, Fields fields = {},
                                   Fields old_fields = {});

  [[nodiscard]] Labels collected() const;

  // After the origin has committed: invalidates what was collected, in one step of each tier (of a
  // thousand labels each), then calls the handlers of the events.
  InvalidationResult commit();
  // After the origin has rolled back: forgets it.
  void rollback();
  [[nodiscard]] bool open() const;

  struct State;

 private:
  internal::Found read(internal::KeyspaceState& keyspace, const Id& id,
                       const internal::LoaderRef* loader, const CallOptions& call);
  Result<void> invalidate_key(internal::KeyspaceState& keyspace, const Id& id);
  Result<void> emit_event(Event event, const Labels& plain);
  std::unique_ptr<State> state_;
};

}  // namespace strata
