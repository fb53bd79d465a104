// Optimal string alignment distance, over three rows of a table.
#include "core/nearest.h"

#include <algorithm>
#include <array>
#include <cstddef>

#include "core/quote.h"

namespace strata::internal {
namespace {

constexpr std::size_t kComparedBytes = 64;
constexpr std::size_t kEditsMax = 3;

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

std::size_t distance(std::string_view a, std::string_view b) {
  using Row = std::array<std::size_t, kComparedBytes + 1>;
  Row before_previous{};
  Row previous{};
  Row current{};
  for (std::size_t j = 0; j <= b.size(); ++j) previous[j] = j;

  for (std::size_t i = 1; i <= a.size(); ++i) {
    current[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const char x = lower(a[i - 1]);
      const char y = lower(b[j - 1]);
      current[j] = std::min({previous[j] + 1, current[j - 1] + 1, previous[j - 1] + (x != y)});
      if (i > 1 && j > 1 && x == lower(b[j - 2]) && lower(a[i - 2]) == y) {
        current[j] = std::min(current[j], before_previous[j - 2] + 1);
      }
    }
    before_previous = previous;
    previous = current;
  }
  return previous[b.size()];
}

}  // namespace

std::optional<std::string_view> nearest(std::string_view name,
                                        std::span<const std::string_view> candidates) {
  const std::string_view wanted = name.substr(0, kComparedBytes);
  std::optional<std::string_view> best;
  std::size_t best_edits = kEditsMax + 1;
  for (const std::string_view candidate : candidates) {
    const std::string_view compared = candidate.substr(0, kComparedBytes);
    const std::size_t longer = std::max(wanted.size(), compared.size());
    const std::size_t edits = distance(wanted, compared);
    if (edits * 3 > longer || edits >= best_edits) continue;
    best = candidate;
    best_edits = edits;
  }
  return best;
}

std::string suggestion(std::string_view name, std::span<const std::string_view> candidates) {
  const auto found = nearest(name, candidates);
  if (!found) return {};
  return ", did you mean " + quoted(*found) + "?";
}

}  // namespace strata::internal
