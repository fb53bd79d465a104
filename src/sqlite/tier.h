// SqliteTier: the port, over the ledger, the readers and the writer.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/mutex.h"
#include "ports/process.h"
#include "sqlite/condition.h"
#include "sqlite/ledger.h"
#include "sqlite/opening.h"
#include "sqlite/readers.h"
#include "sqlite/store.h"
#include "sqlite/writer.h"
#include "strata/ports/tells_trouble.h"
#include "strata/sqlite/sqlite_tier.h"

namespace strata::sqlite {

// open_sqlite_tier(), on the layer of SQLite's file interface with the name `vfs`. Tests have one
// that fails on demand.
[[nodiscard]] Result<std::unique_ptr<Tier>> open_tier(const std::string& vfs, SqliteOptions options,
                                                      std::shared_ptr<Clock> clock,
                                                      std::shared_ptr<Random> random);

class SqliteTier final : public Tier, public TellsTrouble {
 public:
  SqliteTier(SqliteOptions options, std::shared_ptr<Clock> clock, Opened opened);
  ~SqliteTier() override { close({clock_->now()}); }

  [[nodiscard]] std::string_view name() const override { return "sqlite"; }
  [[nodiscard]] Ticket position() const override { return ledger_.position(); }
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
  void set_removal_listener(RecordRemovalListener listener) override {
    condition_.set_listener(std::move(listener));
  }
  void set_trouble_listener(TroubleListener listener) override {
    condition_.set_trouble_listener(std::move(listener));
  }
  [[nodiscard]] TierStats stats() const override;
  void close(Deadline deadline) override;

 private:
  // A key on its way to an answer.
  struct Read {
    KeyRef key;
    LabelId label{};
    Look look{};
    Selected row{};
    std::optional<Record> answer{};
    bool again = false;
  };
  [[nodiscard]] Result<void> select(std::span<Read* const> reads, Deadline deadline);
  void conclude(Read& read);
  void tell_why(const Read& read, const std::optional<Record>& row);
  [[nodiscard]] Result<void> read_all(std::span<Read> reads, int tries, Deadline deadline);
  [[nodiscard]] bool is_kept(const Lifetime& lifetime) const;
  [[nodiscard]] Error failed(Readers::Lease& reader, int code);
  [[nodiscard]] InvalidateOutcome marked(Ticket position);
  [[nodiscard]] std::shared_ptr<Record> admitted(const Record& record) const;
  [[nodiscard]] Result<FillOutcome> concluded(const Accepted& accepted, Deadline deadline);
  [[nodiscard]] Result<bool> scan_once(std::int64_t after, std::size_t limit, Deadline deadline,
                                       ScanPage& page);

  const SqliteOptions options_;
  const std::shared_ptr<Clock> clock_;
  Descriptor lock_;
  internal::ClosedInChildren lock_in_children_{lock_.get()};
  Condition condition_;
  Recent recent_;
  std::unique_ptr<Store> store_;
  Ledger ledger_;
  Writer writer_;
  Mutex close_mutex_;
  bool is_closed_ STRATA_GUARDED_BY(close_mutex_) = false;
};

[[nodiscard]] inline Error closed_error() {
  return {ErrorCode::kClosed, "the SQLite tier is closed", {}};
}

}  // namespace strata::sqlite
