// Policy: how long values live and where they may be kept. A call's options come before its
// load's, those before the keyspace's, those before the cache's defaults.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "strata/codecs/compression.h"
#include "strata/core/label.h"
#include "strata/core/limits.h"
#include "strata/core/time.h"
#include "strata/tiered/enabled.h"

namespace strata {

struct KeyspaceOptions {
  // Behaviour.
  Duration ttl = std::chrono::minutes(5);  // fresh for; 0: do not cache; kForever: never ends
  double ttl_jitter = 0.05;  // shortens a ttl by up to this share, the same for a key always
  Duration stale_for{0};     // after the ttl: serve at once, refresh behind
  Duration keep_for{0};      // after the ttl: serve only when the load fails or is slow
  Duration negative_ttl{0};  // remember "does not exist" for so long; 0: do not
  Duration retry_after = std::chrono::seconds(30);  // after a failed load, serve the kept value
  // After a failed load of a key of which nothing is kept, answer with its error for so long, and
  // twice as long after each further failure, up to the maximum; 0: load again at once. Whatever
  // may have changed the key or its value ends it.
  Duration error_backoff{0};
  Duration error_backoff_max = std::chrono::seconds(30);
  Duration soft_timeout = kForever;  // then the kept value, while the load goes on behind
  Duration hard_timeout = kForever;  // then kDeadlineExceeded, while the load goes on behind
  bool early_cutoff = true;  // a refresh that brings the same value leaves its dependants alone
  std::size_t max_value_bytes = limits::kValueBytesDefault;  // larger: served, not stored
  std::vector<std::string> tiers{};  // names of the tiers that may hold it; empty: all
  bool sensitive = false;            // below memory only encrypted; never in listings
  bool encrypt = false;    // below memory; without CacheParts::keys the values stay in memory
  Enabled enabled = true;  // false: every look-up is a miss, invalidations still count
  std::string key_version = "1";  // first part of every key
  std::string type{};             // label type:..., if any
  std::string source{};           // label source:..., if any
  std::string schema{};           // label schema:..., if any
  bool tenants = false;           // every call goes through Keyspace::of_tenant()
  // Performance.
  CompressionOptions compression{};                // below memory
  Duration load_lease = std::chrono::seconds(60);  // a longer load may be overtaken by another
  // Callers that wait for the load of one key; further ones get the kept value or kUnavailable.
  std::size_t max_waiters = limits::kWaitersPerLoad;
  // A hit after this share of the ttl starts a load behind, one at a time for a key; 0: none does.
  double refresh_ahead = 0;
};

// What a single call may say. Unset: as the keyspace says.
struct CallOptions {
  std::optional<Duration> ttl{};
  std::optional<Duration> stale_for{};
  std::optional<Duration> keep_for{};
  std::optional<Duration> negative_ttl{};
  std::optional<Duration> soft_timeout{};
  std::optional<Duration> hard_timeout{};
  Labels labels{};  // tags that hold for the value and for its absence
  // put: the version of the value. A read: the source's version now, as far as the caller knows;
  // what is cached of another one is loaded anew, and kept in case that fails.
  std::string version{};
  std::optional<WallTime> source_last_modified{};  // for put
  Deadline deadline{};                             // of the whole call
  bool bypass = false;  // skip the tiers and ask the source; the answer is stored as usual
};

// What a call says that says nothing.
inline const CallOptions kDefaultCall{};

}  // namespace strata
