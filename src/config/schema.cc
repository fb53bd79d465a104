// The rows of the table. A meaning is one sentence: it is shown in the example and in the docs.
#include "config/schema.h"

#include <array>
#include <cstdint>
#include <vector>

#include "config/setting_rows.h"
#include "strata/config/settings.h"
#include "strata/core/key.h"
#include "strata/core/label.h"
#include "strata/core/limits.h"

namespace strata::internal {
namespace {

constexpr std::array<std::string_view, 5> kLogLevels = {"debug", "info", "warning", "error", "off"};
constexpr std::array<std::string_view, 2> kTierNames = {"memory", "sqlite"};
constexpr std::array<std::string_view, 3> kDurabilities = {"normal", "sync", "power"};
constexpr std::array<std::string_view, 7> kPolicies = {"lru",  "lfu",     "s3fifo",  "wtinylfu",
                                                       "lirs", "horizon", "adaptive"};
// By CompressionId.
constexpr std::array<std::string_view, 4> kCompressions = {"none", "zlib", "zstd", "lz4"};
constexpr std::array<std::string_view, 3> kAims = {"requests", "bytes", "cost"};

constexpr std::int64_t kCalls = limits::kGuardedCalls;
constexpr std::int64_t kFailures = limits::kBreakerFailures;

Error rejected(std::string message) { return {ErrorCode::kRejected, std::move(message), {}}; }

Result<void> check_name(const Value& value) {
  return validate_name("cache", std::get<std::string>(value));
}

Result<void> check_key_version(const Value& value) {
  const auto& version = std::get<std::string>(value);
  if (version.empty()) return rejected("is empty; write a text");
  KeyParts parts;
  parts.version = version;
  parts.keyspace = "x";
  const auto key = Key::make(parts);
  return key ? Result<void>() : Result<void>(key.error());
}

Result<void> check_type_label(const Value& value) {
  const auto& text = std::get<std::string>(value);
  return text.empty() ? Result<void>() : Label(LabelKind::kType, text).validate();
}

Result<void> check_source_label(const Value& value) {
  const auto& text = std::get<std::string>(value);
  return text.empty() ? Result<void>() : Label(LabelKind::kSource, text).validate();
}

Result<void> check_schema_label(const Value& value) {
  const auto& text = std::get<std::string>(value);
  return text.empty() ? Result<void>() : schema(text).validate();
}

}  // namespace

std::span<const Setting> root_settings() {
  static const std::array kRows = {
      text<&Settings::name>("name", "How the cache is called in statistics and messages",
                            check_name),
      boolean<&Settings::graceful>(
          "graceful",
          "Go on without a tier that fails or cannot be opened; false makes that an error"),
  };
  return kRows;
}

std::span<const Setting> log_settings() {
  static const std::array kRows = {
      choice<&LogSettings::level>("level", kLogLevels,
                                  "How severe a message must be to be written to standard error"),
  };
  return kRows;
}

std::span<const Setting> memory_settings() {
  using Memory = MemoryOptions;
  static const std::array kRows = {
      boolean<&Memory::enabled>("enabled", "Keep values in this process"),
      integer<&Memory::max_entries>(
          "max_entries", {0, 1'000'000'000},
          "How many values are kept at most; 0 leaves the bound to max_bytes"),
      bytes<&Memory::max_bytes>("max_bytes", {0, 1024 * kGiB},
                                "How much memory they may take, with all that belongs to them"),
      choice<&Memory::policy>("policy", kPolicies,
                              "Which values stay when there is no room for all"),
      choice<&Memory::aim>("aim", kAims,
                           "What horizon and adaptive answer as much of as they can: requests; "
                           "bytes; or cost, the time that loading takes"),
      boolean<&Memory::curve>(
          "curve",
          "Estimate what hit ratio other sizes of memory would have, for Cache::curve(); with the "
          "policies horizon and adaptive"),
      make_setting<&Memory::pressure>(
          "pressure", SettingType::kShare, {},
          "Which share of the memory of the machine or control group is to stay free: max_bytes "
          "shrinks while less is left; 0 leaves it alone"),
      integer<&Memory::remembered_labels>(
          "remembered_labels", {2, 1 << 26},
          "How many invalidated labels are remembered one by one before older loads are refused"),
      integer<&Memory::shards>("shards", {0, 1024},
                               "Into how many parts, with a lock each, the entries are divided; "
                               "0: as the bounds call for, at most 16"),
  };
  return kRows;
}

std::span<const Setting> quota_settings() {
  using Quota = TenantQuota;
  static const std::array kRows = {
      integer<&Quota::max_entries>(
          "max_entries", {0, 1'000'000'000},
          "How many values of the tenant are kept in memory at most; 0 sets no bound"),
      bytes<&Quota::max_bytes>("max_bytes", {0, 1024 * kGiB},
                               "How much memory they may take; 0 sets no bound"),
  };
  return kRows;
}

std::span<const Setting> sqlite_settings() {
  using Sqlite = SqliteSettings;
  using Options = SqliteOptions;
  constexpr auto kIn = &Sqlite::options;
  constexpr auto kGuard = &Sqlite::guard;
  constexpr auto kBreaker = &TierGuardOptions::breaker;
  static const std::array kRows = {
      boolean<&Sqlite::enabled>("enabled", "Keep values in a file of this machine"),
      text<kIn, &Options::path>(
          "path", "The file; a relative path starts at the folder of this configuration",
          check_not_empty),
      bytes<kIn, &Options::max_bytes>("max_bytes", {kMiB, 64 * 1024 * kGiB},
                                      "How large the records and indexes in it may become"),
      choice<kIn, &Options::durability>(
          "durability", kDurabilities,
          "What a stored value survives: normal, most crashes; sync, any end of the process; "
          "power, also the loss of power"),
      duration<kIn, &Options::put_wait>(
          "put_wait", {0, 60 * kSecond},
          "How long a put waits for room among the pending writes before its value is dropped"),
      boolean<kIn, &Options::sharing>(
          "sharing", "Let several processes of this machine have the file open, all with this set"),
      duration<kIn, &Options::sharing_poll>(
          "sharing_poll", {kMillisecond, 2 * kSecond},
          "How often a process looks for what the others invalidated"),
      boolean<kIn, &Options::allow_network_file_system>("allow_network_file_system",
                                                        "Accept a file on a network file system"),
      integer<kIn, &Options::max_pending_writes>("max_pending_writes", {16, 1 << 24},
                                                 "How many writes may wait for the disk"),
      bytes<kIn, &Options::max_pending_bytes>("max_pending_bytes", {kMiB, 16 * kGiB},
                                              "How large the waiting writes may be together"),
      integer<kIn, &Options::readers>("readers", {1, 64}, "How many reads run at a time"),
      bytes<kIn, &Options::cache_bytes>("cache_bytes", {64 * kKiB, 64 * kGiB},
                                        "Memory for pages of the file, over all connections"),
      integer<kIn, &Options::remembered_labels>(
          "remembered_labels", {2, 1 << 26},
          "How many invalidated labels are remembered one by one before older loads are refused"),
      integer<kIn, &Options::journal_slots>(
          "journal_slots", {64, 1 << 20},
          "How many invalidations may be on their way into the file, at 32 bytes each"),
      duration<kGuard, &TierGuardOptions::timeout>(
          "timeout", {kMillisecond, 3600 * kSecond},
          "How long a read or fill may take before it counts as a failure"),
      integer<kGuard, &TierGuardOptions::max_waiting>(
          "max_waiting", {1, kCalls}, "How many reads, and fills, may be in the tier at a time"),
      integer<kGuard, kBreaker, &BreakerOptions::failures>(
          "breaker_failures", {0, kFailures},
          "After how many failures in a row the tier is passed over; 0: never"),
      duration<kGuard, kBreaker, &BreakerOptions::open_for>(
          "breaker_open_for", {kMillisecond, kDay},
          "For how long it is passed over before one read tries it again"),
      duration<kGuard, kBreaker, &BreakerOptions::open_for_max>(
          "breaker_open_for_max", {kMillisecond, kDay},
          "Up to what that time doubles while the tries fail"),
  };
  return kRows;
}

std::span<const Setting> encryption_settings() {
  using Encryption = EncryptionSettings;
  static const std::array kRows = {
      text<&Encryption::keys_variable>(
          "keys_variable",
          "The variable of the environment that holds the keys, the current one first"),
      text<&Encryption::keys_file>(
          "keys_file",
          "A file that holds the keys instead, and that only its owner may read (chmod 600)"),
  };
  return kRows;
}

namespace {

// How long values live, and what happens while they are loaded.
auto life_rows() {
  using Policy = KeyspaceOptions;
  return std::array{
      duration<&Policy::ttl>("ttl", {0, kNoEnd},
                             "How long a value is fresh; 0 caches nothing, never has no end"),
      make_setting<&Policy::ttl_jitter>(
          "ttl_jitter", SettingType::kShare, {},
          "By up to which share ttls are shortened, so that they do not end together"),
      duration<&Policy::stale_for>(
          "stale_for", {0, kNoEnd},
          "How long after its ttl a value is served at once while it is refreshed behind"),
      duration<&Policy::keep_for>(
          "keep_for", {0, kNoEnd},
          "How long after its ttl a value is served when its source fails or is slow"),
      duration<&Policy::negative_ttl>(
          "negative_ttl", {0, kNoEnd},
          "How long it is remembered that something does not exist; 0 does not remember it"),
      duration<&Policy::retry_after>(
          "retry_after", {0, kDay},
          "How long a kept value is served after a failed load before the next one"),
      duration<&Policy::error_backoff>(
          "error_backoff", {0, kDay},
          "How long the error of a load is the answer if nothing is kept, doubled by each further "
          "one; 0 loads again at once"),
      duration<&Policy::error_backoff_max>("error_backoff_max", {0, kDay},
                                           "Up to how long it is doubled"),
      duration<&Policy::soft_timeout>(
          "soft_timeout", {kMillisecond, kNoEnd},
          "After which time a kept value is served while the load goes on behind"),
      duration<&Policy::hard_timeout>(
          "hard_timeout", {kMillisecond, kNoEnd},
          "After which time a read ends with an error while the load goes on behind"),
      make_setting<&Policy::refresh_ahead>(
          "refresh_ahead", SettingType::kShare, {},
          "After which share of its ttl a value that is read is loaded anew behind; 0: none is"),
  };
}

// Which values are kept, and how.
auto keeping_rows() {
  using Policy = KeyspaceOptions;
  constexpr auto kPacking = &Policy::compression;
  return std::array{
      boolean<&Policy::early_cutoff>(
          "early_cutoff", "Leave what depends on a value alone if a refresh brings the same one"),
      bytes<&Policy::max_value_bytes>("max_value_bytes",
                                      {1, static_cast<std::int64_t>(limits::kValueBytesMax)},
                                      "Larger values are served but not stored"),
      [] {
        Setting setting =
            make_setting<&Policy::tiers>("tiers", SettingType::kTextList, {},
                                         "Which tiers may keep the values; none named: all");
        setting.choices = kTierNames;
        return setting;
      }(),
      boolean<&Policy::sensitive>(
          "sensitive",
          "Keep the values in memory only, unless encrypt is true, and out of listings"),
      boolean<&Policy::encrypt>(
          "encrypt", "Encrypt the values below memory; without keys they are kept in memory only"),
      choice<kPacking, &CompressionOptions::method>("compression", kCompressions,
                                                    "How values are compressed below memory"),
      integer<kPacking, &CompressionOptions::level>(
          "compression_level", {kMethodsOwnLevel, 19},
          "How hard: zstd 1 to 19, zlib 0 to 9, lz4 1 to 12; -1: the method's own, 3, 6 and 1"),
      bytes<kPacking, &CompressionOptions::above_bytes>(
          "compression_above", {0, static_cast<std::int64_t>(limits::kValueBytesMax)},
          "Larger values are compressed"),
      make_setting<&Policy::enabled>(
          "enabled", SettingType::kEnabled, {},
          "Use the cache, or for which share of the keys; false sends every read to its source"),
      text<&Policy::key_version>(
          "key_version", "First part of every key; a new one makes all older values unreachable",
          check_key_version),
      duration<&Policy::load_lease>(
          "load_lease", {kMillisecond, kDay},
          "After which time another load may start although one is still running"),
      integer<&Policy::max_waiters>(
          "max_waiters", {1, static_cast<std::int64_t>(limits::kWaitersPerLoad)},
          "How many callers wait for the load of one key; further ones get the kept value or an "
          "error"),
  };
}

}  // namespace

std::span<const Setting> policy_settings() {
  static const std::vector<Setting> kRows = [] {
    const auto life = life_rows();
    const auto keeping = keeping_rows();
    std::vector<Setting> rows(life.begin(), life.end());
    rows.insert(rows.end(), keeping.begin(), keeping.end());
    return rows;
  }();
  return kRows;
}

std::span<const Setting> identity_settings() {
  using Policy = KeyspaceOptions;
  static const std::array kRows = {
      text<&Policy::type>("type", "The label type:<text> that all values carry", check_type_label),
      text<&Policy::source>("source", "The label source:<text> that all values carry",
                            check_source_label),
      text<&Policy::schema>("schema", "The label schema:<text> that all values carry",
                            check_schema_label),
      boolean<&Policy::tenants>("tenants", "Values are kept by tenant: TENANT/NAME"),
  };
  return kRows;
}

std::span<const Setting> source_settings() {
  constexpr auto kGuard = &SourceOptions::guard;
  constexpr auto kBreaker = &SourceGuardOptions::breaker;
  static const std::array kRows = {
      make_setting<&SourceOptions::tags>(
          "tags", SettingType::kTextList, {},
          "Labels tag:<text> of each value; {name} stands for the value of a parameter"),
      text<&SourceOptions::keyspace, &KeyspaceOptions::type>(
          "type", "The label type:<text> that all values carry", check_type_label),
      integer<kGuard, &SourceGuardOptions::max_concurrent>(
          "max_concurrent", {0, kCalls}, "How many loads of the source run at a time; 0: no limit"),
      integer<kGuard, &SourceGuardOptions::max_waiting>(
          "max_waiting", {0, kCalls},
          "How many callers wait for one of those to end; further ones get an error"),
      duration<kGuard, &SourceGuardOptions::max_wait>(
          "max_wait", {0, kNoEnd}, "For how long a caller waits for one of those to end"),
      integer<kGuard, kBreaker, &BreakerOptions::failures>(
          "breaker_failures", {0, kFailures},
          "After how many failures in a row the source is left alone; 0: never"),
      duration<kGuard, kBreaker, &BreakerOptions::open_for>(
          "breaker_open_for", {kMillisecond, kDay},
          "For how long it is left alone before one load tries it again"),
      duration<kGuard, kBreaker, &BreakerOptions::open_for_max>(
          "breaker_open_for_max", {kMillisecond, kDay},
          "Up to what that time doubles while the tries fail"),
  };
  return kRows;
}

}  // namespace strata::internal
