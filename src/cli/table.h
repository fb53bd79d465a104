// Table: rows and columns aligned for people.
//
//   Table table({{"tier"}, {"entries", Align::kRight}});
//   table.row({"sqlite", "12,304"});
//   console.data(table.text({.columns = 80}));
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace strata::cli {

enum class Align { kLeft, kRight };

struct TableColumn {
  std::string title;
  Align align = Align::kLeft;
  bool may_be_cut = false;  // when the table is wider than it may be
};

struct TableStyle {
  std::size_t columns = 0;  // 0: as wide as it gets
  bool color = false;
};

class Table {
 public:
  explicit Table(std::vector<TableColumn> columns) : columns_(std::move(columns)) {}

  // One cell per column, of printable text on one line.
  void row(std::vector<std::string> cells);
  [[nodiscard]] bool empty() const { return rows_.empty(); }

  // The table, its titles first. A column in which no row has anything is left out.
  [[nodiscard]] std::string text(const TableStyle& style) const;

 private:
  [[nodiscard]] std::vector<std::size_t> widths(std::size_t columns) const;

  std::vector<TableColumn> columns_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace strata::cli
