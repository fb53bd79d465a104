// Member: one member of a struct by name, of which Members<V> is the list. members.h says what for.
#pragma once

#include <concepts>
#include <string_view>

namespace strata {

template <typename V>
struct Members;

template <typename V, typename Part>
struct Member {
  std::string_view name;
  Part V::*place;
};

template <typename V, typename Part>
[[nodiscard]] constexpr Member<V, Part> member(std::string_view name, Part V::*place) {
  return {name, place};
}

template <typename V>
concept HasMembers = requires {
  { Members<V>::kName } -> std::convertible_to<std::string_view>;
  Members<V>::kMembers;
};

}  // namespace strata
