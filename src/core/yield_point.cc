// The hook behind STRATA_YIELD.
#include "core/yield_point.h"

#if defined(STRATA_YIELD_POINTS)

#include <atomic>
#include <memory>
#include <utility>

#include "core/mutex.h"
#include "core/scheduler.h"

namespace strata::testing {
namespace {

using Hook = std::function<void(const char* point)>;

// A thread that is inside the hook keeps it alive, so that replacing it waits for nobody.
struct Installed {
  Mutex mutex;
  std::shared_ptr<const Hook> hook STRATA_GUARDED_BY(mutex);
};

// So that a point which nobody watches costs one load, and finds nothing half made in the child of
// a fork().
constinit std::atomic<bool> any_installed{false};

// Never destroyed: threads may pass points while the process ends.
Installed& installed() {
  static Installed& only = *new Installed;
  return only;
}

}  // namespace

void set_yield_hook(Hook hook) {
  Installed& state = installed();
  std::shared_ptr<const Hook> next;
  if (hook) next = std::make_shared<const Hook>(std::move(hook));
  const MutexLock lock(state.mutex);
  any_installed.store(next != nullptr, std::memory_order_release);
  state.hook.swap(next);
}

void yield(const char* point) {
  if (internal::thread_scheduler != nullptr) return internal::thread_scheduler->at_point(point);
  if (!any_installed.load(std::memory_order_acquire)) return;
  Installed& state = installed();
  std::shared_ptr<const Hook> hook;
  {
    const MutexLock lock(state.mutex);
    hook = state.hook;
  }
  if (hook != nullptr) (*hook)(point);
}

}  // namespace strata::testing

#endif
