// The type-erased core that Keyspace<V> is a thin layer over. Not for direct use.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
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
[[nodiscard]] Found get_or_load(KeyspaceState& keyspace, const Id& id, Loader loader,
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
