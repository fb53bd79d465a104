// Threads of the operating system, with the name that its tools show.
#include "strata/ports/thread.h"

#include <pthread.h>

#include <algorithm>
#include <cstddef>
#include <thread>
#include <utility>

#include "ports/process.h"

namespace strata {
namespace {

constexpr std::size_t kShownNameBytes = 15;

}  // namespace

struct Thread::State {
  const internal::Birthplace birthplace;
  std::thread thread;
};

Thread::Thread() = default;

Thread::Thread(std::string name, std::function<void()> body) : state_(std::make_unique<State>()) {
  name.resize(std::min(name.size(), kShownNameBytes));
  state_->thread = std::thread([name = std::move(name), body = std::move(body)] {
    ::pthread_setname_np(::pthread_self(), name.c_str());
    body();
  });
}

Thread::~Thread() { join(); }

Thread::Thread(Thread&&) noexcept = default;

Thread& Thread::operator=(Thread&& other) noexcept {
  if (this == &other) return *this;
  join();
  state_ = std::move(other.state_);
  return *this;
}

void Thread::join() {
  if (!joinable()) return;
  if (!state_->birthplace.is_here()) {
    // The child of a fork() does not have the thread.
    return internal::keep_for_ever(std::shared_ptr<State>(std::move(state_)));
  }
  state_->thread.join();
}

bool Thread::joinable() const { return state_ != nullptr && state_->thread.joinable(); }

}  // namespace strata
