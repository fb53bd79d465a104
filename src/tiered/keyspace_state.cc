// A keyspace's state: its name, group of labels, and which tiers may hold its values.
#include <algorithm>

#include "tiered/paths.h"

namespace strata::internal {

namespace {

// A tenant's part of a keyspace goes with the whole keyspace and with the tenant.
Labels group_labels(const std::string& name, const KeyspaceOptions& options) {
  const KeyspaceName split = split_keyspace(name);
  Labels labels{keyspace(name)};
  if (!split.tenant.empty()) {
    labels.push_back(keyspace(split.keyspace));
    labels.push_back(tenant(split.tenant));
  }
  if (!options.schema.empty()) labels.push_back(schema(options.schema));
  if (!options.type.empty()) labels.emplace_back(LabelKind::kType, options.type);
  if (!options.source.empty()) labels.emplace_back(LabelKind::kSource, options.source);
  return labels;
}

std::string prefix_of(const std::string& name, const std::string& version) {
  std::string prefix;
  append_escaped(prefix, version);
  prefix += ':';
  prefix += name;  // nothing that validate_keyspace() lets pass needs an escape
  prefix += "::";
  return prefix;
}

Result<void> check(const std::string& name, const KeyspaceOptions& options, const Labels& labels) {
  if (Result<void> valid = validate_keyspace(name); !valid) return valid;
  for (const Label& label : labels) {
    if (Result<void> valid = label.validate(); !valid) return valid;
  }
  if (options.ttl_jitter < 0 || options.ttl_jitter >= 1) {
    return Error{ErrorCode::kRejected,
                 "ttl_jitter of keyspace '" + name + "' must be at least 0 and below 1",
                 {}};
  }
  if (options.refresh_ahead < 0 || options.refresh_ahead >= 1) {
    return Error{ErrorCode::kRejected,
                 "refresh_ahead of keyspace '" + name + "' must be at least 0 and below 1",
                 {}};
  }
  const std::pair<const char*, Duration> durations[] = {
      {"ttl", options.ttl},
      {"stale_for", options.stale_for},
      {"keep_for", options.keep_for},
      {"negative_ttl", options.negative_ttl},
      {"retry_after", options.retry_after},
      {"error_backoff", options.error_backoff},
      {"error_backoff_max", options.error_backoff_max},
      {"soft_timeout", options.soft_timeout},
      {"hard_timeout", options.hard_timeout},
      {"load_lease", options.load_lease}};
  for (const auto& [option, duration] : durations) {
    if (duration >= Duration(0)) continue;
    return negative_duration(std::string(option) + " of keyspace '" + name + "'");
  }
  if (Result<void> valid = check_compression(options.compression); !valid) {
    return Error{
        valid.error().code, "compression of keyspace '" + name + "': " + valid.error().message, {}};
  }
  if (options.max_waiters == 0 || options.max_waiters > limits::kWaitersPerLoad) {
    return Error{ErrorCode::kRejected,
                 "max_waiters of keyspace '" + name + "' must be from 1 to " +
                     std::to_string(limits::kWaitersPerLoad),
                 {}};
  }
  if (options.max_value_bytes > limits::kValueBytesMax) {
    return Error{ErrorCode::kRejected,
                 "max_value_bytes of keyspace '" + name + "' is over the limit of " +
                     std::to_string(limits::kValueBytesMax) + " bytes",
                 {}};
  }
  return {};
}

Result<void> check_tiers(const KeyspaceState& keyspace) {
  const Cache::State& cache = keyspace.cache;
  for (const std::string& wanted : keyspace.options.tiers) {
    const bool known = wanted == cache.hot->name() ||
                       std::any_of(cache.tiers.begin(), cache.tiers.end(),
                                   [&](const auto& tier) { return tier->name() == wanted; });
    if (known) continue;
    std::string names(cache.hot->name());
    for (const auto& tier : cache.tiers) names += ", " + std::string(tier->name());
    return Error{ErrorCode::kRejected,
                 "keyspace '" + keyspace.name + "' names the tier '" + wanted +
                     "', but this cache has: " + names,
                 {}};
  }
  return {};
}

}  // namespace

KeyspaceState::KeyspaceState(Cache::State& owner, std::string keyspace_name,
                             const ValueType& value_type, KeyspaceOptions keyspace_options,
                             const KeyspaceState* whole)
    : cache(owner),
      name(std::move(keyspace_name)),
      type(value_type),
      options(std::move(keyspace_options)),
      group(group_labels(name, options)),
      key_prefix(prefix_of(name, options.key_version)),
      status(check(name, options, group.labels)),
      own_counters(whole != nullptr ? whole->own_counters : std::make_shared<KeyspaceCounters>()),
      own_enabled(whole != nullptr ? whole->own_enabled
                                   : std::make_shared<std::atomic<Enabled>>(options.enabled)),
      counters(*own_counters),
      enabled(*own_enabled) {
  if (status) status = check_tiers(*this);
  const auto allowed = [&](std::string_view tier) {
    return options.tiers.empty() ||
           std::find(options.tiers.begin(), options.tiers.end(), tier) != options.tiers.end();
  };
  hot_allowed = allowed(cache.hot->name());
  for (const auto& tier : cache.tiers) {
    lower_allowed.push_back((!options.sensitive || options.encrypt) && allowed(tier->name()));
  }
}

const std::string& name(const KeyspaceState& keyspace) { return keyspace.name; }
Result<void> status(const KeyspaceState& keyspace) { return keyspace.status; }

Result<void> set_enabled(KeyspaceState& keyspace, Enabled enabled) {
  // The whole of a keyspace that is kept by tenant takes no other calls.
  if (!keyspace.status && !keyspace.options.tenants) return keyspace.status;
  if (keyspace.cache.is_closed()) return keyspace.cache.closed_error();
  keyspace.enabled.store(enabled);
  return {};
}

Enabled enabled(const KeyspaceState& keyspace) { return keyspace.enabled.load(); }

Result<Key> make_key(const KeyspaceState& keyspace, KeyParts parts) {
  if (!parts.keyspace.empty() && parts.keyspace != keyspace.name) {
    return Error{ErrorCode::kRejected,
                 "a key of keyspace '" + parts.keyspace + "' was asked of '" + keyspace.name + "'",
                 {}};
  }
  parts.keyspace = keyspace.name;
  parts.version = keyspace.options.key_version;
  return Key::make(parts);
}

}  // namespace strata::internal
