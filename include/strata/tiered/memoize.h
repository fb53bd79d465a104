// memoize(): wraps a function so that its results are cached.
//
//   auto square = memoize(cache.keyspace<int>("square"), [](int n) { return n * n; });
//   square(12);                      // computed
//   square(12);                      // from the cache
//
// The arguments, written as text, are the key; integers, strings and whatever MemoKey is
// specialised for can be arguments. A function that throws throws to its caller, and nothing is
// cached; one that returns an empty optional makes the call throw BadResult. Labels in
// MemoizeOptions::call are those of every result; a function that takes a Load& before its
// arguments says more there:
//
//   auto users = memoize(cache.keyspace<Users>("members"), [&](Load& load, int org) {
//     load.tag("org:" + std::to_string(org));
//     return db.members(org);
//   });
//
// Threads   Thread-safe if the function is.
#pragma once

#include <concepts>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>

#include "strata/tiered/keyspace.h"

namespace strata {

// How an argument is written into the key. Different arguments must give different texts.
template <typename T>
struct MemoKey {
  static_assert(std::integral<T> || std::convertible_to<const T&, std::string_view>,
                "specialise strata::MemoKey for this argument type");
  static std::string text(const T& argument) {
    if constexpr (std::integral<T>) {
      return std::to_string(argument);
    } else {
      return std::string(std::string_view(argument));
    }
  }
};

namespace internal {
// Joins texts so that no two different lists give the same result.
[[nodiscard]] std::string join_arguments(std::initializer_list<std::string> texts);
}  // namespace internal

struct MemoizeOptions {
  CallOptions call;  // labels here are carried by every result
};

template <typename V, typename Function>
[[nodiscard]] auto memoize(Keyspace<V> keyspace, Function function, MemoizeOptions options = {}) {
  // Refreshes run behind the call, so they share the function and have the arguments themselves.
  auto shared = std::make_shared<Function>(std::move(function));
  return [keyspace = std::move(keyspace), shared = std::move(shared),
          options = std::move(options)](const auto&... arguments) -> V {
    const std::string id =
        internal::join_arguments({MemoKey<std::decay_t<decltype(arguments)>>::text(arguments)...});
    const auto compute = [shared, copies = std::make_tuple(arguments...)](Load& load) {
      if constexpr (std::is_invocable_v<Function&, decltype(arguments)...>) {
        return std::apply(*shared, copies);
      } else {
        return std::apply([&](const auto&... each) { return (*shared)(load, each...); }, copies);
      }
    };
    Keyspace<V> handle = keyspace;
    return handle.get_or_load(id, compute, options.call).value();
  };
}

}  // namespace strata
