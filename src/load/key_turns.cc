// Turns, and what a thread does when it has given up its last one.
#include "load/key_turns.h"

#include <memory>
#include <new>
#include <utility>

#include "core/mutant.h"
#include "core/thread_slot.h"

namespace strata {

using internal::thread_turns;

namespace {

struct Task {
  std::function<void()> run;
  Task* next = nullptr;
};

// A task may take turns itself; what those leave is run at their end.
void run_what_was_left() {
  auto* next = static_cast<Task*>(std::exchange(thread_turns.first, nullptr));
  thread_turns.last = nullptr;
  while (next != nullptr) {
    const std::unique_ptr<Task> task(next);
    next = task->next;
    task->run();
  }
}

}  // namespace

KeyTurns::Turn::Turn(KeyTurns& turns, std::uint64_t key_hash)
    : mutex_(turns.mutexes_[key_hash % kStripes]), held_(!STRATA_MUTANT(kPutsUnserialised)) {
  if (held_) mutex_.lock();
  ++thread_turns.held;
}

KeyTurns::Turn::~Turn() {
  if (held_) mutex_.unlock();
  if (--thread_turns.held == 0 && thread_turns.first != nullptr) run_what_was_left();
}

bool KeyTurns::in_turn() { return thread_turns.held > 0; }

void KeyTurns::after_turn(std::function<void()> task) {
  if (!in_turn()) {
    task();
    return;
  }
  auto* const last = new (std::nothrow) Task{std::move(task)};
  if (last == nullptr) return;
  auto* const before = static_cast<Task*>(std::exchange(thread_turns.last, last));
  if (before == nullptr) {
    thread_turns.first = last;
  } else {
    before->next = last;
  }
}

}  // namespace strata
