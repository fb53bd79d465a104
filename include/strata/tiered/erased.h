// The type-erased core that Keyspace<V> is a thin layer over. Not for direct use.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

#include "strata/core/entry.h"
#include "strata/core/result.h"
#include "strata/tiered/id.h"
#include "strata/tiered/invalidation.h"
#include "strata/tiered/lookup.h"
#include "strata/tiered/policy.h"

namespace strata {
class Load;
}

namespace strata::internal {

struct KeyspaceState;

// Makes the entry for a key. A null entry: nothing exists.
using Loader = std::function<Result<EntryRef>(Load&, KeyRef)>;
using Box = std::function<EntryRef(KeyRef)>;

// Somebody else's loader, for as long as a call lasts: most calls find what they ask for, and need
// none of their own. What outlives the call has a copy. `Function` is Loader or what one can be
// made of.
class LoaderRef {
 public:
  template <typename Function>
  requires std::is_constructible_v<Loader, Function&> LoaderRef(Function& function)
      : function_(const_cast<void*>(static_cast<const void*>(&function))),
        call_([](void* context, Load& load, KeyRef key) -> Result<EntryRef> {
          return (*static_cast<Function*>(context))(load, key);
        }),
        copy_([](void* context) { return Loader(*static_cast<Function*>(context)); }) {}

  // Not an operator: then a Loader could be made of this, and refer to what is gone.
  Result<EntryRef> call(Load& load, KeyRef key) const { return call_(function_, load, key); }
  [[nodiscard]] Loader copy() const { return copy_(function_); }

 private:
  void* function_;
  Result<EntryRef> (*call_)(void* context, Load& load, KeyRef key);
  Loader (*copy_)(void* context);
};
using BatchLoader = std::function<Result<std::vector<EntryRef>>(
    std::span<const std::string> missing, Load&, std::span<const KeyRef> keys)>;

[[nodiscard]] const std::string& name(const KeyspaceState& keyspace);
[[nodiscard]] Result<void> status(const KeyspaceState& keyspace);
Result<void> set_enabled(KeyspaceState& keyspace, Enabled enabled);
[[nodiscard]] Enabled enabled(const KeyspaceState& keyspace);
[[nodiscard]] Result<Key> make_key(const KeyspaceState& keyspace, KeyParts parts);

[[nodiscard]] std::shared_ptr<KeyspaceState> of_tenant(KeyspaceState& keyspace,
                                                       std::string_view tenant);

[[nodiscard]] Found get(KeyspaceState& keyspace, const Id& id, const CallOptions& call,
                        Load* within);
// Calls visitor(context, entry) with what get() finds, if it is a value.
using Visitor = void (*)(void* context, const Entry& entry);
Outcome visit(KeyspaceState& keyspace, const Id& id, Visitor visitor, void* context);
[[nodiscard]] std::vector<Found> get_many(KeyspaceState& keyspace, std::span<const std::string> ids,
                                          const CallOptions& call);
[[nodiscard]] bool contains(KeyspaceState& keyspace, const Id& id);
[[nodiscard]] Found get_or_load(KeyspaceState& keyspace, const Id& id, LoaderRef loader,
                                const CallOptions& call, Load* within);
[[nodiscard]] std::vector<Found> get_or_load_many(KeyspaceState& keyspace,
                                                  std::span<const std::string> ids,
                                                  BatchLoader loader, const CallOptions& call);
PutResult put(KeyspaceState& keyspace, const Id& id, const Box& box, const CallOptions& call);
// That of a put whose value could not be taken over, for the exception that is being handled.
[[nodiscard]] PutResult put_failed();
InvalidationResult erase(KeyspaceState& keyspace, const Id& id);
InvalidationResult erase_many(KeyspaceState& keyspace, std::span<const std::string> ids);
InvalidationResult invalidate(KeyspaceState& keyspace, const Id& id);
InvalidationResult expire(KeyspaceState& keyspace, const Id& id);
InvalidationResult clear(KeyspaceState& keyspace);
Result<bool> touch(KeyspaceState& keyspace, const Id& id, Duration ttl);

void get_async(std::shared_ptr<KeyspaceState> keyspace, const Id& id, const CallOptions& call,
               std::function<void(Found)> done);
void get_or_load_async(std::shared_ptr<KeyspaceState> keyspace, const Id& id, Loader loader,
                       const CallOptions& call, std::function<void(Found)> done);
// Runs `task` on the executor; in this thread if that takes no more.
void run_async(KeyspaceState& keyspace, const std::function<void()>& task);

}  // namespace strata::internal
