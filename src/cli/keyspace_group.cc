#include "cli/keyspace_group.h"

#include <algorithm>

#include "cli/session.h"

namespace strata::cli {

std::optional<Label> missing_label(const Settings& settings, const Labels& carried) {
  const auto is_keyspace = [](const Label& label) { return label.kind() == LabelKind::kKeyspace; };
  const auto of = std::find_if(carried.begin(), carried.end(), is_keyspace);
  if (of == carried.end()) return std::nullopt;
  const KeyspaceOptions& options = options_of(settings, of->text());
  for (const Label& label : {schema(options.schema), type(options.type), source(options.source)}) {
    if (label.text().empty()) continue;
    if (std::find(carried.begin(), carried.end(), label) == carried.end()) return label;
  }
  return std::nullopt;
}

std::string describe_missing(const Label& label) {
  return "it was stored without " + format_label(label) + ", which its keyspace has now";
}

}  // namespace strata::cli
