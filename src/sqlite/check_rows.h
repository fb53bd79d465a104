// RowCheck: looks at every row of a database, and removes or mends what is wrong with it.
//
// Threads   Confined to one thread.
// Errors    As Database has them: kCorrupt if SQLite cannot read on.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "sqlite/check.h"
#include "sqlite/database.h"
#include "sqlite/journal.h"
#include "sqlite/moment.h"
#include "sqlite/schema.h"

namespace strata::sqlite {

class RowCheck {
 public:
  struct Input {
    const CheckOptions& options;
    Meta meta;
    Moment moment;
    const std::vector<Mark>& marks;
  };
  RowCheck(Database& database, const Input& input, CheckReport& report);

  // Precondition: a transaction is open, one that writes if options.repairs is set.
  [[nodiscard]] Result<void> run();
  // The meta row as it has to be after run().
  [[nodiscard]] std::uint64_t entries_left() const { return report_.entries - report_.removed; }

 private:
  struct Row {
    std::int64_t id = 0;
    std::int64_t key = 0;
    std::int64_t number = 0;
    std::int64_t group = 0;
    std::optional<std::int64_t> minute{};
    std::string_view labels{};
    std::string_view bytes{};
  };
  // What is to be done with an entry, once nobody reads.
  struct Change {
    std::int64_t id = 0;
    bool removes = false;
    std::string labels{};  // as the row has them
    std::optional<std::int64_t> minute{};
  };
  struct Verdict {
    Damage damage{};
    std::string name;
  };

  [[nodiscard]] Result<void> prepare();
  [[nodiscard]] Result<void> check_groups();
  [[nodiscard]] Result<void> check_group(std::int64_t group, const std::vector<std::uint64_t>& ids,
                                         bool fits);
  [[nodiscard]] Result<void> check_entries();
  [[nodiscard]] Result<std::optional<Change>> check_entry(const Row& row);
  [[nodiscard]] Result<std::optional<Verdict>> judge(const Row& row, const Record& record);
  [[nodiscard]] Result<bool> has_all_labels(const Row& row);
  [[nodiscard]] Result<void> check_labels();
  [[nodiscard]] Result<void> carry_out(const Change& change);
  [[nodiscard]] Result<void> execute(Statement& statement);
  void count(const Record& record);
  [[nodiscard]] std::string name_of(const Row& row, const Record* record) const;
  void tell(std::string_view phase, std::uint64_t done, std::uint64_t total) const;

  Database& database_;
  const Input input_;
  CheckReport& report_;
  std::unordered_map<std::uint64_t, Ticket> marks_;
  std::vector<std::int64_t> groups_;  // whose rows are right, sorted
  Statement entries_, has_label_, label_groups_, labels_;
  Statement delete_entry_, delete_label_, delete_group_, set_minute_;
};

}  // namespace strata::sqlite
