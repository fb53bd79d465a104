// The words of `on`.
#include "labels/rule_trigger.h"

#include <algorithm>
#include <array>
#include <vector>

#include "core/nearest.h"
#include "core/quote.h"
#include "strata/core/label.h"

namespace strata::internal {
namespace {

constexpr std::string_view kBlanks = " \t\n\r";

struct Word {
  std::string_view text;
  EventKinds kinds;
  bool needs_type;
};

constexpr std::array kWords{
    Word{"read", {EventKind::kEntityRead, EventKind::kRelationRead}, true},
    Word{"write", {EventKind::kEntityWrite, EventKind::kEntityBulkWrite}, true},
    Word{"delete", {EventKind::kEntityDelete, EventKind::kEntityBulkDelete}, true},
    Word{"link", {EventKind::kRelationWrite, EventKind::kRelationBulkWrite}, true},
    Word{"unlink", {EventKind::kRelationDelete, EventKind::kRelationBulkDelete}, true},
    Word{"query", EventKind::kQueryExecuted, false},
    Word{"traverse", EventKind::kTraversalExecuted, false},
    Word{"schema", EventKind::kSchemaModified, false},
    Word{"type", EventKind::kTypeModified, true}};

Error rejected(std::string message) { return {ErrorCode::kRejected, std::move(message), {}}; }

std::vector<std::string_view> words_of(std::string_view text) {
  std::vector<std::string_view> words;
  for (std::size_t first = text.find_first_not_of(kBlanks); first != std::string_view::npos;
       first = text.find_first_not_of(kBlanks)) {
    const std::size_t end = text.find_first_of(kBlanks, first);
    words.push_back(text.substr(first, end - first));
    text.remove_prefix(std::min(end, text.size()));
  }
  return words;
}

}  // namespace

Result<void> check_type(std::string_view type) {
  if (type.find_first_of("*?") != std::string_view::npos) {
    return rejected("the type " + quoted(type) + " has a wildcard; name it, or write * for all");
  }
  if (type.find_first_of(kBlanks) != std::string_view::npos) {
    return rejected("the type " + quoted(type) + " has a blank");
  }
  return Label(LabelKind::kType, std::string(type)).validate();
}

Result<RuleTrigger> parse_trigger(std::string_view text) {
  const std::vector<std::string_view> words = words_of(text);
  if (words.empty()) return rejected("on is empty; write for example \"write issue\"");
  std::array<std::string_view, kWords.size()> names;
  for (std::size_t index = 0; index < kWords.size(); ++index) {
    const Word& word = kWords[index];
    names[index] = word.text;
    if (word.text != words[0]) continue;
    if (words.size() > 2) {
      return rejected("on " + quoted(text) +
                      " has more than a word and a type; write each in its own line");
    }
    if (words.size() == 1 && word.needs_type) {
      return rejected("on " + quoted(text) + " names no type; write for example \"" +
                      std::string(word.text) + " issue\", or \"" + std::string(word.text) +
                      " *\" for all types");
    }
    const std::string_view type = words.size() == 1 ? "*" : words[1];
    if (type != "*") {
      if (auto valid = check_type(type); !valid) {
        return rejected("on " + quoted(text) + ": " + valid.error().message);
      }
    }
    return RuleTrigger{word.kinds, std::string(type)};
  }
  std::string hint = suggestion(words[0], names);
  if (hint.empty()) {
    for (const std::string_view name : names)
      hint += (hint.empty() ? "; write " : ", ") + std::string(name);
  }
  return rejected("on " + quoted(text) + " begins with the unknown word " + quoted(words[0]) +
                  hint);
}

}  // namespace strata::internal
