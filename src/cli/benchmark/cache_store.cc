// Both tiers, as an application uses them: through Cache.
#include <optional>
#include <utility>

#include "cli/benchmark/settling.h"
#include "cli/benchmark/store.h"
#include "strata/config/open.h"
#include "strata/tiered/cache.h"

namespace strata::benchmark {
namespace {

class CacheStore final : public Store {
 public:
  CacheStore(Cache cache, bool has_tenants, std::shared_ptr<Clock> clock, Origin& origin)
      : origin_(origin),
        clock_(std::move(clock)),
        cache_(std::move(cache)),
        values_(cache_.keyspace<std::string>(kKeyspace)) {
    if (has_tenants) values_ = values_.of_tenant(kKeyspace);
  }
  // The file goes as well: nothing more has to be written.
  ~CacheStore() override { cache_.close(Deadline{clock_->now()}); }

  Result<void> read(std::uint64_t number, Reading& into) override {
    const Lookup<std::string> found =
        values_.get_or_load(number, [&origin = origin_, number] { return origin.fetch(number); });
    if (!found) {
      if (found.has_error()) return found.error();
      return Error{ErrorCode::kLoadFailed, "a look-up ended without a value", {}};
    }
    into.is_hit = !found.tier().empty();
    into.bytes = *found;
    into.keeper = found.entry();
    return {};
  }
  Result<bool> write(std::uint64_t number, std::string value) override {
    const PutResult put = values_.put(number, std::move(value));
    if (!put.ok()) return *put.error;
    bool is_kept = true;
    for (const PutResult::Tier& tier : put.tiers) {
      if (tier.error) return *tier.error;
      is_kept = is_kept && tier.outcome == FillOutcome::kStored;
    }
    return is_kept;
  }
  Result<void> settle() override {
    return settle_by(*clock_, [this](Deadline deadline) { return cache_.flush(deadline); });
  }

 private:
  Origin& origin_;
  const std::shared_ptr<Clock> clock_;
  Cache cache_;
  Keyspace<std::string> values_;
};

// The options of the settings, and none of what belongs to an application.
Settings options_only(const StoreOptions& options) {
  Settings settings = options.settings;
  settings.graceful = false;  // A tier that fails is not to be measured.
  settings.sqlite.enabled = true;
  settings.sqlite.options.path = options.sqlite_path;
  settings.keyspaces.clear();
  settings.sources.clear();
  settings.types.clear();
  settings.rules.clear();
  settings.cascades.clear();
  settings.outboxes.clear();
  return settings;
}

}  // namespace

Result<std::unique_ptr<Store>> cache_store(const StoreOptions& options, Origin& origin) {
  Result<Cache> cache = strata::open(options_only(options), {.clock = options.clock});
  if (!cache) return cache.error();
  auto store = std::make_unique<CacheStore>(*std::move(cache), options.settings.defaults.tenants,
                                            options.clock, origin);
  return std::unique_ptr<Store>(std::move(store));
}

}  // namespace strata::benchmark
