// Conditions: a parser by recursive descent, and three-valued logic.
#include "labels/condition.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "core/quote.h"
#include "strata/core/limits.h"

namespace strata::internal {
namespace {

// What a condition is written in. `kEnd` has no text.
struct Token {
  enum class Kind { kWord, kText, kEquals, kDiffers, kOpen, kClose, kEnd };
  Kind kind = Kind::kEnd;
  std::string text;
  std::size_t position = 0;  // from 1
};

Truth opposite(Truth truth) {
  switch (truth) {
    case Truth::kFalse:
      return Truth::kTrue;
    case Truth::kUnknown:
      return Truth::kUnknown;
    case Truth::kTrue:
      return Truth::kFalse;
  }
  return Truth::kUnknown;
}

Truth truth_of(bool is_true) { return is_true ? Truth::kTrue : Truth::kFalse; }

}  // namespace

// Each function reads what it is named after, from `next_` on.
class ConditionParser {
 public:
  using Kind = Condition::Kind;
  using Node = Condition::Node;

  explicit ConditionParser(std::string_view text) : text_(text) {}

  Result<Node> parse() {
    if (auto first = advance(); !first) return first.error();
    if (next_.kind == Token::Kind::kEnd) return Node{};
    Result<Node> root = any();
    if (root && next_.kind != Token::Kind::kEnd) return wrong("expected \"and\" or \"or\"");
    return root;
  }

 private:
  Result<Node> any() { return several(Kind::kAny, "or", &ConditionParser::all); }
  Result<Node> all() { return several(Kind::kAll, "and", &ConditionParser::negation); }

  Result<Node> several(Kind kind, std::string_view word, Result<Node> (ConditionParser::*part)()) {
    Result<Node> first = (this->*part)();
    if (!first || !is_word(word)) return first;
    Node node{.kind = kind};
    node.parts.push_back(*std::move(first));
    while (is_word(word)) {
      if (auto skipped = advance(); !skipped) return skipped.error();
      Result<Node> more = (this->*part)();
      if (!more) return more;
      node.parts.push_back(*std::move(more));
    }
    return node;
  }

  Result<Node> negation() {
    if (!is_word("not")) return primary();
    Result<Node> part = deeper(&ConditionParser::negation);
    if (!part) return part;
    Node node{.kind = Kind::kNot};
    node.parts.push_back(*std::move(part));
    return node;
  }

  // Skips a token, and reads what is within.
  Result<Node> deeper(Result<Node> (ConditionParser::*within)()) {
    if (depth_ == limits::kConditionDepth) {
      return wrong("is nested deeper than the limit of " + std::to_string(limits::kConditionDepth));
    }
    if (auto skipped = advance(); !skipped) return skipped.error();
    ++depth_;
    Result<Node> node = (this->*within)();
    --depth_;
    return node;
  }

  Result<Node> primary() {
    if (next_.kind == Token::Kind::kOpen) {
      Result<Node> node = deeper(&ConditionParser::any);
      if (!node) return node;
      if (auto closed = expect(Token::Kind::kClose, "\")\""); !closed) return closed.error();
      return node;
    }
    if (next_.kind != Token::Kind::kWord || is_word("and") || is_word("or")) {
      return wrong("expected a field, changed(...), exists(...), \"not\" or \"(\"");
    }
    const Token word = next_;
    if (auto skipped = advance(); !skipped) return skipped.error();
    if (next_.kind == Token::Kind::kOpen) return call(word);
    return comparison(word);
  }

  Result<Node> call(const Token& word) {
    Node node{.kind = word.text == "changed" ? Kind::kChanged : Kind::kExists};
    if (word.text != "changed" && word.text != "exists") {
      return wrong("there is no " + quoted(word.text) + "; there are changed() and exists()",
                   word.position);
    }
    if (auto skipped = advance(); !skipped) return skipped.error();
    if (next_.kind != Token::Kind::kWord) return wrong("expected a field");
    Result<FieldName> field = parse_field_name(next_.text);
    if (!field) return wrong(field.error().message);
    if (node.kind == Kind::kChanged && field->of != FieldName::Of::kNow) {
      return wrong("changed() compares a field with its old value; it takes the field's name");
    }
    node.field = *std::move(field);
    if (auto skipped = advance(); !skipped) return skipped.error();
    if (auto closed = expect(Token::Kind::kClose, "\")\""); !closed) return closed.error();
    return node;
  }

  Result<Node> comparison(const Token& word) {
    Result<FieldName> field = parse_field_name(word.text);
    if (!field) return wrong(field.error().message, word.position);
    if (next_.kind != Token::Kind::kEquals && next_.kind != Token::Kind::kDiffers) {
      return wrong("expected \"==\" or \"!=\" after " + quoted(word.text));
    }
    Node node{.kind = next_.kind == Token::Kind::kEquals ? Kind::kEquals : Kind::kDiffers,
              .field = *std::move(field)};
    if (auto skipped = advance(); !skipped) return skipped.error();
    if (next_.kind != Token::Kind::kWord && next_.kind != Token::Kind::kText) {
      return wrong("expected a word or a text in quotes");
    }
    if (next_.kind == Token::Kind::kWord && next_.text.starts_with("old.")) {
      return wrong("fields are compared with text; use changed(), or quotes if it is text");
    }
    node.text = std::move(next_.text);
    if (auto skipped = advance(); !skipped) return skipped.error();
    return node;
  }

  [[nodiscard]] bool is_word(std::string_view word) const {
    return next_.kind == Token::Kind::kWord && next_.text == word;
  }

  Result<void> expect(Token::Kind kind, std::string_view what) {
    if (next_.kind != kind) return wrong("expected " + std::string(what));
    return advance();
  }

  // Reads the next token.
  Result<void> advance() {
    while (index_ < text_.size() && (text_[index_] == ' ' || text_[index_] == '\t' ||
                                     text_[index_] == '\n' || text_[index_] == '\r')) {
      ++index_;
    }
    next_ = {.position = index_ + 1};
    if (index_ == text_.size()) return {};
    const char c = text_[index_];
    const bool is_double = index_ + 1 < text_.size() && text_[index_ + 1] == '=';
    if (c == '(' || c == ')') {
      next_.kind = c == '(' ? Token::Kind::kOpen : Token::Kind::kClose;
      ++index_;
      return {};
    }
    if ((c == '=' || c == '!') && is_double) {
      next_.kind = c == '=' ? Token::Kind::kEquals : Token::Kind::kDiffers;
      index_ += 2;
      return {};
    }
    if (c == '\'' || c == '"') return advance_text(c);
    if (!is_of_field_name(c)) {
      return wrong(c == '=' ? "write \"==\" to compare" : "did not expect this character");
    }
    const std::size_t first = index_;
    while (index_ < text_.size() && is_of_field_name(text_[index_])) ++index_;
    next_.kind = Token::Kind::kWord;
    next_.text = text_.substr(first, index_ - first);
    return {};
  }

  // A quote within the text is written twice.
  Result<void> advance_text(char quote) {
    next_.kind = Token::Kind::kText;
    for (++index_; index_ < text_.size(); ++index_) {
      if (text_[index_] == quote) {
        ++index_;
        if (index_ == text_.size() || text_[index_] != quote) return {};
      }
      next_.text += text_[index_];
    }
    return wrong("the quote is not closed");
  }

  [[nodiscard]] Error wrong(std::string_view what) const { return wrong(what, next_.position); }
  [[nodiscard]] Error wrong(std::string_view what, std::size_t position) const {
    return {ErrorCode::kRejected,
            "condition " + quoted(text_) + " at position " + std::to_string(position) + ": " +
                std::string(what),
            {}};
  }

  const std::string_view text_;
  std::size_t index_ = 0;
  std::size_t depth_ = 0;
  Token next_;
};

Result<Condition> Condition::parse(std::string_view text) {
  if (text.size() > limits::kRuleTextBytes) {
    return Error{ErrorCode::kRejected,
                 "condition " + quoted(text) + " has " + std::to_string(text.size()) +
                     " bytes; the limit is " + std::to_string(limits::kRuleTextBytes),
                 {}};
  }
  Result<Node> root = ConditionParser(text).parse();
  if (!root) return root.error();
  Condition condition;
  condition.root_ = *std::move(root);
  return condition;
}

Truth Condition::evaluate(const ItemFields& item) const { return evaluate(root_, item); }

Truth Condition::evaluate(const Node& node, const ItemFields& item) {
  switch (node.kind) {
    case Kind::kAll: {
      Truth truth = Truth::kTrue;
      for (const Node& part : node.parts) truth = std::min(truth, evaluate(part, item));
      return truth;
    }
    case Kind::kAny: {
      Truth truth = Truth::kFalse;
      for (const Node& part : node.parts) truth = std::max(truth, evaluate(part, item));
      return truth;
    }
    case Kind::kNot:
      return opposite(evaluate(node.parts.front(), item));
    case Kind::kExists:
      return truth_of(item.value(node.field) != nullptr);
    case Kind::kChanged: {
      const std::string* const before = item.before(node.field.name);
      const std::string* const after = item.after(node.field.name);
      if (before == nullptr || after == nullptr) return Truth::kUnknown;
      return truth_of(*before != *after);
    }
    case Kind::kEquals:
    case Kind::kDiffers: {
      const std::string* const value = item.value(node.field);
      if (value == nullptr) return Truth::kUnknown;
      return truth_of((*value == node.text) == (node.kind == Kind::kEquals));
    }
  }
  return Truth::kUnknown;
}

void Condition::add_fields(std::vector<FieldName>& fields) const { add_fields(root_, fields); }

void Condition::add_fields(const Node& node, std::vector<FieldName>& fields) {
  for (const Node& part : node.parts) add_fields(part, fields);
  const bool is_leaf =
      node.kind != Kind::kAll && node.kind != Kind::kAny && node.kind != Kind::kNot;
  if (is_leaf) fields.push_back(node.field);
}

}  // namespace strata::internal
