// Tenants: which number a tenant has, and what it may hold.
#include "memory/tenants.h"

#include <algorithm>
#include <new>
#include <string>

#include "core/assert.h"
#include "core/quote.h"
#include "strata/core/key.h"

namespace strata {
namespace memory {
namespace {

// Of a room; the room's 0 bytes are none at all.
constexpr std::uint64_t kUnbounded = UINT64_MAX;

const Label* tenant_of(const LabelGroup* group) {
  if (group == nullptr) return nullptr;
  const auto found =
      std::find_if(group->labels.begin(), group->labels.end(),
                   [](const Label& label) { return label.kind() == LabelKind::kTenant; });
  return found == group->labels.end() ? nullptr : &*found;
}

Error rejected(std::string message) { return {ErrorCode::kRejected, std::move(message), {}}; }

}  // namespace

TenantQuota Tenant::quota() const {
  const std::uint64_t bytes = room.max_bytes();
  return {.max_entries = room.max_entries(), .max_bytes = bytes == kUnbounded ? 0 : bytes};
}

void Tenant::set_quota(const TenantQuota& quota) {
  room.set_bounds(quota.max_entries, quota.max_bytes == 0 ? kUnbounded : quota.max_bytes);
}

Tenants::Tenants(const MemoryOptions& options) : each_(options.each_tenant) {
  const MutexLock lock(mutex_);
  if (!each_.is_none() || !options.tenants.empty()) begin();
  for (const auto& [name, quota] : options.tenants) {
    STRATA_ASSERT(named_ < limits::kNamedTenants);
    Tenant& named = tenants_[enter(tenant(name), quota)];
    named.is_named = true;
    named.is_adopted.store(true, std::memory_order_relaxed);  // There are no entries.
    ++named_;
  }
}

void Tenants::begin() {
  if (any()) return;
  tenants_ = std::make_unique<Tenant[]>(kNumbers);
  tenants_[kRest].set_quota({});
  count_.store(1, std::memory_order_relaxed);
  is_active_.store(true, std::memory_order_release);
}

TenantNumber Tenants::find(LabelId id) const {
  for (std::size_t at = static_cast<std::uint64_t>(id) % kSlots;; at = (at + 1) % kSlots) {
    const TenantNumber number = slots_[at].load(std::memory_order_acquire);
    if (number == kRest || tenants_[number].label.id() == id) return number;
  }
}

TenantNumber Tenants::find(const LabelGroup* group) const {
  if (!any()) return kRest;
  const Label* label = tenant_of(group);
  return label == nullptr ? kRest : find(label->id());
}

// The tenant can be found when everything about it is written.
TenantNumber Tenants::enter(const Label& label, const TenantQuota& quota) {
  const std::size_t count = count_.load(std::memory_order_relaxed);
  STRATA_ASSERT(count < kNumbers);
  const auto number = static_cast<TenantNumber>(count);
  tenants_[number].label = label;
  tenants_[number].set_quota(quota);
  count_.store(count + 1, std::memory_order_release);
  std::size_t at = static_cast<std::uint64_t>(label.id()) % kSlots;
  while (slots_[at].load(std::memory_order_relaxed) != kRest) at = (at + 1) % kSlots;
  slots_[at].store(number, std::memory_order_release);
  return number;
}

void Tenants::meet_each(const LabelGroup* group) {
  const Label* label = tenant_of(group);
  if (label == nullptr || find(label->id()) != kRest) return;
  // Who comes too late stays with the rest: entries of it are there from now on.
  if (others_.load(std::memory_order_relaxed) == limits::kOtherTenants) {
    untold_.fetch_add(1, std::memory_order_relaxed);
    return;
  }
  const MutexLock lock(mutex_);
  if (find(label->id()) != kRest) return;
  if (others_.load(std::memory_order_relaxed) == limits::kOtherTenants) {
    untold_.fetch_add(1, std::memory_order_relaxed);
    return;
  }
  others_.fetch_add(1, std::memory_order_relaxed);
  tenants_[enter(*label, each_)].is_adopted.store(true, std::memory_order_release);
}

Result<TenantNumber> Tenants::set(std::string_view name, const TenantQuota& quota) {
  try {
    if (auto valid = validate_name("tenant", name); !valid) return valid.error();
    const Label label = tenant(name);
    const MutexLock lock(mutex_);
    begin();
    TenantNumber number = find(label.id());
    if (number == kRest || !tenants_[number].is_named) {
      if (named_ == limits::kNamedTenants) {
        return rejected("tenant " + internal::quoted(name) + ": " + std::to_string(named_) +
                        " tenants have quotas by name, which is the most (kNamedTenants); "
                        "each_tenant gives one to all others");
      }
      if (number == kRest) number = enter(label, quota);
      tenants_[number].is_named = true;
      ++named_;
    }
    tenants_[number].set_quota(quota);
    return number;
  } catch (const std::bad_alloc&) {
    // So short that it takes no memory.
    return Error{ErrorCode::kUnavailable, "no memory", {}};
  }
}

TenantNumber Tenants::any_beyond() const {
  if (!any()) return kRest;
  const std::size_t count = count_.load(std::memory_order_acquire);
  for (std::size_t number = 1; number < count; ++number) {
    const auto tenant = static_cast<TenantNumber>(number);
    if (!at(tenant).room.has({})) return tenant;
  }
  return kRest;
}

double Tenants::share(const Tenant& tenant, const Room& tier) const {
  const TenantQuota quota = tenant.quota();
  const auto part = [](std::uint64_t held, std::uint64_t own, std::uint64_t bound) {
    const std::uint64_t of = own != 0 ? own : bound;
    return of == 0 ? 0.0 : static_cast<double>(held) / static_cast<double>(of);
  };
  return std::max(part(tenant.room.entries(), quota.max_entries, tier.max_entries()),
                  part(tenant.room.bytes(), quota.max_bytes, tier.max_bytes()));
}

TenantsStats Tenants::stats() const {
  TenantsStats stats;
  if (!any()) return stats;
  const auto use_of = [&](TenantNumber number) {
    const Tenant& tenant = at(number);
    return TenantUse{.name = number == kRest ? "" : std::string(tenant.label.text()),
                     .quota = tenant.quota(),
                     .entries = tenant.room.entries(),
                     .bytes = tenant.room.bytes(),
                     .evictions = tenant.evictions.load(std::memory_order_relaxed)};
  };
  stats.rest = use_of(kRest);
  const std::size_t count = count_.load(std::memory_order_acquire);
  for (std::size_t number = 1; number < count; ++number) {
    stats.tenants.push_back(use_of(static_cast<TenantNumber>(number)));
  }
  std::sort(stats.tenants.begin(), stats.tenants.end(),
            [](const TenantUse& a, const TenantUse& b) { return a.name < b.name; });
  stats.untold = untold_.load(std::memory_order_relaxed);
  return stats;
}

}  // namespace memory

Result<void> check_tenants(const MemoryOptions& options) {
  if (options.tenants.size() > limits::kNamedTenants) {
    return Error{ErrorCode::kRejected,
                 std::to_string(options.tenants.size()) + " tenants have quotas by name; at most " +
                     std::to_string(limits::kNamedTenants) +
                     " may (kNamedTenants), and each_tenant gives one to all others",
                 {}};
  }
  for (const auto& [name, quota] : options.tenants) {
    if (auto valid = validate_name("tenant", name); !valid) return valid.error();
  }
  return {};
}

}  // namespace strata
