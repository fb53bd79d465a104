// LabelCounts: how much carries each label.
//
//   LabelCounts counts(LabelKind::kTag);
//   scan_records(cache, [&](auto, const Record& record) { return counts.add(record), true; });
//   for (const LabelCount& one : counts.largest(20)) ...
//
// Memory    At most `most` labels are told apart. What carries others is counted in uncounted().
#pragma once

#include <cstdint>
#include <optional>
#include <unordered_map>
#include <vector>

#include "strata/core/label.h"
#include "strata/core/limits.h"
#include "strata/core/record.h"

namespace strata::cli {

struct LabelCount {
  Label label;
  std::uint64_t entries = 0;
  std::uint64_t bytes = 0;  // of their values
};

class LabelCounts {
 public:
  // Of one kind, or of all.
  explicit LabelCounts(std::optional<LabelKind> kind = std::nullopt,
                       std::size_t most = limits::kCountedLabels)
      : kind_(kind), most_(most) {}

  // Counts every label that the record carries, but its key.
  void add(const Record& record);

  [[nodiscard]] std::uint64_t labels() const { return counts_.size(); }
  // How many labels of records were left out, one that several records carry each time.
  [[nodiscard]] std::uint64_t uncounted() const { return uncounted_; }
  // At most `most`, those with most bytes first, then those with most entries.
  [[nodiscard]] std::vector<LabelCount> largest(std::size_t most) const;

 private:
  void add(const Label& label, std::uint64_t bytes);

  std::optional<LabelKind> kind_;
  std::size_t most_;
  std::unordered_map<LabelId, LabelCount> counts_;
  std::uint64_t uncounted_ = 0;
};

}  // namespace strata::cli
