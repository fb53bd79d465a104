// CallGate: lets calls of a handler in until it is closed, and knows when the last one is out.
//
//   if (gate.enter(frame)) {
//     handler();
//     if (gate.leave(frame)) gate.finish(clean_up);
//   }
//
// Who closes it, or ends the last call after that, is told to finish it: exactly one of them.
//
// Threads   Thread-safe. A frame belongs to the thread that enters and outlives the call.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>

namespace strata::internal {

class CallGate;

// A call that a thread is within. They form a list, from the innermost outwards.
struct CallFrame {
  const CallGate* gate = nullptr;
  const CallFrame* outer = nullptr;
};

class CallGate {
 public:
  // Returns whether the call may be made. Then leave() must follow.
  [[nodiscard]] bool enter(CallFrame& frame);
  // Returns whether the caller must finish().
  [[nodiscard]] bool leave(const CallFrame& frame);

  // No further call gets in. Returns whether the caller must finish().
  [[nodiscard]] bool close();
  // Calls `clean_up`, within which wait() does not wait, and lets the waiters go.
  void finish(const std::function<void()>& clean_up);
  // Waits until finish() has ended, unless the calling thread is within a call or within
  // finish(). Precondition: closed.
  void wait() const;

  [[nodiscard]] bool is_closed() const;

 private:
  static constexpr std::uint32_t kClosed = 1;
  static constexpr std::uint32_t kFinished = 2;
  static constexpr std::uint32_t kCall = 4;  // one call that is in

  [[nodiscard]] bool is_within() const;

  std::atomic<std::uint32_t> state_{0};
};

}  // namespace strata::internal
