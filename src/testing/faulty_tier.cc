// A tier whose calls fail. Numbers and invalidations are exact whatever fails, as the port demands.
#include <optional>
#include <string>
#include <utility>

#include "core/mutex.h"
#include "strata/testing/with_faults.h"

namespace strata {
namespace {

class FaultyTier final : public Tier {
 public:
  FaultyTier(std::unique_ptr<Tier> inner, SharedFaultPlan plan)
      : inner_(std::move(inner)), plan_(std::move(plan)), name_(inner_->name()) {}

  [[nodiscard]] std::string_view name() const override { return name_; }
  [[nodiscard]] Ticket position() const override { return inner_->position(); }

  [[nodiscard]] Result<std::optional<Record>> get(KeyRef key, Deadline deadline) override {
    return call<std::optional<Record>>(".get", deadline,
                                       [&] { return inner_->get(key, deadline); });
  }
  [[nodiscard]] Result<std::vector<std::optional<Record>>> get_many(std::span<const KeyRef> keys,
                                                                    Deadline deadline) override {
    return call<std::vector<std::optional<Record>>>(
        ".get_many", deadline, [&] { return inner_->get_many(keys, deadline); });
  }
  [[nodiscard]] Result<FillOutcome> fill(const Record& record, Ticket ticket,
                                         Deadline deadline) override {
    return call<FillOutcome>(".fill", deadline,
                             [&] { return inner_->fill(record, ticket, deadline); });
  }
  [[nodiscard]] Result<FillOutcome> put(KeyRef key, const Record* record, Ticket ticket,
                                        Deadline deadline) override {
    return call<FillOutcome>(".put", deadline,
                             [&] { return inner_->put(key, record, ticket, deadline); });
  }
  InvalidateOutcome invalidate(std::span<const Label> labels) override {
    slow_down(".invalidate");
    return inner_->invalidate(labels);
  }
  InvalidateOutcome expire(std::span<const Label> labels) override {
    slow_down(".expire");
    return inner_->expire(labels);
  }
  [[nodiscard]] Result<bool> touch(KeyRef key, const Lifetime& lifetime,
                                   Deadline deadline) override {
    return call<bool>(".touch", deadline, [&] { return inner_->touch(key, lifetime, deadline); });
  }
  [[nodiscard]] Result<ScanPage> scan(const ScanCursor& cursor, std::size_t limit,
                                      Deadline deadline) override {
    return call<ScanPage>(".scan", deadline, [&] { return inner_->scan(cursor, limit, deadline); });
  }
  [[nodiscard]] Result<std::uint64_t> remove_expired(Deadline deadline) override {
    return call<std::uint64_t>(".remove_expired", deadline,
                               [&] { return inner_->remove_expired(deadline); });
  }
  [[nodiscard]] Result<void> flush(Deadline deadline) override {
    return call<void>(".flush", deadline, [&] { return inner_->flush(deadline); });
  }
  void set_removal_listener(RecordRemovalListener listener) override {
    inner_->set_removal_listener(std::move(listener));
  }
  void set_invalidation_listener(InvalidationListener listener) override {
    inner_->set_invalidation_listener(std::move(listener));
  }
  // Degraded while its last call that can fail did.
  [[nodiscard]] TierStats stats() const override {
    TierStats stats = inner_->stats();
    const MutexLock lock(mutex_);
    stats.errors += errors_;
    if (stats.state == TierState::kOk && !reason_.empty()) {
      stats.state = TierState::kDegraded;
      stats.reason = reason_;
    }
    return stats;
  }
  void close(Deadline deadline) override {
    slow_down(".close");
    inner_->close(deadline);
  }

 private:
  template <typename T, typename Function>
  Result<T> call(const char* method, Deadline deadline, Function function) {
    Result<T> result = call_or_fail<T>(name_ + method, deadline, function);
    const MutexLock lock(mutex_);
    reason_ = result ? "" : result.error().message;
    return result;
  }

  template <typename T, typename Function>
  Result<T> call_or_fail(const std::string& called, Deadline deadline, Function& function) {
    const std::optional<Fault> fault = plan_->next(called);
    if (!fault) return function();
    {
      const MutexLock lock(mutex_);
      ++errors_;
    }
    if (fault->effect == FaultEffect::kLostAnswer) {
      (void)function();
      return fault->error;
    }
    const Instant before = plan_->now();
    if (auto error = plan_->carry_out(*fault)) return *error;
    if (before < deadline.at && plan_->now() >= deadline.at) {
      return Error{ErrorCode::kDeadlineExceeded, called + " took too long", {}};
    }
    return function();
  }

  // What may not fail is at most late.
  void slow_down(const char* method) {
    const std::optional<Fault> fault = plan_->next(name_ + method);
    if (!fault) return;
    if (fault->effect != FaultEffect::kDelay && fault->effect != FaultEffect::kHang) return;
    (void)plan_->carry_out(*fault);
  }

  const std::unique_ptr<Tier> inner_;
  const SharedFaultPlan plan_;
  const std::string name_;
  mutable Mutex mutex_;
  std::uint64_t errors_ STRATA_GUARDED_BY(mutex_) = 0;  // faults so far
  std::string reason_ STRATA_GUARDED_BY(mutex_);        // why the last call failed, if it did
};

}  // namespace

std::unique_ptr<Tier> with_faults(std::unique_ptr<Tier> tier, SharedFaultPlan plan) {
  return std::make_unique<FaultyTier>(std::move(tier), std::move(plan));
}

}  // namespace strata
