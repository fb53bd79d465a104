// The walk over a Settings by sections.
#include "config/sections.h"

#include "config/reader.h"
#include "config/schema.h"

namespace strata::internal {

void for_each_section(const Settings& settings, const SectionVisitor& visit) {
  const std::string defaults = "cache.defaults";
  visit({"cache", "", root_settings(), &settings});
  visit({"cache.log", "", log_settings(), &settings.log});
  visit({"cache.memory", "", memory_settings(), &settings.memory});
  visit({"cache.memory.each_tenant", "", quota_settings(), &settings.memory.each_tenant});
  for (const auto& [name, quota] : settings.memory.tenants) {
    visit({key_below("cache.memory.tenants", name), "", quota_settings(), &quota});
  }
  visit({"cache.sqlite", "", sqlite_settings(), &settings.sqlite});
  visit({"cache.encryption", "", encryption_settings(), &settings.encryption});
  visit({"cache.journal", "", journal_settings(), &settings.journal});
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
  for (const TypeFields& type : settings.types) {
    visit({key_below("cache.types", type.type), "", type_settings(), &type});
  }
  for (const Rule& rule : settings.rules) {
    visit({key_below("cache.rules", rule.name), "", rule_settings(), &rule});
  }
  for (const auto& [name, cascade] : settings.cascades) {
    visit({key_below("cache.cascades", name), "", cascade_settings(), &cascade});
  }
  for (const auto& [reader, outbox] : settings.outboxes) {
    visit({key_below("cache.outboxes", reader), "", outbox_settings(), &outbox});
  }
}

}  // namespace strata::internal
