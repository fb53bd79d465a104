// The keyspaces of a cache: opening them, and tenants' parts of them.
#include <cinttypes>
#include <cstdio>

#include "tiered/paths.h"

namespace strata {
namespace {

using internal::KeyspaceState;

// A handle keeps the whole cache's state, since its calls use it.
std::shared_ptr<KeyspaceState> handle(Cache::State& state,
                                      std::shared_ptr<KeyspaceState> keyspace) {
  struct Holder {
    std::shared_ptr<Cache::State> state;
    std::shared_ptr<KeyspaceState> keyspace;
  };
  auto holder = std::make_shared<Holder>(Holder{state.shared_from_this(), std::move(keyspace)});
  return std::shared_ptr<KeyspaceState>(holder, holder->keyspace.get());
}

// A keyspace that refuses every call.
std::shared_ptr<KeyspaceState> refused(Cache::State& state, std::string_view name,
                                       const ValueType& type, std::string why) {
  auto keyspace =
      std::make_shared<KeyspaceState>(state, std::string(name), type, state.options.defaults);
  keyspace->status = Error{ErrorCode::kRejected, std::move(why), {}};
  return handle(state, std::move(keyspace));
}

bool same_type(const ValueType& a, const ValueType& b) {
  return a.codec == b.codec && a.schema == b.schema;
}

// Two types may have the codec in common: that of described structs.
std::string described(const ValueType& type) {
  std::string text = "'" + std::string(type.name) + "'";
  if (type.schema == 0) return text;
  char digits[20] = {};
  std::snprintf(digits, sizeof(digits), "%016" PRIx64, type.schema);
  return text + " of schema " + digits;
}

// The open keyspace, if it is open.
std::shared_ptr<KeyspaceState> find_open(Cache::State& state, std::string_view name,
                                         const ValueType& type)
    STRATA_REQUIRES(state.keyspaces_mutex) {
  const auto open = state.keyspaces.find(name);
  if (open == state.keyspaces.end()) return nullptr;
  const ValueType& other = open->second->type;
  if (same_type(other, type)) return handle(state, open->second);
  return refused(state, name, type,
                 "keyspace '" + std::string(name) + "' is open with codec " + described(other) +
                     " and cannot hold " + described(type) + " too");
}

std::shared_ptr<KeyspaceState> too_many(Cache::State& state, std::string_view name,
                                        const ValueType& type, std::size_t limit) {
  return refused(state, name, type,
                 "keyspace '" + std::string(name) + "' would be one more than the " +
                     std::to_string(limit) +
                     " that a cache may have; put what varies into the key");
}

std::shared_ptr<KeyspaceState> open_whole(Cache::State& state, std::string_view name,
                                          const ValueType& type, const KeyspaceOptions* options) {
  const MutexLock lock(state.keyspaces_mutex);
  if (auto open = find_open(state, name, type)) return open;
  if (state.keyspaces.size() - state.tenant_keyspaces >= limits::kKeyspaces) {
    return too_many(state, name, type, limits::kKeyspaces);
  }
  const auto configured = state.configured.find(name);
  const KeyspaceOptions& chosen = configured != state.configured.end() ? configured->second
                                  : options != nullptr                 ? *options
                                                                       : state.options.defaults;
  auto keyspace = std::make_shared<KeyspaceState>(state, std::string(name), type, chosen);
  if (keyspace->status) {
    state.keyspaces.emplace(std::string(name), keyspace);
    if (chosen.tenants) {
      keyspace->status =
          Error{ErrorCode::kRejected,
                "keyspace '" + keyspace->name + "' is kept by tenant; call of_tenant() on it",
                {}};
    }
  }
  return handle(state, std::move(keyspace));
}

}  // namespace

std::shared_ptr<KeyspaceState> internal::of_tenant(KeyspaceState& keyspace,
                                                   std::string_view tenant) {
  Cache::State& state = keyspace.cache;
  const std::string_view whole = split_keyspace(keyspace.name).keyspace;
  const std::string name = std::string(tenant) + "/" + std::string(whole);
  if (Result<void> valid = validate_keyspace(name); !valid) {
    return refused(state, name, keyspace.type, valid.error().message);
  }
  const MutexLock lock(state.keyspaces_mutex);
  const auto base = state.keyspaces.find(whole);
  if (base == state.keyspaces.end() || !same_type(base->second->type, keyspace.type)) {
    return refused(state, name, keyspace.type, keyspace.status.error().message);
  }
  if (auto open = find_open(state, name, keyspace.type)) return open;
  if (state.tenant_keyspaces >= limits::kTenantKeyspaces) {
    return too_many(state, name, keyspace.type, limits::kTenantKeyspaces);
  }
  auto part = std::make_shared<KeyspaceState>(state, name, keyspace.type, keyspace.options,
                                              base->second.get());
  if (part->status) {
    state.keyspaces.emplace(name, part);
    ++state.tenant_keyspaces;
  }
  return handle(state, std::move(part));
}

std::shared_ptr<KeyspaceState> Cache::open_keyspace(std::string_view name, const ValueType& type,
                                                    const KeyspaceOptions* options) {
  const KeyspaceName split = split_keyspace(name);
  const bool is_part = split.keyspace.size() < name.size() && validate_keyspace(name).ok();
  if (!is_part) return open_whole(*state_, name, type, options);
  const auto whole = open_whole(*state_, split.keyspace, type, options);
  return internal::of_tenant(*whole, split.tenant);
}

Result<void> Cache::set_enabled(std::string_view keyspace, Enabled enabled) {
  std::shared_ptr<KeyspaceState> found;
  {
    const MutexLock lock(state_->keyspaces_mutex);
    const auto open = state_->keyspaces.find(keyspace);
    if (open != state_->keyspaces.end()) found = open->second;
  }
  if (found) return internal::set_enabled(*found, enabled);
  return Error{ErrorCode::kRejected,
               "there is no open keyspace '" + std::string(keyspace) + "' to switch on or off",
               {}};
}

void Cache::configure_keyspace(std::string_view name, KeyspaceOptions options) {
  const MutexLock lock(state_->keyspaces_mutex);
  state_->configured.insert_or_assign(std::string(name), std::move(options));
}

}  // namespace strata
