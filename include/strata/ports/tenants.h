// Tenants in a hot tier: how much of it each may take, and what each takes.
//
// An entry belongs to the tenant whose label its group carries. What counts is what the entry
// takes by itself: texts of labels, which entries share, count for nobody.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace strata {

// 0: no bound of that kind.
struct TenantQuota {
  std::uint64_t max_entries = 0;
  std::uint64_t max_bytes = 0;
  [[nodiscard]] bool is_none() const { return max_entries == 0 && max_bytes == 0; }
  friend bool operator==(const TenantQuota&, const TenantQuota&) = default;
};

struct TenantUse {
  std::string name;
  TenantQuota quota;
  std::uint64_t entries = 0;  // with those that were invalidated and are not reclaimed yet
  std::uint64_t bytes = 0;
  std::uint64_t evictions = 0;
};

struct TenantsStats {
  std::vector<TenantUse> tenants;  // those that are told apart, by name; empty without quotas
  TenantUse rest;                  // all others together, if there are quotas
  // How often an entry was offered whose tenant should have had a quota of its own and counts with
  // the rest, since there are too many of them (limits::kOtherTenants).
  std::uint64_t untold = 0;
};

}  // namespace strata
