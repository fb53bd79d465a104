// The memory tier alone, through its port.
#include <utility>

#include "cli/benchmark/entry_key.h"
#include "cli/benchmark/store.h"
#include "strata/memory/memory_tier.h"

namespace strata::benchmark {
namespace {

class MemoryStore final : public Store {
 public:
  MemoryStore(const StoreOptions& options, Origin& origin)
      : origin_(origin),
        tier_(memory_tier(options.settings.memory, options.clock, system_random())) {}

  Result<void> read(std::uint64_t number, Reading& into) override {
    const EntryKey key(number);
    const KeyRef ref = key.ref();
    EntryRef entry = tier_->get(ref);
    into.is_hit = static_cast<bool>(entry);
    if (!entry) {
      const Ticket ticket = tier_->position();
      entry = make_entry(ref, origin_.fetch(number));
      tier_->fill(entry, ticket);
    }
    into.bytes = entry->value<std::string>();
    into.keeper = std::move(entry);
    return {};
  }
  Result<bool> write(std::uint64_t number, std::string value) override {
    const EntryKey key(number);
    const KeyRef ref = key.ref();
    const Ticket ticket = tier_->position();
    return tier_->put(ref, make_entry(ref, std::move(value)), ticket, RemovalCause::kReplaced) ==
           FillOutcome::kStored;
  }

 private:
  EntryRef make_entry(KeyRef key, std::string value) const {
    EntryRef entry = Entry::make<std::string>(key, std::move(value));
    entry->set_group(&group_);
    entry->set_times(kNever, kNever);
    return entry;
  }

  Origin& origin_;
  const LabelGroup group_{{keyspace(kKeyspace)}};
  const std::unique_ptr<HotTier> tier_;
};

}  // namespace

std::unique_ptr<Store> memory_store(const StoreOptions& options, Origin& origin) {
  return std::make_unique<MemoryStore>(options, origin);
}

}  // namespace strata::benchmark
