// cache.types, cache.rules and cache.cascades: read, and compiled one by one, so that every error
// has the place of what it is about.
#pragma once

#include "config/reader.h"
#include "strata/config/settings.h"
#include "strata/labels/rules.h"

namespace strata::internal {

// `sections` are those below `cache`.
void read_rule_settings(Reader& reader, const Reader::Sections& sections, Settings& settings);

// All of them together, as RuleSet::compile() takes them.
[[nodiscard]] RuleDefinitions rule_definitions(const Settings& settings);

}  // namespace strata::internal
