// The table of all settings, by section. Nothing else lists them.
#pragma once

#include <span>
#include <string_view>

#include "config/setting.h"

namespace strata::internal {

// Where the settings of a section stand, and what its object is:
//
//   cache                           Settings
//   cache.log                       LogSettings
//   cache.memory                    MemoryOptions
//   cache.memory.each_tenant        TenantQuota
//   cache.memory.tenants.<name>     TenantQuota
//   cache.sqlite                    SqliteSettings
//   cache.journal                   CauseJournalOptions
//   cache.defaults                  KeyspaceOptions
//   cache.keyspaces.<name>          KeyspaceOptions: policy and identity
//   cache.sources.<name>            KeyspaceOptions: policy; SourceOptions: tags
//   cache.sources.<name>.http       HttpOptions
//   cache.sources.<name>.sqlite     SqliteQueryOptions
//   cache.types.<type>              TypeFields
//   cache.rules.<name>              Rule
//   cache.cascades.<name>           Cascade
//   cache.outboxes.<reader>         OutboxSettings
[[nodiscard]] std::span<const Setting> root_settings();
[[nodiscard]] std::span<const Setting> log_settings();
[[nodiscard]] std::span<const Setting> memory_settings();
[[nodiscard]] std::span<const Setting> quota_settings();
[[nodiscard]] std::span<const Setting> sqlite_settings();
[[nodiscard]] std::span<const Setting> journal_settings();
[[nodiscard]] std::span<const Setting> encryption_settings();
[[nodiscard]] std::span<const Setting> policy_settings();
[[nodiscard]] std::span<const Setting> identity_settings();
[[nodiscard]] std::span<const Setting> source_settings();
[[nodiscard]] std::span<const Setting> http_settings();
[[nodiscard]] std::span<const Setting> query_settings();
[[nodiscard]] std::span<const Setting> type_settings();
[[nodiscard]] std::span<const Setting> rule_settings();
[[nodiscard]] std::span<const Setting> cascade_settings();
[[nodiscard]] std::span<const Setting> outbox_settings();

}  // namespace strata::internal
