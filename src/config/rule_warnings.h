// What rules, cascades and outboxes may say and yet probably do not mean.
#pragma once

#include <functional>
#include <set>
#include <string>

#include "strata/config/settings.h"

namespace strata::internal {

// The types that keyspaces name, those of sources and the default included.
[[nodiscard]] std::set<std::string> types_of_keyspaces(const Settings& settings);

// Takes the full key of what is remarked on, and the remark.
using Warn = std::function<void(const std::string& key, const std::string& message)>;

// Precondition: rules and cascades compile.
void check_rules(const Settings& settings, const Warn& warn);

}  // namespace strata::internal
