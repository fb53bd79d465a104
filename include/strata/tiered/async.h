// Async<T>: a result that arrives later, without a thread waiting for it.
//
//   cache.get_or_load_async(...).then([](Lookup<User> user) { ... });  // on the executor
//   Lookup<User> user = cache.get_or_load_async(...).future().get();
//   Lookup<User> user = co_await cache.get_or_load_async(...);
//
// One of the three, once. A coroutine resumes on the executor, or goes straight on if the
// result is there already.
//
// Threads   Thread-safe between the side that completes and the side that consumes.
// Errors    Those of the T. What is called with the result may not throw.
#pragma once

#include <coroutine>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

namespace strata {

template <typename T>
class Async {
 public:
  // An unfinished one; complete() finishes it.
  Async() : state_(std::make_shared<State>()) {}

  void complete(T value) const {
    std::function<void(T)> then;
    {
      const std::lock_guard lock(state_->mutex);
      if (!state_->then) {
        state_->value.emplace(std::move(value));
        return;
      }
      then = std::move(state_->then);
    }
    then(std::move(value));
  }

  // Calls `then` with the result: at once if it is there, else where it is completed.
  void then(std::function<void(T)> then) {
    std::optional<T> value;
    {
      const std::lock_guard lock(state_->mutex);
      if (!state_->value) {
        state_->then = std::move(then);
        return;
      }
      value = std::move(state_->value);
    }
    then(std::move(*value));
  }

  [[nodiscard]] std::future<T> future() {
    auto promise = std::make_shared<std::promise<T>>();
    std::future<T> future = promise->get_future();
    then([promise](T value) { promise->set_value(std::move(value)); });
    return future;
  }

  [[nodiscard]] bool await_ready() const {
    const std::lock_guard lock(state_->mutex);
    return state_->value.has_value();
  }
  void await_suspend(std::coroutine_handle<> waiting) {
    // The state, not this object, receives the value: the coroutine's frame may move on.
    then([state = state_, waiting](T value) {
      {
        const std::lock_guard lock(state->mutex);
        state->value.emplace(std::move(value));
      }
      waiting.resume();
    });
  }
  [[nodiscard]] T await_resume() {
    const std::lock_guard lock(state_->mutex);
    return std::move(*state_->value);
  }

 private:
  struct State {
    std::mutex mutex;
    std::optional<T> value;
    std::function<void(T)> then;
  };
  std::shared_ptr<State> state_;
};

}  // namespace strata
