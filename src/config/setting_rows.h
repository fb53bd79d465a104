// Words for the rows of the table: boolean<&MemoryOptions::enabled>("enabled", "Keep values").
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "config/setting.h"

namespace strata::internal {

using Names = std::span<const std::string_view>;

constexpr std::int64_t kKiB = 1LL << 10;
constexpr std::int64_t kMiB = 1LL << 20;
constexpr std::int64_t kGiB = 1LL << 30;
constexpr std::int64_t kMillisecond = 1'000'000;
constexpr std::int64_t kSecond = 1000 * kMillisecond;
constexpr std::int64_t kDay = 24 * 3600 * kSecond;
constexpr std::int64_t kNoEnd = kForever.count();

template <auto... Path>
Setting boolean(std::string_view name, std::string_view meaning) {
  return make_setting<Path...>(name, SettingType::kBoolean, {}, meaning);
}
template <auto... Path>
Setting integer(std::string_view name, Range range, std::string_view meaning) {
  return make_setting<Path...>(name, SettingType::kInteger, range, meaning);
}
template <auto... Path>
Setting bytes(std::string_view name, Range range, std::string_view meaning) {
  return make_setting<Path...>(name, SettingType::kBytes, range, meaning);
}
template <auto... Path>
Setting duration(std::string_view name, Range range, std::string_view meaning) {
  return make_setting<Path...>(name, SettingType::kDuration, range, meaning);
}
template <auto... Path>
Setting text(std::string_view name, std::string_view meaning,
             Result<void> (*check)(const Value&) = nullptr) {
  Setting setting = make_setting<Path...>(name, SettingType::kText, {}, meaning);
  setting.check = check;
  return setting;
}
template <auto... Path>
Setting choice(std::string_view name, Names choices, std::string_view meaning) {
  Setting setting = make_setting<Path...>(name, SettingType::kChoice, {}, meaning);
  setting.choices = choices;
  return setting;
}

// Without a default; `sample` stands in the example.
inline Setting required(std::string_view sample, Setting setting) {
  setting.sample = sample;
  return setting;
}

inline Result<void> check_not_empty(const Value& value) {
  if (!std::get<std::string>(value).empty()) return {};
  return Error{ErrorCode::kRejected, "is empty; write a text", {}};
}

}  // namespace strata::internal
