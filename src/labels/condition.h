// Condition: what a rule's `when` says about an item.
//
//   field == text   field != text     text: a word, or 'in quotes', with '' for a quote in them
//   changed(field)                    the value before and the value after differ
//   exists(field)                     the event tells the value
//   a and b   a or b   not a   (a)    `not` binds closest, then `and`
//
// A comparison with a value that the event does not tell is neither true nor false, and so is
// what depends on it.
//
// Threads   A plain value.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "labels/item_fields.h"
#include "strata/core/result.h"

namespace strata::internal {

enum class Truth { kFalse, kUnknown, kTrue };  // in this order: `and` is the least, `or` the most

class Condition {
 public:
  // Errors: kRejected, quoting the text and the position. Text of blanks is always true.
  [[nodiscard]] static Result<Condition> parse(std::string_view text);

  [[nodiscard]] Truth evaluate(const ItemFields& item) const;
  void add_fields(std::vector<FieldName>& fields) const;

 private:
  friend class ConditionParser;

  enum class Kind { kAll, kAny, kNot, kEquals, kDiffers, kChanged, kExists };
  struct Node {
    Kind kind = Kind::kAll;
    FieldName field{};
    std::string text{};
    std::vector<Node> parts{};
  };
  [[nodiscard]] static Truth evaluate(const Node& node, const ItemFields& item);
  static void add_fields(const Node& node, std::vector<FieldName>& fields);

  Node root_;  // all of nothing
};

}  // namespace strata::internal
