// Tenants: the quotas of a tier's tenants, and what each of them holds over all shards.
//
// A tenant with a quota has a number, for as long as the tier lives; 0 is the rest, all others
// together. Its room counts what it holds, as the tier's does for all, and so do the rest's books.
//
// Threads   Thread-safe. Looking a tenant up takes no lock.
// Memory    2 KiB without quotas; 40 KiB more with the first.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "core/mutex.h"
#include "memory/room.h"
#include "strata/core/entry.h"
#include "strata/core/label.h"
#include "strata/core/limits.h"
#include "strata/core/result.h"
#include "strata/memory/memory_tier.h"
#include "strata/ports/tenants.h"

namespace strata::memory {

using TenantNumber = std::uint16_t;
inline constexpr TenantNumber kRest = 0;

struct alignas(64) Tenant {
  Room room;
  std::atomic<std::uint64_t> evictions{0};
  std::atomic<bool> is_adopted{false};  // its entries of before the quota were found
  bool is_named = false;                // guarded by the mutex of Tenants
  Label label;                          // does not change once the tenant has its number

  [[nodiscard]] TenantQuota quota() const;
  void set_quota(const TenantQuota& quota);
};

class Tenants {
 public:
  static constexpr std::size_t kNumbers = 1 + limits::kNamedTenants + limits::kOtherTenants;

  // Precondition: check_tenants(options).
  explicit Tenants(const MemoryOptions& options);

  // Whether there are quotas. Once there are, there are for ever.
  [[nodiscard]] bool any() const { return is_active_.load(std::memory_order_acquire); }
  // Precondition: any().
  [[nodiscard]] Tenant& at(TenantNumber number) const { return tenants_[number]; }
  // The tenant that counts for entries of this group; the rest without quotas.
  [[nodiscard]] TenantNumber find(const LabelGroup* group) const;

  // Gives the group's tenant the quota of each_tenant, if it has none yet. To be called before an
  // entry of the group comes to a shard.
  void meet(const LabelGroup* group) {
    if (!each_.is_none()) meet_each(group);
  }
  // Sets a tenant's quota; kRejected for a name that is none, or one name too many. A new
  // tenant's entries are still counted with the rest.
  [[nodiscard]] Result<TenantNumber> set(std::string_view name, const TenantQuota& quota);

  // A tenant that holds more than its quota; the rest if there is none.
  [[nodiscard]] TenantNumber any_beyond() const;
  // The share of its quota that a tenant holds: of entries or bytes, whichever is more. What it
  // has no quota of, and all that the rest holds, is compared with the tier's bounds.
  [[nodiscard]] double share(const Tenant& tenant, const Room& tier) const;

  [[nodiscard]] TenantsStats stats() const;

 private:
  // More than twice as many as there can be, so that probes are short.
  static constexpr std::size_t kSlots = 1024;

  [[nodiscard]] TenantNumber find(LabelId id) const;
  void meet_each(const LabelGroup* group);
  void begin() STRATA_REQUIRES(mutex_);
  TenantNumber enter(const Label& label, const TenantQuota& quota) STRATA_REQUIRES(mutex_);

  const TenantQuota each_;
  std::atomic<bool> is_active_{false};
  std::array<std::atomic<TenantNumber>, kSlots> slots_{};  // by label, with open addressing
  std::atomic<std::uint64_t> untold_{0};
  std::atomic<std::size_t> count_{0};   // of numbers in use, the rest's included
  std::atomic<std::size_t> others_{0};  // those of them that each_tenant gave
  Mutex mutex_;
  std::size_t named_ STRATA_GUARDED_BY(mutex_) = 0;
  std::unique_ptr<Tenant[]> tenants_;  // made before is_active_ is set
};

}  // namespace strata::memory
