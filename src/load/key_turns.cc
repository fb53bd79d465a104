// Turns, and what a thread does when it has given up its last one.
#include "load/key_turns.h"

#include <memory>
#include <new>
#include <utility>

#include "core/mutant.h"

namespace strata {

namespace {

struct Task {
  std::function<void()> run;
  Task* next;
};

// Of the calling thread. Without a destructor, so that it can be used until the thread is gone.
struct Turns {
  std::size_t held = 0;
  Task* first = nullptr;
  Task* last = nullptr;
};

constinit thread_local Turns g_turns;

// A task may take turns itself; what those leave is run at their end.
void run_what_was_left() {
  Task* next = std::exchange(g_turns.first, nullptr);
  g_turns.last = nullptr;
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
  ++g_turns.held;
}

KeyTurns::Turn::~Turn() {
  if (held_) mutex_.unlock();
  if (--g_turns.held == 0 && g_turns.first != nullptr) run_what_was_left();
}

bool KeyTurns::in_turn() { return g_turns.held > 0; }

void KeyTurns::after_turn(std::function<void()> task) {
  if (!in_turn()) {
    task();
    return;
  }
  auto* last = new (std::nothrow) Task{std::move(task), nullptr};
  if (last == nullptr) {
    task();
    return;
  }
  (g_turns.first == nullptr ? g_turns.first : g_turns.last->next) = last;
  g_turns.last = last;
}

}  // namespace strata
