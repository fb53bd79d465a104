// The gate is one number: how many calls are in, and whether it is closed and finished.
#include "labels/call_gate.h"

#include "core/thread_slot.h"

namespace strata::internal {

// No call gets in once kClosed is set, so the count of calls then only falls, and reaches zero
// once: either close() finds it there, or one leave() brings it there. That is who finishes.

bool CallGate::enter(CallFrame& frame) {
  std::uint32_t state = state_.load(std::memory_order_relaxed);
  do {
    if ((state & kClosed) != 0) return false;
  } while (!state_.compare_exchange_weak(state, state + kCall, std::memory_order_acquire,
                                         std::memory_order_relaxed));
  frame = {this, thread_calls.innermost};
  thread_calls.innermost = &frame;
  return true;
}

bool CallGate::leave(const CallFrame& frame) {
  thread_calls.innermost = frame.outer;
  return state_.fetch_sub(kCall, std::memory_order_acq_rel) == (kClosed | kCall);
}

bool CallGate::close() { return state_.fetch_or(kClosed, std::memory_order_acq_rel) == 0; }

void CallGate::finish(const std::function<void()>& clean_up) {
  const CallFrame frame{this, thread_calls.innermost};
  thread_calls.innermost = &frame;
  clean_up();
  thread_calls.innermost = frame.outer;
  state_.fetch_or(kFinished, std::memory_order_release);
  state_.notify_all();
}

void CallGate::wait() const {
  if (is_within()) return;
  std::uint32_t state = state_.load(std::memory_order_acquire);
  while ((state & kFinished) == 0) {
    state_.wait(state, std::memory_order_acquire);
    state = state_.load(std::memory_order_acquire);
  }
}

bool CallGate::is_closed() const { return (state_.load(std::memory_order_relaxed) & kClosed) != 0; }

bool CallGate::is_within() const {
  for (const CallFrame* frame = thread_calls.innermost; frame != nullptr; frame = frame->outer) {
    if (frame->gate == this) return true;
  }
  return false;
}

}  // namespace strata::internal
