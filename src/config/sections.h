// Every section of a configuration with the object that holds it, in the order of the manual.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "config/setting.h"
#include "strata/config/settings.h"

namespace strata::internal {

struct Section {
  std::string path;           // cache.sources.census.http
  std::string inherits_from;  // the path whose values are taken over, or empty
  std::span<const Setting> settings;
  const void* object = nullptr;
};

using SectionVisitor = std::function<void(const Section& section)>;

// A section with settings from two tables is visited twice.
void for_each_section(const Settings& settings, const SectionVisitor& visit);

}  // namespace strata::internal
