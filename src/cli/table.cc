#include "cli/table.h"

#include <algorithm>
#include <numeric>
#include <string_view>

#include "cli/text.h"
#include "core/assert.h"

namespace strata::cli {
namespace {

constexpr std::size_t kGap = 2;
constexpr std::size_t kNarrowest = 8;  // no column is cut below this

void append_cell(std::string& line, std::string_view cell, std::size_t width, Align align) {
  const std::string shown = fit(cell, width);
  const std::string space(width - columns_of(shown), ' ');
  if (!line.empty()) line += std::string(kGap, ' ');
  line += align == Align::kLeft ? shown + space : space + shown;
}

}  // namespace

void Table::row(std::vector<std::string> cells) {
  STRATA_ASSERT(cells.size() == columns_.size());
  rows_.push_back(std::move(cells));
}

// 0 stands for a column that is left out.
std::vector<std::size_t> Table::widths(std::size_t columns) const {
  std::vector<std::size_t> widths(columns_.size(), 0);
  for (std::size_t column = 0; column < columns_.size(); ++column) {
    for (const auto& cells : rows_) {
      widths[column] = std::max(widths[column], columns_of(cells[column]));
    }
    if (widths[column] > 0) {
      widths[column] = std::max(widths[column], columns_of(columns_[column].title));
    }
  }
  if (columns == 0) return widths;

  const auto shown = static_cast<std::size_t>(
      std::count_if(widths.begin(), widths.end(), [](std::size_t width) { return width > 0; }));
  std::size_t total = std::accumulate(widths.begin(), widths.end(), std::size_t{0});
  if (shown > 0) total += kGap * (shown - 1);
  while (total > columns) {
    // The widest of those that may be cut gives up a column.
    std::size_t* widest = nullptr;
    for (std::size_t column = 0; column < columns_.size(); ++column) {
      std::size_t& width = widths[column];
      if (!columns_[column].may_be_cut || width <= kNarrowest) continue;
      if (widest == nullptr || width > *widest) widest = &width;
    }
    if (widest == nullptr) break;
    --*widest;
    --total;
  }
  return widths;
}

std::string Table::text(const TableStyle& style) const {
  const std::vector<std::size_t> widths = this->widths(style.columns);
  const auto append_line = [&](std::string& out, auto cell_of) {
    std::string line;
    for (std::size_t column = 0; column < columns_.size(); ++column) {
      if (widths[column] == 0) continue;
      append_cell(line, cell_of(column), widths[column], columns_[column].align);
    }
    line.erase(line.find_last_not_of(' ') + 1);
    out += line;
  };

  std::string out;
  if (style.color) out += "\x1b[1m";
  append_line(out, [&](std::size_t column) -> std::string_view { return columns_[column].title; });
  if (style.color) out += "\x1b[0m";
  out += '\n';
  for (const auto& cells : rows_) {
    append_line(out, [&](std::size_t column) -> std::string_view { return cells[column]; });
    out += '\n';
  }
  return out;
}

}  // namespace strata::cli
