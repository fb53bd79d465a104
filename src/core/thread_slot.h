// Thread slots: a small number for each living thread, so that per-thread state can be an array.
//
// A thread takes the lowest free slot when it first asks and gives it back when it ends; a later
// thread may get it, and then everything the former one did happens before. At most
// kThreadSlots - 1 threads have a slot of their own. Further ones, and destructors that run
// after a thread gave its slot back, get kSharedSlot, which any number of threads hold at once:
// what is kept under it must be atomic.
#pragma once

#include <cstddef>

namespace strata::internal {

inline constexpr unsigned kThreadSlots = 256;
inline constexpr unsigned kSharedSlot = 0;

inline constexpr unsigned kNoSlot = ~0u;
extern thread_local constinit unsigned current_thread_slot;
unsigned take_thread_slot();

// The calling thread's slot, below kThreadSlots.
inline unsigned thread_slot() {
  const unsigned slot = current_thread_slot;
  return slot != kNoSlot ? slot : take_thread_slot();
}

// Around a fork(), so that the child finds the slots whole: by the thread that forks, on both
// sides.
void lock_thread_slots();
void unlock_thread_slots();
// Between these, in the child: the slots of all other threads are free.
void forget_other_threads();

// All slots that were ever taken are below it. Grows.
[[nodiscard]] unsigned thread_slots_in_use();

// What the calling thread holds and does later: see load/key_turns.cc. It is here because all
// thread_local state is. Without a destructor, so that it can be used until the thread is gone.
struct ThreadTurns {
  std::size_t held = 0;
  void* first = nullptr;
  void* last = nullptr;
};
extern thread_local constinit ThreadTurns thread_turns;

// The calls of event handlers that the calling thread is within, and how many emissions deep:
// see labels/call_gate.h.
struct CallFrame;
struct ThreadCalls {
  const CallFrame* innermost = nullptr;
  std::size_t emissions = 0;
};
extern thread_local constinit ThreadCalls thread_calls;

}  // namespace strata::internal
