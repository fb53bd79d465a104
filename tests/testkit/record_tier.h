// RecordTier: a Tier that keeps records in a map, and fails when told. For tests of what stands
// above tiers, where a file would only be slow.
//
// Threads   Thread-safe: one mutex.
// Errors    kUnavailable from get, get_many, fill, put, touch, scan, remove_expired and flush
//           while broken; numbers and invalidations go on, as the port demands.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "core/mutex.h"
#include "strata/core/label_table.h"
#include "strata/core/limits.h"
#include "strata/ports/clock.h"
#include "strata/ports/tier.h"
#include "testkit/manual_clock.h"

namespace strata::testkit {

class RecordTier final : public Tier {
 public:
  // Lives are ended, and over, by `clock`.
  explicit RecordTier(std::string name = "records",
                      std::shared_ptr<Clock> clock = std::make_shared<ManualClock>(),
                      std::size_t remembered_labels = limits::kRememberedLabels)
      : name_(std::move(name)), clock_(std::move(clock)), labels_(remembered_labels) {}

  // Every further call fails, or none does.
  void set_broken(bool broken) { broken_ = broken; }
  // Asked before each call that can fail: whether it does.
  void set_fault(std::function<bool()> fault) { fault_ = std::move(fault); }
  [[nodiscard]] std::uint64_t calls() const { return calls_; }
  [[nodiscard]] std::size_t size() const;
  // Forgets every record, as eviction does: nothing is invalidated.
  void forget_all();
  [[nodiscard]] bool holds(const std::string& key_text) const;

  [[nodiscard]] std::string_view name() const override { return name_; }
  [[nodiscard]] Ticket position() const override;
  [[nodiscard]] Result<std::optional<Record>> get(KeyRef key, Deadline deadline) override;
  [[nodiscard]] Result<std::vector<std::optional<Record>>> get_many(std::span<const KeyRef> keys,
                                                                    Deadline deadline) override;
  [[nodiscard]] Result<FillOutcome> fill(const Record& record, Ticket ticket,
                                         Deadline deadline) override;
  [[nodiscard]] Result<FillOutcome> put(KeyRef key, const Record* record, Ticket ticket,
                                        Deadline deadline) override;
  InvalidateOutcome invalidate(std::span<const Label> labels) override;
  InvalidateOutcome expire(std::span<const Label> labels) override;
  [[nodiscard]] Result<bool> touch(KeyRef key, const Lifetime& lifetime,
                                   Deadline deadline) override;
  [[nodiscard]] Result<ScanPage> scan(const ScanCursor& cursor, std::size_t limit,
                                      Deadline deadline) override;
  [[nodiscard]] Result<std::uint64_t> remove_expired(Deadline deadline) override;
  [[nodiscard]] Result<void> flush(Deadline deadline) override;
  [[nodiscard]] TierStats stats() const override;
  void close(Deadline deadline) override;

 private:
  using Map = std::map<std::string, Record>;

  // The error of a call that is to fail, or nothing.
  std::optional<Error> fails();
  [[nodiscard]] bool refused(const Record& record, Ticket ticket) const STRATA_REQUIRES(mutex_);
  Ticket raise(std::span<const Label> labels) STRATA_REQUIRES(mutex_);
  std::uint64_t remove_labelled(std::span<const Label> labels) STRATA_REQUIRES(mutex_);

  const std::string name_;
  const std::shared_ptr<Clock> clock_;
  std::atomic<bool> broken_{false};
  std::atomic<bool> closed_{false};
  std::atomic<std::uint64_t> calls_{0};
  std::function<bool()> fault_;
  mutable Mutex mutex_;
  LabelTable labels_ STRATA_GUARDED_BY(mutex_);
  Map records_ STRATA_GUARDED_BY(mutex_);
  TierStats stats_ STRATA_GUARDED_BY(mutex_);
};

}  // namespace strata::testkit
