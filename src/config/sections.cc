// The walk over a Settings by sections.
#include "config/sections.h"

#include "config/schema.h"

namespace strata::internal {

void for_each_section(const Settings& settings, const SectionVisitor& visit) {
  const std::string defaults = "cache.defaults";
  visit({"cache", "", root_settings(), &settings});
  visit({"cache.log", "", log_settings(), &settings.log});
  visit({"cache.memory", "", memory_settings(), &settings.memory});
  visit({"cache.sqlite", "", sqlite_settings(), &settings.sqlite});
  visit({defaults, "", policy_settings(), &settings.defaults});

  for (const auto& [name, options] : settings.keyspaces) {
    const std::string path = "cache.keyspaces." + name;
    visit({path, "", identity_settings(), &options});
    visit({path, defaults, policy_settings(), &options});
  }
  for (const auto& [name, source] : settings.sources) {
    const std::string path = "cache.sources." + name;
    visit({path, "", source_settings(), &source.cache});
    if (const auto* http = std::get_if<HttpOptions>(&source.kind)) {
      visit({path + ".http", "", http_settings(), http});
    }
    if (const auto* query = std::get_if<SqliteQueryOptions>(&source.kind)) {
      visit({path + ".sqlite", "", query_settings(), query});
    }
    visit({path, defaults, policy_settings(), &source.cache.keyspace});
  }
}

}  // namespace strata::internal
