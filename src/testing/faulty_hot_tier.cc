// A hot tier that forgets and declines. A put that is declined is an erase: its number counts, and
// what was there before is gone.
#include <utility>

#include "strata/testing/with_faults.h"

namespace strata {
namespace {

class FaultyHotTier final : public HotTier {
 public:
  FaultyHotTier(std::unique_ptr<HotTier> inner, SharedFaultPlan plan)
      : inner_(std::move(inner)), plan_(std::move(plan)) {}

  [[nodiscard]] std::string_view name() const override { return inner_->name(); }
  [[nodiscard]] Ticket position() const override { return inner_->position(); }
  [[nodiscard]] EntryRef get(const KeyRef& key) override {
    return fails("hot.get") ? EntryRef() : inner_->get(key);
  }
  bool visit(const KeyRef& key, Visitor visitor, void* context) override {
    return !fails("hot.get") && inner_->visit(key, visitor, context);
  }
  [[nodiscard]] EntryRef peek(const KeyRef& key) const override { return inner_->peek(key); }
  void get_many(std::span<const KeyRef> keys, std::span<EntryRef> entries) override {
    inner_->get_many(keys, entries);
    for (EntryRef& entry : entries) {
      if (fails("hot.get")) entry = EntryRef();
    }
  }
  FillOutcome fill(EntryRef entry, Ticket ticket) override {
    if (fails("hot.fill")) return FillOutcome::kDeclined;
    return inner_->fill(std::move(entry), ticket);
  }
  FillOutcome put(KeyRef key, EntryRef entry, Ticket ticket, RemovalCause cause) override {
    if (!fails("hot.put")) return inner_->put(key, std::move(entry), ticket, cause);
    (void)inner_->put(key, EntryRef(), ticket, cause);
    return FillOutcome::kDeclined;
  }
  bool touch(const KeyRef& key, Instant fresh_until, Instant keep_until) override {
    return inner_->touch(key, fresh_until, keep_until);
  }
  InvalidateOutcome invalidate(std::span<const Label> labels) override {
    return inner_->invalidate(labels);
  }
  InvalidateOutcome expire(std::span<const Label> labels) override {
    return inner_->expire(labels);
  }
  [[nodiscard]] bool invalidated_after(const Entry& entry, Ticket ticket) const override {
    return inner_->invalidated_after(entry, ticket);
  }
  [[nodiscard]] bool invalidated_after(std::span<const LabelId> labels,
                                       Ticket ticket) const override {
    return inner_->invalidated_after(labels, ticket);
  }
  std::uint64_t scan(std::uint64_t cursor, std::vector<EntryRef>& entries) const override {
    return inner_->scan(cursor, entries);
  }
  [[nodiscard]] Standing standing(const Entry& entry) const override {
    return inner_->standing(entry);
  }
  std::uint64_t remove_expired() override { return inner_->remove_expired(); }
  std::uint64_t remove_due(std::size_t at_most) override { return inner_->remove_due(at_most); }
  void resize(std::uint64_t max_entries, std::uint64_t max_bytes) override {
    inner_->resize(max_entries, max_bytes);
  }
  bool resize_bytes(std::uint64_t from, std::uint64_t to) override {
    return inner_->resize_bytes(from, to);
  }
  [[nodiscard]] Result<void> set_quota(std::string_view tenant, const TenantQuota& quota) override {
    return inner_->set_quota(tenant, quota);
  }
  [[nodiscard]] TenantsStats tenants() const override { return inner_->tenants(); }
  void set_removal_listener(DepartureListener listener) override {
    inner_->set_removal_listener(std::move(listener));
  }
  [[nodiscard]] TierStats stats() const override { return inner_->stats(); }
  [[nodiscard]] Result<Curve> curve() const override { return inner_->curve(); }
  void check_invariants() const override { inner_->check_invariants(); }

 private:
  // A call that cannot throw declines instead.
  bool fails(std::string_view call) {
    std::optional<Fault> fault = plan_->next(call);
    if (!fault) return false;
    if (fault->effect == FaultEffect::kThrow) fault->effect = FaultEffect::kError;
    return plan_->carry_out(*fault).has_value();
  }

  const std::unique_ptr<HotTier> inner_;
  const SharedFaultPlan plan_;
};

}  // namespace

std::unique_ptr<HotTier> with_faults(std::unique_ptr<HotTier> tier, SharedFaultPlan plan) {
  return std::make_unique<FaultyHotTier>(std::move(tier), std::move(plan));
}

}  // namespace strata
