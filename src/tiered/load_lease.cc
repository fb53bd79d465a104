// Loads that other processes would make as well: one of all makes it, the others read what it
// stored.
//
// Who has the lease looks once more before it loads: the one before may have stored the value
// between the first look and the lease. Who has not looks again and again, and tries the lease each
// time, so that a process that was killed, or whose load failed, is followed at once.
#include <algorithm>
#include <string>
#include <utility>

#include "core/mutex.h"
#include "tiered/load_path.h"

namespace strata::internal {
namespace {

constexpr Duration kPauseMin = std::chrono::milliseconds(1);
constexpr Duration kPauseMax = std::chrono::milliseconds(20);

// Whether the thread has a lease. It waits for no second one, or two processes could wait for each
// other.
thread_local bool has_lease = false;

class LoadLease {
 public:
  LoadLease(LeasesLoads& leases, std::uint64_t key_hash) : leases_(leases), key_hash_(key_hash) {}
  ~LoadLease() {
    if (!is_taken_) return;
    has_lease = false;
    leases_.release(key_hash_);
  }
  LoadLease(const LoadLease&) = delete;
  LoadLease& operator=(const LoadLease&) = delete;

  bool take() { return has_lease = is_taken_ = leases_.try_lease(key_hash_); }

 private:
  LeasesLoads& leases_;
  const std::uint64_t key_hash_;
  bool is_taken_ = false;
};

// The tier that others use too, if what is loaded may be stored in it.
LeasesLoads* leases_of(const Request& request) {
  const Cache::State& cache = request.keyspace.cache;
  if (cache.leases == nullptr || !request.keyspace.lower_allowed[cache.leases_depth]) {
    return nullptr;
  }
  const bool is_plain = !request.call.bypass && !request.refresh && !request.here &&
                        request.transaction == nullptr && request.within == nullptr;
  return is_plain && !has_lease && request.keyspace.is_enabled(request.key) ? cache.leases
                                                                            : nullptr;
}

void pause(Duration how_long) {
  Mutex mutex;
  CondVar never;
  const MutexLock lock(mutex);
  static_cast<void>(never.wait_for(mutex, how_long));
}

FlightResult gave_up(Error error) {
  return {.error = shared_error(std::move(error)), .gave_up = true};
}
Error too_late(const Request& request) {
  return {ErrorCode::kDeadlineExceeded,
          "another process still loads '" + std::string(request.key.text) + "'",
          {}};
}

}  // namespace

FlightResult load_once(const Request& request, const Flight& flight, EntryRef previous) {
  KeyspaceState& keyspace = request.keyspace;
  const Clock& clock = *keyspace.cache.clock;
  LeasesLoads* const leases = leases_of(request);
  if (leases == nullptr) return run_load(request, flight, previous);
  LoadLease lease(*leases, request.key.hash);
  // The flight has a lease too, which must last for a load of its own.
  const Instant last = saturating_add(flight.started(), keyspace.options.load_lease / 2);
  for (Duration pause_now = kPauseMin;; pause_now = std::min(2 * pause_now, kPauseMax)) {
    const bool is_ours = lease.take();
    Below below = read_below(keyspace, request.key, flight.tickets(), request.call);
    if (below.entry) {
      return {below.entry->negative() ? Outcome::kNegativeHit : Outcome::kHit, below.entry,
              below.tier, nullptr};
    }
    if (below.kept && !previous) previous = std::move(below.kept);
    const Instant now = clock.now();
    // Who has it may hang, and a tier that fails tells nothing.
    if (is_ours || now >= last || below.miss == MissReason::kError) break;
    // Those who joined and can wait longer begin a flight of their own.
    if (keyspace.cache.is_closed()) return gave_up(keyspace.cache.closed_error());
    if (now >= request.call.deadline.at) return gave_up(too_late(request));
    pause(std::min(pause_now, between(now, std::min(last, request.call.deadline.at))));
  }
  return run_load(request, flight, previous);
}

}  // namespace strata::internal
