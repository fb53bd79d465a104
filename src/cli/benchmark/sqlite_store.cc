// The SQLite tier alone, through its port.
#include <utility>

#include "cli/benchmark/entry_key.h"
#include "cli/benchmark/settling.h"
#include "cli/benchmark/store.h"
#include "strata/core/value_type.h"
#include "strata/sqlite/sqlite_tier.h"

namespace strata::benchmark {
namespace {

class SqliteStore final : public Store {
 public:
  SqliteStore(std::unique_ptr<Tier> tier, std::shared_ptr<Clock> clock, Origin& origin)
      : origin_(origin), clock_(std::move(clock)), tier_(std::move(tier)) {}
  // The file goes as well: nothing more has to be written.
  ~SqliteStore() override { tier_->close(Deadline{clock_->now()}); }

  Result<void> read(std::uint64_t number, Reading& into) override {
    const EntryKey key(number);
    const KeyRef ref = key.ref();
    Result<std::optional<Record>> record = tier_->get(ref, {});
    if (!record) return record.error();
    into.is_hit = record->has_value();
    if (!into.is_hit) {
      const Ticket ticket = tier_->position();
      *record = make_record(ref, origin_.fetch(number));
      const Result<FillOutcome> filled = tier_->fill(**record, ticket, {});
      if (!filled) return filled.error();
    }
    into.bytes = into.keeper.emplace<std::string>(std::move((*record)->payload));
    return {};
  }
  Result<bool> write(std::uint64_t number, std::string value) override {
    const EntryKey key(number);
    const KeyRef ref = key.ref();
    const Ticket ticket = tier_->position();
    const Record record = make_record(ref, std::move(value));
    const Result<FillOutcome> outcome = tier_->put(ref, &record, ticket, {});
    if (!outcome) return outcome.error();
    return *outcome == FillOutcome::kStored;
  }
  Result<void> settle() override {
    return settle_by(*clock_, [this](Deadline deadline) { return tier_->flush(deadline); });
  }

 private:
  Record make_record(KeyRef key, std::string value) const {
    const ValueType& type = value_type<std::string>();
    Record record;
    record.key_text = key.text;
    record.group = group_;
    record.lifetime = {.written_wall = clock_->wall_now(),
                       .written_since_boot = clock_->now().since_boot,
                       .boot_id = clock_->boot_id()};
    record.codec = type.codec;
    record.schema = type.schema;
    record.raw_size = static_cast<std::uint32_t>(value.size());
    record.payload = std::move(value);
    return record;
  }

  Origin& origin_;
  const Labels group_{keyspace(kKeyspace)};
  const std::shared_ptr<Clock> clock_;
  const std::unique_ptr<Tier> tier_;
};

}  // namespace

Result<std::unique_ptr<Store>> sqlite_store(const StoreOptions& options, Origin& origin) {
  SqliteOptions sqlite = options.settings.sqlite.options;
  sqlite.path = options.sqlite_path;
  Result<std::unique_ptr<Tier>> tier =
      open_sqlite_tier(std::move(sqlite), options.clock, system_random());
  if (!tier) return tier.error();
  return std::unique_ptr<Store>(
      std::make_unique<SqliteStore>(*std::move(tier), options.clock, origin));
}

}  // namespace strata::benchmark
