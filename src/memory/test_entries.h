// Entries for the tests of the memory tier's parts.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "strata/core/entry.h"
#include "strata/core/key.h"
#include "strata/core/label.h"

namespace strata::memory {

inline EntryRef entry_with_key(std::string_view text) {
  return Entry::make<std::string>({text, key_hash(text), {}}, "value");
}

inline EntryRef entry_with_labels(std::string_view text, const Labels& labels) {
  EntryRef entry = entry_with_key(text);
  entry->set_labels(labels);
  return entry;
}

}  // namespace strata::memory
