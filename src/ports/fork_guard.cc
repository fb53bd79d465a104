// Wrappers that ask where they are before each call.
#include "ports/fork_guard.h"

#include <string>
#include <utility>

#include "ports/process.h"
#include "strata/ports/leases_loads.h"
#include "strata/ports/tells_trouble.h"

namespace strata::internal {
namespace {

// Owns a port; in a child it is kept instead of destroyed, since its destructor would wait for
// threads that are not there, or write to files that are the parent's.
template <typename Port>
class Guarded {
 public:
  explicit Guarded(std::shared_ptr<Port> port) : port_(std::move(port)) {}
  ~Guarded() {
    if (!is_here()) keep_for_ever(std::move(port_));
  }
  Guarded(const Guarded&) = delete;
  Guarded& operator=(const Guarded&) = delete;

  [[nodiscard]] bool is_here() const { return birthplace_.is_here(); }
  [[nodiscard]] Port* operator->() const { return port_.get(); }

 private:
  const Birthplace birthplace_;
  std::shared_ptr<Port> port_;
};

class GuardedTier final : public Tier, public TellsTrouble, public LeasesLoads {
 public:
  explicit GuardedTier(std::unique_ptr<Tier> tier) : tier_(std::move(tier)), name_(tier_->name()) {}

  [[nodiscard]] std::string_view name() const override { return name_; }
  [[nodiscard]] Ticket position() const override {
    return tier_.is_here() ? tier_->position() : Ticket{};
  }
  [[nodiscard]] Result<std::optional<Record>> get(KeyRef key, Deadline deadline) override {
    if (!tier_.is_here()) return refusal();
    return tier_->get(key, deadline);
  }
  [[nodiscard]] Result<std::vector<std::optional<Record>>> get_many(std::span<const KeyRef> keys,
                                                                    Deadline deadline) override {
    if (!tier_.is_here()) return refusal();
    return tier_->get_many(keys, deadline);
  }
  [[nodiscard]] Result<FillOutcome> fill(const Record& record, Ticket ticket,
                                         Deadline deadline) override {
    if (!tier_.is_here()) return refusal();
    return tier_->fill(record, ticket, deadline);
  }
  [[nodiscard]] Result<FillOutcome> put(KeyRef key, const Record* record, Ticket ticket,
                                        Deadline deadline) override {
    if (!tier_.is_here()) return refusal();
    return tier_->put(key, record, ticket, deadline);
  }
  InvalidateOutcome invalidate(std::span<const Label> labels) override {
    return tier_.is_here() ? tier_->invalidate(labels) : InvalidateOutcome{};
  }
  InvalidateOutcome expire(std::span<const Label> labels) override {
    return tier_.is_here() ? tier_->expire(labels) : InvalidateOutcome{};
  }
  [[nodiscard]] Result<bool> touch(KeyRef key, const Lifetime& lifetime,
                                   Deadline deadline) override {
    if (!tier_.is_here()) return refusal();
    return tier_->touch(key, lifetime, deadline);
  }
  [[nodiscard]] Result<ScanPage> scan(const ScanCursor& cursor, std::size_t limit,
                                      Deadline deadline) override {
    if (!tier_.is_here()) return refusal();
    return tier_->scan(cursor, limit, deadline);
  }
  [[nodiscard]] Result<std::uint64_t> remove_expired(Deadline deadline) override {
    if (!tier_.is_here()) return refusal();
    return tier_->remove_expired(deadline);
  }
  [[nodiscard]] Result<void> flush(Deadline deadline) override {
    if (!tier_.is_here()) return refusal();
    return tier_->flush(deadline);
  }
  void set_removal_listener(RecordRemovalListener listener) override {
    if (tier_.is_here()) tier_->set_removal_listener(std::move(listener));
  }
  void set_trouble_listener(TroubleListener listener) override {
    if (!tier_.is_here()) return;
    auto* const teller = dynamic_cast<TellsTrouble*>(tier_.operator->());
    if (teller != nullptr) teller->set_trouble_listener(std::move(listener));
  }
  void set_invalidation_listener(InvalidationListener listener) override {
    if (tier_.is_here()) tier_->set_invalidation_listener(std::move(listener));
  }
  [[nodiscard]] bool is_shared() const override {
    if (!tier_.is_here()) return false;
    const auto* const leases = dynamic_cast<const LeasesLoads*>(tier_.operator->());
    return leases != nullptr && leases->is_shared();
  }
  [[nodiscard]] bool try_lease(std::uint64_t key_hash) override {
    return !tier_.is_here() || dynamic_cast<LeasesLoads&>(*tier_.operator->()).try_lease(key_hash);
  }
  void release(std::uint64_t key_hash) override {
    if (tier_.is_here()) dynamic_cast<LeasesLoads&>(*tier_.operator->()).release(key_hash);
  }
  [[nodiscard]] TierStats stats() const override {
    if (tier_.is_here()) return tier_->stats();
    TierStats stats;
    stats.name = name_;
    stats.state = TierState::kOff;
    stats.reason = refusal().message;
    return stats;
  }
  void close(Deadline deadline) override {
    if (tier_.is_here()) tier_->close(deadline);
  }

 private:
  [[nodiscard]] Error refusal() const { return forked_error(("the tier " + name_).c_str()); }

  const Guarded<Tier> tier_;
  const std::string name_;
};

class GuardedSource final : public Source {
 public:
  explicit GuardedSource(std::shared_ptr<Source> source) : source_(std::move(source)) {}

  [[nodiscard]] std::string_view name() const override { return source_->name(); }
  [[nodiscard]] const std::vector<SourceParameter>& parameters() const override {
    return source_->parameters();
  }
  [[nodiscard]] Result<SourceReply> fetch(const SourceRequest& request) override {
    if (source_.is_here()) return source_->fetch(request);
    return forked_error(("the source " + std::string(name())).c_str());
  }
  void close() override {
    if (source_.is_here()) source_->close();
  }

 private:
  const Guarded<Source> source_;
};

class GuardedExecutor final : public Executor {
 public:
  explicit GuardedExecutor(std::shared_ptr<Executor> executor) : executor_(std::move(executor)) {}

  [[nodiscard]] bool post(std::function<void()> task) override {
    return executor_.is_here() && executor_->post(std::move(task));
  }
  void close() override {
    if (executor_.is_here()) executor_->close();
  }

 private:
  const Guarded<Executor> executor_;
};

class GuardedTimer final : public Timer {
 public:
  explicit GuardedTimer(std::shared_ptr<Timer> timer) : timer_(std::move(timer)) {}

  [[nodiscard]] bool schedule(Instant at, std::function<void()> task) override {
    return timer_.is_here() && timer_->schedule(at, std::move(task));
  }
  void close() override {
    if (timer_.is_here()) timer_->close();
  }

 private:
  const Guarded<Timer> timer_;
};

}  // namespace

std::unique_ptr<Tier> fork_guarded(std::unique_ptr<Tier> tier) {
  return std::make_unique<GuardedTier>(std::move(tier));
}

std::shared_ptr<Source> fork_guarded(std::shared_ptr<Source> source) {
  return std::make_shared<GuardedSource>(std::move(source));
}

std::shared_ptr<Executor> fork_guarded(std::shared_ptr<Executor> executor) {
  return std::make_shared<GuardedExecutor>(std::move(executor));
}

std::shared_ptr<Timer> fork_guarded(std::shared_ptr<Timer> timer) {
  return std::make_shared<GuardedTimer>(std::move(timer));
}

}  // namespace strata::internal
