// SharedRows: what the file itself says when several processes share it: the number of each
// label's last invalidation, and the log of invalidations.
//
// A row of `entries` is served only if no label of it has a higher number than the row; readers
// ask for both in one snapshot. docs/formats/sqlite.md has the tables.
//
// Threads   Confined to the thread that has the connection.
// Errors    Every call returns SQLITE_OK or an extended result code.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sqlite/database.h"
#include "sqlite/moment.h"
#include "strata/core/label.h"
#include "strata/core/record.h"
#include "strata/core/result.h"
#include "strata/core/ticket.h"

namespace strata::sqlite {

// How many invalidated labels the log is to hold, and the share of a file's room that it may take
// at most, as well as what is known of labels.
inline constexpr std::uint64_t kSharedLogRows = 20'000;
inline constexpr std::uint64_t kSharedTableShare = 16;
// About what a row of each takes, without the label's text, and at most.
inline constexpr std::uint64_t kSharedRowBytes = 64;
inline constexpr std::uint64_t kSharedLogRowBytes = 1'024 + kSharedRowBytes;

struct SharedState {
  Ticket position{};          // of the last invalidation
  Ticket floor{};             // tickets below it are too old to tell
  std::uint64_t cleared = 0;  // demands of SharedControl that are carried out
  std::uint64_t log_end = 0;  // the id of the last row of the log
  std::uint64_t labels = 0;   // that are remembered
};

// What is known of a label; numbers of zero: nothing.
struct SharedLabel {
  Ticket hard{};
  Ticket soft{};
  Moment end{};          // of the ttl of what is below `soft`
  bool removes = false;  // rows below `hard` may be left
  bool ends = false;     // rows below `soft` may have their former ttl

  [[nodiscard]] Ticket last() const { return std::max(hard, soft); }
};

// One row of the log.
struct SharedChange {
  std::uint64_t id = 0;
  std::uint64_t origin = 0;  // the opening of the tier that made it
  bool expires = false;
  Label label;
};

class SharedRows {
 public:
  // Makes the tables that are missing. Within a transaction of the caller, or its own.
  [[nodiscard]] static Result<void> make_tables(Database& database);
  enum class Use { kRead, kWrite };
  [[nodiscard]] static Result<std::unique_ptr<SharedRows>> prepare(Database& database, Use use);

  [[nodiscard]] int read(SharedState& state);
  [[nodiscard]] int find(LabelId label, SharedLabel& found);
  // At most `limit` rows with an id above `after`.
  [[nodiscard]] int read_log(std::uint64_t after, std::size_t limit,
                             std::vector<SharedChange>& changes);

  // For who writes. The position is in Meta and not written here.
  [[nodiscard]] int write(const SharedState& state);
  [[nodiscard]] int keep(LabelId label, const SharedLabel& known);
  [[nodiscard]] int log(const SharedChange& change);
  // A label of which rows are left to remove; none if `found` stays empty.
  struct Live {
    LabelId label{};
    SharedLabel known;
  };
  [[nodiscard]] int find_live(std::optional<Live>& found);
  // Forgets the older half of the labels.
  [[nodiscard]] int forget_labels(SharedState& state);
  // Keeps the newest rows, as many as may be and take no more than `bytes`.
  [[nodiscard]] int cut_log(std::uint64_t bytes);
  // The row under `key`, if it decodes.
  [[nodiscard]] int record_of(LabelId key, std::optional<Record>& record);

 private:
  [[nodiscard]] Result<void> prepare_all(Database& database, Use use);

  Statement read_, find_, log_after_;
  Statement write_, keep_, log_, live_, count_, middle_, forget_, newest_, cut_, record_;
};

}  // namespace strata::sqlite
