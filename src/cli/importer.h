// Importer: what is read from an export, judged and offered to the tiers below memory.
//
// A value enters as one that was loaded before: with the life that it has left, by a ticket that
// was taken when the import began, so that what was invalidated since is refused. In the place of
// another value it enters as a put does, and what depends on the former value goes.
//
// Threads   Confined to the main thread.
// Errors    kRejected for what a line says, naming it; those of the tiers.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "cli/known_names.h"
#include "cli/record_filter.h"
#include "cli/record_line.h"
#include "cli/session.h"

namespace strata::cli {

struct ImportCounts {
  std::uint64_t lines = 0;
  std::uint64_t entries = 0;                       // that the file has
  std::uint64_t stored = 0;                        // with --dry-run: would be offered to the tiers
  std::uint64_t kept = 0;                          // what is there is as new
  std::uint64_t expired = 0;                       // past the end of their life by now
  std::uint64_t redacted = 0;                      // came without a value
  std::uint64_t not_wanted = 0;                    // this configuration would not serve them
  std::uint64_t refused = 0;                       // invalidated since the import began
  std::uint64_t declined = 0;                      // too large for the tier, or it had no room
  std::map<std::string, std::uint64_t> reasons{};  // of not_wanted
};

class Importer {
 public:
  struct Options {
    bool overwrite = false;
    bool dry_run = false;
  };
  // Takes the tickets.
  Importer(Session& session, Options options);

  // Judges a line, without changing anything.
  [[nodiscard]] Result<ExportLine> check(std::string_view line);
  // The end of a pass over the file. kRejected if the file is not whole.
  [[nodiscard]] Result<void> check_end();
  // Begins another pass over the file.
  void begin_again();

  // Offers what check() let pass.
  [[nodiscard]] Result<void> store(Record record);
  void count(const RedactedEntry&) { ++counts_.redacted; }

  // Whether the file begins as an export does.
  [[nodiscard]] bool is_export() const { return head_.has_value(); }
  [[nodiscard]] ImportCounts& counts() { return counts_; }

 private:
  struct Place {
    Tier* tier;
    Ticket ticket;
  };
  [[nodiscard]] Result<void> check_head(const ExportHead& head);
  [[nodiscard]] Result<void> check_record(const Record& record);
  [[nodiscard]] std::string unknown_keyspace(std::string_view name);
  [[nodiscard]] std::string why_not_wanted(const Record& record) const;
  [[nodiscard]] Duration age_of(const Record& record) const;
  [[nodiscard]] Result<bool> is_kept(const Place& place, const Record& record, bool& replaces);
  [[nodiscard]] Result<FillOutcome> offer(const Place& place, const Record& record, bool replaces);

  Session& session_;
  const Options options_;
  const Moment at_;
  std::vector<Place> places_;
  std::optional<KnownNames> names_;
  std::map<std::string, std::string, std::less<>> judged_keyspaces_;
  std::optional<ExportHead> head_;
  std::optional<ExportEnd> end_;
  std::uint64_t entries_ = 0;
  std::uint64_t redacted_ = 0;
  std::unordered_set<std::uint64_t> keys_;
  ImportCounts counts_;
};

}  // namespace strata::cli
