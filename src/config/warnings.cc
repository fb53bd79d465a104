// What a configuration may say and yet probably does not mean.
#include <algorithm>
#include <bit>
#include <string>

#include "config/document.h"
#include "config/reader.h"
#include "config/rule_warnings.h"
#include "config/variables.h"
#include "http_source/url_template.h"
#include "strata/config/settings.h"
#include "strata/core/duration.h"

namespace strata {
namespace internal {
namespace {

// Shorter and longer ttls than these are more often a wrong unit than a wish.
constexpr Duration kShortTtl = std::chrono::seconds(1);
constexpr Duration kLongTtl = std::chrono::hours(2 * 365 * 24);

// In less hardly an entry fits.
constexpr std::uint64_t kSmallQuota = 512;

class Warner {
 public:
  explicit Warner(const Settings& settings) : settings_(settings) {}

  std::vector<std::string> all() {
    lines_ = settings_.remarks;
    if (!settings_.memory.enabled && !settings_.sqlite.enabled) {
      warn("cache.memory.enabled", "memory and sqlite are both off; every read goes to its source");
    }
    check_memory();
    check_quota("cache.memory.each_tenant", settings_.memory.each_tenant);
    for (const auto& [name, quota] : settings_.memory.tenants) {
      check_quota(key_below("cache.memory.tenants", name), quota);
    }
    check_policy("cache.defaults", settings_.defaults);
    for (const auto& [name, options] : settings_.keyspaces) {
      check_policy("cache.keyspaces." + name, options);
    }
    for (const auto& [name, source] : settings_.sources) {
      check_policy("cache.sources." + name, source.cache.keyspace);
      check_parameters("cache.sources." + name, source);
    }
    check_rules(settings_,
                [this](const std::string& key, const std::string& message) { warn(key, message); });
    return std::move(lines_);
  }

 private:
  void check_memory() {
    const MemoryOptions& memory = settings_.memory;
    if (memory.enabled && memory.max_bytes == 0) {
      warn("cache.memory.max_bytes", "0 keeps nothing in memory; say enabled: false instead");
    }
    const bool has_horizon =
        memory.policy == EvictionPolicy::kHorizon || memory.policy == EvictionPolicy::kAdaptive;
    if (memory.aim != EvictionAim::kRequests && !has_horizon) {
      warn("cache.memory.aim", "has no effect but with the policies horizon and adaptive");
    }
    if (memory.curve && !has_horizon) {
      warn("cache.memory.curve", "there is one with the policies horizon and adaptive only");
    }
    if (memory.curve && !memory.enabled) {
      warn("cache.memory.curve", "has no effect, since enabled is false");
    }
    if (memory.pressure > 0 && !memory.enabled) {
      warn("cache.memory.pressure", "has no effect, since enabled is false");
    }
    if (memory.shards > 0 && !std::has_single_bit(memory.shards)) {
      warn("cache.memory.shards", std::to_string(memory.shards) +
                                      " is not a power of two; there will be " +
                                      std::to_string(std::bit_ceil(memory.shards)));
    }
  }

  void check_quota(const std::string& path, const TenantQuota& quota) {
    const MemoryOptions& memory = settings_.memory;
    const auto is_beyond = [](std::uint64_t own, std::uint64_t bound) {
      return bound != 0 && own > bound;
    };
    if (is_beyond(quota.max_entries, memory.max_entries)) {
      warn(path + ".max_entries", "is larger than cache.memory.max_entries");
    }
    if (is_beyond(quota.max_bytes, memory.max_bytes)) {
      warn(path + ".max_bytes", "is larger than cache.memory.max_bytes");
    }
    if (quota.max_bytes != 0 && quota.max_bytes < kSmallQuota) {
      warn(path + ".max_bytes", std::to_string(quota.max_bytes) +
                                    " bytes hold hardly an entry, which takes some 210 beside its "
                                    "key and value");
    }
  }

  void check_policy(const std::string& path, const KeyspaceOptions& options) {
    // What is taken over from the defaults is said once, there.
    const bool is_defaults = path == "cache.defaults";
    const auto is_own = [&](std::string_view name) {
      return is_defaults || settings_.origins.contains(path + '.' + std::string(name));
    };
    if (is_own("ttl")) check_ttl(path + ".ttl", options.ttl);
    if (is_own("negative_ttl") && options.negative_ttl > options.ttl) {
      warn(path + ".negative_ttl", format_duration(options.negative_ttl) +
                                       " is longer than the ttl of " +
                                       format_duration(options.ttl));
    }
    if (is_own("soft_timeout") && options.soft_timeout != kForever &&
        options.keep_for == Duration(0)) {
      warn(path + ".soft_timeout", "has no effect, since keep_for is 0: there is no kept value");
    }
    if (is_own("soft_timeout") && options.soft_timeout != kForever &&
        options.soft_timeout >= options.hard_timeout) {
      warn(path + ".soft_timeout", "has no effect, since hard_timeout is not longer");
    }
    if (is_own("refresh_ahead") && options.refresh_ahead > 0 && options.ttl == Duration(0)) {
      warn(
          path + ".refresh_ahead",
          "has no effect, since ttl is 0, but on what its source or loader gives a ttl of its own");
    }
    if (is_own("max_value_bytes") && settings_.memory.enabled &&
        options.max_value_bytes > settings_.memory.max_bytes) {
      warn(path + ".max_value_bytes", "is larger than cache.memory.max_bytes");
    }
    check_tiers(path, options, is_own("tiers"), is_own("sensitive") || is_own("encrypt"));
  }

  // A parameter becomes part of the keys, which are stored and shown.
  void check_parameters(const std::string& path, const SourceSettings& source) {
    const bool is_http = std::holds_alternative<HttpOptions>(source.kind);
    const std::string key = path + (is_http ? ".http.params" : ".sqlite.params");
    const auto origin = settings_.origins.find(key);
    bool is_secret = origin != settings_.origins.end() && origin->second.secret;
    const auto& parameters = is_http ? std::get<HttpOptions>(source.kind).parameters
                                     : std::get<SqliteQueryOptions>(source.kind).parameters;
    for (const SourceParameter& parameter : parameters) {
      is_secret = is_secret || (!parameter.required && is_secret_name(parameter.name));
    }
    if (is_secret) {
      warn(key,
           "a default that may be a secret becomes part of the keys, which are stored; write "
           "${NAME} where it is needed instead");
    }
  }

  void check_ttl(const std::string& key, Duration ttl) {
    if (ttl > Duration(0) && ttl < kShortTtl) {
      warn(key, format_duration(ttl) + " is unusually short; is the unit right?");
    }
    if (ttl > kLongTtl && ttl != kForever) {
      warn(key, format_duration(ttl) + " is unusually long; is the unit right?");
    }
  }

  void check_tiers(const std::string& path, const KeyspaceOptions& options, bool own_tiers,
                   bool own_sensitive) {
    if (!own_tiers && !own_sensitive) return;
    const auto is_named = [&](std::string_view name) {
      return options.tiers.empty() ||
             std::count(options.tiers.begin(), options.tiers.end(), name) > 0;
    };
    const bool in_memory = settings_.memory.enabled && is_named("memory");
    const bool in_sqlite =
        settings_.sqlite.enabled && is_named("sqlite") && (!options.sensitive || options.encrypt);
    if (in_memory || in_sqlite || (!settings_.memory.enabled && !settings_.sqlite.enabled)) return;
    warn(path + (own_tiers ? ".tiers" : ".sensitive"), "no tier that is on may keep these values");
  }

  void warn(const std::string& key, const std::string& message) {
    Place place;
    std::string from;
    auto origin = settings_.origins.find(key);
    if (origin == settings_.origins.end()) {
      // Of a section, where the first of its settings stands.
      const std::string below = key + '.';
      origin = settings_.origins.lower_bound(below);
      if (origin != settings_.origins.end() && !origin->first.starts_with(below)) {
        origin = settings_.origins.end();
      }
    }
    if (origin != settings_.origins.end()) {
      place = {origin->second.line, origin->second.column};
      from = from_variables(origin->second.variables);
    }
    lines_.push_back(located(settings_.file, place, key + ": " + message + from));
  }

  const Settings& settings_;
  std::vector<std::string> lines_;
};

}  // namespace
}  // namespace internal

std::vector<std::string> settings_warnings(const Settings& settings) {
  return internal::Warner(settings).all();
}

}  // namespace strata
