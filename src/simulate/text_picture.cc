// Pictures in ASCII.
#include "simulate/text_picture.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "simulate/panel.h"

namespace strata::simulate {
namespace {

constexpr std::size_t kRows = 16;
constexpr std::size_t kColumnWidth = 12;
constexpr std::size_t kAxisWidth = 8;

std::string padded(const std::string& text, std::size_t width) {
  return std::string(width - std::min(width, text.size()), ' ') + text;
}

char letter_of(std::size_t curve) { return static_cast<char>('A' + curve % 26); }

std::string picture_of(const Panel& panel) {
  const double top = std::max(1.0, std::ceil(panel.most_percent() / 5) * 5);
  std::vector<std::string> grid(kRows + 1, std::string(panel.sizes.size() * kColumnWidth, ' '));
  for (std::size_t i = 0; i < panel.curves.size(); ++i) {
    for (std::size_t at = 0; at < panel.sizes.size(); ++at) {
      const double share = panel.curves[i].percents[at] / top;
      const auto row = kRows - static_cast<std::size_t>(std::lround(share * kRows));
      // Those that are equally high stand beside each other, the first where it belongs.
      std::size_t column = at * kColumnWidth + kColumnWidth / 2;
      while (column + 1 < grid[row].size() && grid[row][column] != ' ') ++column;
      grid[row][column] = letter_of(i);
    }
  }
  std::string out = panel.trace + ": hit ratio in % over size\n";
  for (std::size_t row = 0; row <= kRows; ++row) {
    const auto percent = std::lround(top * static_cast<double>(kRows - row) / kRows);
    std::string line =
        padded(row % 4 == 0 ? std::to_string(percent) : "", kAxisWidth) + " |" + grid[row];
    line.erase(line.find_last_not_of(' ') + 1);
    out += line + '\n';
  }
  out += std::string(kAxisWidth, ' ') + " +" + std::string(grid[0].size(), '-') + '\n';
  out += std::string(kAxisWidth + 2, ' ');
  for (const std::uint64_t size : panel.sizes) {
    out += padded(std::to_string(size), kColumnWidth / 2 + 1) +
           std::string(kColumnWidth - kColumnWidth / 2 - 1, ' ');
  }
  out.erase(out.find_last_not_of(' ') + 1);
  out += '\n';
  for (std::size_t i = 0; i < panel.curves.size(); ++i) {
    out += std::string(i == 0 ? "" : "   ") + letter_of(i) + " " + panel.curves[i].policy;
  }
  return out + '\n';
}

}  // namespace

std::string text_picture(const std::vector<StudyRow>& rows) {
  std::string out;
  for (const Panel& panel : panels_of(rows)) {
    if (panel.sizes.size() < 2) continue;
    out += out.empty() ? "" : "\n";
    out += picture_of(panel);
  }
  return out;
}

}  // namespace strata::simulate
