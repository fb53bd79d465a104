// The tier that holds nothing: a counter of invalidations and a reason.
#include "config/off_tier.h"

#include <atomic>
#include <mutex>
#include <utility>

namespace strata::internal {
namespace {

class OffTier final : public Tier {
 public:
  OffTier(std::string name, std::string reason, std::function<void()> missed)
      : name_(std::move(name)), reason_(std::move(reason)), missed_(std::move(missed)) {}

  [[nodiscard]] std::string_view name() const override { return name_; }
  [[nodiscard]] Ticket position() const override { return Ticket{number_.load()}; }

  Result<std::optional<Record>> get(KeyRef /*key*/, Deadline /*deadline*/) override {
    return failure();
  }
  Result<std::vector<std::optional<Record>>> get_many(std::span<const KeyRef> /*keys*/,
                                                      Deadline /*deadline*/) override {
    return failure();
  }
  Result<FillOutcome> fill(const Record& /*record*/, Ticket /*ticket*/,
                           Deadline /*deadline*/) override {
    return failure();
  }
  Result<FillOutcome> put(KeyRef /*key*/, const Record* /*record*/, Ticket /*ticket*/,
                          Deadline /*deadline*/) override {
    raise();
    return failure();
  }
  InvalidateOutcome invalidate(std::span<const Label> labels) override {
    if (labels.empty()) return {position(), 0};
    return {raise(), 0};
  }
  InvalidateOutcome expire(std::span<const Label> labels) override { return invalidate(labels); }
  Result<bool> touch(KeyRef /*key*/, const Lifetime& /*lifetime*/, Deadline /*deadline*/) override {
    return failure();
  }
  Result<ScanPage> scan(const ScanCursor& /*cursor*/, std::size_t /*limit*/,
                        Deadline /*deadline*/) override {
    return failure();
  }
  // Nothing is held, so nothing is expired.
  Result<std::uint64_t> remove_expired(Deadline /*deadline*/) override { return std::uint64_t{0}; }
  Result<void> flush(Deadline /*deadline*/) override { return failure(); }

  [[nodiscard]] TierStats stats() const override {
    TierStats stats;
    stats.name = name_;
    stats.state = TierState::kOff;
    stats.reason = reason_;
    stats.errors = errors_.load(std::memory_order_relaxed);
    stats.invalidations = number_.load();
    return stats;
  }

  void close(Deadline /*deadline*/) override { closed_.store(true); }

 private:
  // Whoever invalidates beside the first waits until that is noted: what has returned is final.
  Ticket raise() {
    std::call_once(noted_, [this] {
      if (missed_) missed_();
    });
    return Ticket{number_.fetch_add(1) + 1};
  }

  Error failure() {
    if (closed_.load()) return {ErrorCode::kClosed, "the tier " + name_ + " is closed", {}};
    errors_.fetch_add(1, std::memory_order_relaxed);
    return {ErrorCode::kUnavailable, "the tier " + name_ + " is off: " + reason_, {}};
  }

  const std::string name_;
  const std::string reason_;
  const std::function<void()> missed_;
  std::once_flag noted_;
  std::atomic<std::uint64_t> number_{0};
  std::atomic<std::uint64_t> errors_{0};
  std::atomic<bool> closed_{false};
};

}  // namespace

std::unique_ptr<Tier> off_tier(std::string name, std::string reason, std::function<void()> missed) {
  return std::make_unique<OffTier>(std::move(name), std::move(reason), std::move(missed));
}

}  // namespace strata::internal
