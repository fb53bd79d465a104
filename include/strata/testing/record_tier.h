// RecordTier: a Tier that keeps records in a map. For tests of what stands above tiers, where a
// file would only be slow, and as an example of the port's rules.
//
//   auto records = std::make_unique<RecordTier>("records", clock);
//   RecordTier* const tier = records.get();
//   Cache cache = CacheBuilder().clock(clock).tier(std::move(records)).build().value();
//   tier->set_broken(true);   // for single faults: with_faults.h
//
// Promise   Tier's; it keeps the contract of tests/contract/tier_contract.h.
// Threads   Thread-safe: one mutex.
// Errors    kUnavailable from get, get_many, fill, put, touch, scan, remove_expired and flush
//           while broken; numbers and invalidations go on, as the port demands. kClosed after
//           close().
// Memory    Whatever it is given: it has no bound in all.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "strata/core/limits.h"
#include "strata/ports/clock.h"
#include "strata/ports/tier.h"
#include "strata/testing/manual_clock.h"

namespace strata {

class RecordTier final : public Tier {
 public:
  // Lives are ended, and over, by `clock`.
  explicit RecordTier(std::string name = "records",
                      std::shared_ptr<Clock> clock = std::make_shared<ManualClock>(),
                      std::size_t remembered_labels = limits::kRememberedLabels);
  ~RecordTier() override;
  RecordTier(const RecordTier&) = delete;
  RecordTier& operator=(const RecordTier&) = delete;

  // Its backing store is gone, or is back with what it had.
  void set_broken(bool broken);
  // Declines records with a larger payload from now on.
  void set_max_payload_bytes(std::size_t bytes);
  // Calls so far that can fail.
  [[nodiscard]] std::uint64_t calls() const;
  [[nodiscard]] std::size_t size() const;
  // Forgets every record, as eviction does: nothing is invalidated.
  void forget_all();
  // Whether there is a record under the text of a key without long parameters: "1:user::42:".
  [[nodiscard]] bool holds(const std::string& key_text) const;

  [[nodiscard]] std::string_view name() const override;
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
  struct State;
  const std::unique_ptr<State> state_;
};

}  // namespace strata
