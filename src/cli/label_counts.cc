#include "cli/label_counts.h"

#include <algorithm>

namespace strata::cli {
namespace {

bool is_before(const LabelCount* a, const LabelCount* b) {
  if (a->bytes != b->bytes) return a->bytes > b->bytes;
  if (a->entries != b->entries) return a->entries > b->entries;
  if (a->label.kind() != b->label.kind()) return a->label.kind() < b->label.kind();
  return a->label.text() < b->label.text();
}

}  // namespace

void LabelCounts::add(const Record& record) {
  const std::uint64_t bytes = record.payload.size();
  for (const Label& label : record.group) add(label, bytes);
  for (const Label& label : record.labels) {
    const bool again =
        std::find(record.group.begin(), record.group.end(), label) != record.group.end();
    if (!again) add(label, bytes);
  }
}

void LabelCounts::add(const Label& label, std::uint64_t bytes) {
  if (kind_ && label.kind() != *kind_) return;
  auto found = counts_.find(label.id());
  if (found == counts_.end()) {
    if (counts_.size() >= most_) {
      ++uncounted_;
      return;
    }
    found = counts_.emplace(label.id(), LabelCount{label}).first;
  }
  ++found->second.entries;
  found->second.bytes += bytes;
}

std::vector<LabelCount> LabelCounts::largest(std::size_t most) const {
  std::vector<const LabelCount*> all;
  all.reserve(counts_.size());
  for (const auto& [id, count] : counts_) all.push_back(&count);
  const std::size_t shown = std::min(most, all.size());
  std::partial_sort(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(shown), all.end(),
                    is_before);
  std::vector<LabelCount> largest;
  largest.reserve(shown);
  for (std::size_t i = 0; i < shown; ++i) largest.push_back(*all[i]);
  return largest;
}

}  // namespace strata::cli
