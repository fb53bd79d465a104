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

inline EntryRef entry_with_labels(std::string_view text, Labels labels) {
  EntryRef entry = entry_with_key(text);
  auto details = std::make_unique<EntryDetails>();
  for (const Label& label : labels) details->label_ids.push_back(label.id());
  details->labels = std::move(labels);
  entry->set_details(std::move(details));
  return entry;
}

}  // namespace strata::memory
