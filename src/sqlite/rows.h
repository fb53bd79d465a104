// Rows: the entries in the file, as the one connection that writes changes them.
//
// Every call is a few statements within the caller's transaction, and returns SQLITE_OK or an
// extended result code; after an error the caller rolls back. Bulk removals work in slices: a
// Removal remembers how far it came.
//
// Threads   Confined to the writer's thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "sqlite/columns.h"
#include "sqlite/database.h"
#include "sqlite/label_filter.h"
#include "sqlite/moment.h"
#include "sqlite/schema.h"
#include "strata/core/label.h"
#include "strata/core/record.h"
#include "strata/core/removal.h"
#include "strata/core/result.h"
#include "strata/core/ticket.h"
#include "strata/ports/tier.h"

namespace strata::sqlite {

// Of how many removals the listener is told, at most: of one invalidation, and of one transaction.
inline constexpr std::size_t kToldOfOne = 1'000;
inline constexpr std::size_t kToldAtOnce = 10'000;

// What a transaction changes; counted, and told, when it is committed.
struct Tally {
  std::int64_t entries = 0;
  std::array<std::uint64_t, kRemovalCauseCount> removed{};
  std::uint64_t errors = 0;
  std::uint64_t position = 0;  // the highest number that was written
  std::vector<RecordRemoval> told{};

  void remove(RemovalCause cause) {
    --entries;
    ++removed[static_cast<std::size_t>(cause)];
  }
  // Without memory for it, nobody is told.
  void tell(const RecordRemoval& removal) noexcept {
    if (told.size() >= kToldAtOnce) return;
    try {
      told.push_back(removal);
    } catch (...) {
      return;
    }
  }
};

// The removal of what carries a label and has a number below `below`; or the end of its ttl.
struct Removal {
  LabelId label{};
  Ticket below{};
  std::uint64_t operation = 0;
  RemovalCause cause = RemovalCause::kInvalidated;
  std::optional<Moment> end{};  // nothing: the rows go; else their ttl ends then
  std::size_t told = 0;         // how many rows were told to have gone

  // How far it came.
  enum class Stage { kKey, kGroups, kLabels, kAll, kDone };
  Stage stage = Stage::kKey;
  std::int64_t group = INT64_MIN;
  std::int64_t after = INT64_MIN;

  [[nodiscard]] bool done() const { return stage == Stage::kDone; }
};

class Rows {
 public:
  struct Found {
    std::int64_t id = 0;
    std::string labels;
    LabelId key{};
  };

  [[nodiscard]] static Result<std::unique_ptr<Rows>> prepare(Database& database);

  [[nodiscard]] int begin();
  [[nodiscard]] int commit(const Meta& meta);
  void roll_back();

  // Inserts or replaces the entry under `key`, the id of the record's key label.
  [[nodiscard]] int store(LabelId key, const Record& record, Tally& tally);
  // Gives the entry another lifetime if its number is `number`.
  [[nodiscard]] int touch(LabelId key, Ticket number, const Lifetime& lifetime, Tally& tally);
  // Removes the entry under `key` if its number is `number`.
  [[nodiscard]] int drop(LabelId key, Ticket number, Tally& tally);

  // Goes on with `removal`, looking at no more than `limit` rows; what it looked at is taken off.
  // Labels that lead nowhere cost nothing when learn_labels() has seen all that do.
  [[nodiscard]] int remove_some(Removal& removal, std::size_t& limit, Tally& tally);

  // Looks at `limit` labels of rows that it has not looked at yet, if there are any.
  [[nodiscard]] int learn_labels(std::size_t limit);
  [[nodiscard]] bool knows_labels() const { return !filter_.is_wanted(); }

  // Finds what is past its keep_for, looking at no more than `limit` entries, or some MiB of
  // them, from the one after the cursor on; moves the cursor on. The slice was the last one if
  // `more` is false.
  struct ExpiryCursor {
    std::int64_t until = INT64_MAX;  // the last minute to look at; none after the present one
    std::int64_t minute = INT64_MIN;
    std::int64_t id = INT64_MIN;
    bool more = true;
  };
  struct Expired {
    Found row;
    RemovalCause cause = RemovalCause::kExpired;  // or it does not decode
  };
  [[nodiscard]] int find_expired(ExpiryCursor& cursor, const Moment& moment, std::size_t limit,
                                 std::vector<Expired>& expired);
  [[nodiscard]] int remove_expired(std::span<const Expired> expired, Tally& tally);

  // Removes entries from the one after `hand` on, in the order of their ids, unless `keep` says
  // not to. `hand` moves on, and begins again after the last entry.
  template <typename Keep>
  [[nodiscard]] int evict(std::int64_t& hand, std::size_t limit, Tally& tally, Keep keep) {
    std::vector<Found> found;
    bool wraps = false;
    if (const int code = find_after(hand, limit, found, wraps); code != SQLITE_OK) return code;
    for (const Found& row : found) {
      hand = row.id;
      if (keep(row.id)) continue;
      const int code = remove(row, {.key = row.key, .why = RemovalCause::kEvicted}, tally);
      if (code != SQLITE_OK) return code;
    }
    if (wraps) hand = INT64_MIN;
    return SQLITE_OK;
  }
  // Tells of entries that are about to go with the whole file, as far as that goes.
  void tell_some(const RecordRemoval& why, Tally& tally);
  // Forgets groups without entries, some at a time from `after` on.
  [[nodiscard]] int forget_groups(std::int64_t& after, std::size_t limit);

  struct Usage {
    std::uint64_t used_pages = 0;
    std::uint64_t free_pages = 0;
  };
  [[nodiscard]] int usage(Usage& usage);

 private:
  explicit Rows(Database& database) : database_(database) {}
  [[nodiscard]] Result<void> prepare_all();

  [[nodiscard]] int learn_group(std::int64_t group_id, const Labels& labels);
  [[nodiscard]] int relabel(std::int64_t id, std::string_view before, std::string_view after);
  [[nodiscard]] int insert(LabelId key, const Record& record, std::string_view bytes,
                           std::string_view labels, Tally& tally);
  [[nodiscard]] int erase(const Found& row, RemovalCause cause, Tally& tally);
  [[nodiscard]] int remove(const Found& row, const RecordRemoval& told, Tally& tally);
  [[nodiscard]] int remove(const Found& row, Removal& removal, RemovalCause cause, Tally& tally);
  [[nodiscard]] int remove_all(std::span<const Found> rows, Removal& removal, std::size_t& limit,
                               Tally& tally, bool& more);
  [[nodiscard]] int end_ttl(const Found& row, Removal& removal, Tally& tally, std::size_t& bytes);
  [[nodiscard]] int remove_by_key(Removal& removal, std::size_t& limit, Tally& tally);
  [[nodiscard]] int remove_by_group(Removal& removal, std::size_t& limit, Tally& tally);
  [[nodiscard]] int remove_slice(Statement& select, Removal& removal, std::size_t& limit,
                                 Tally& tally, bool& more);
  [[nodiscard]] int find_after(std::int64_t after, std::size_t limit, std::vector<Found>& found,
                               bool& wraps);

  Database& database_;
  Statement begin_, commit_, rollback_, write_meta_;
  Statement find_, find_record_, record_of_, insert_, delete_;
  Statement update_, update_labels_, update_expiry_, update_all_, update_life_;
  Statement insert_label_, delete_label_, insert_group_, next_group_;
  Statement by_key_, by_group_, by_label_, by_id_, by_expiry_, next_empty_group_, delete_group_;
  Statement page_count_, freelist_count_;
  Statement next_key_, next_group_label_, next_own_label_;
  std::unordered_set<std::int64_t> known_groups_;  // label_groups has them
  LabelFilter filter_;
  LabelFilter::Way learning_ = LabelFilter::Way::kKey;
  std::int64_t learn_from_ = INT64_MIN;
};

}  // namespace strata::sqlite
