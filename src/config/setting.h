// Setting: one row of the configuration's table: a name, a type, a range, a meaning, a field.
//
// The table is the only list of settings. The reader, `config show`, the example file and the
// documentation walk it, so that none of them can know a key that another does not. A row's
// default is what its field holds in a default-constructed object.
//
//   bytes<&MemoryOptions::max_bytes>("max_bytes", {0, 1LL << 50}, "What entries may take")
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "strata/core/result.h"
#include "strata/core/time.h"
#include "strata/ports/source.h"
#include "strata/tiered/enabled.h"

namespace strata::internal {

enum class SettingType {
  kBoolean,
  kEnabled,  // true, false, or a share of keys as 25%
  kInteger,
  kBytes,
  kDuration,
  kShare,  // from 0 to less than 1
  kText,
  kChoice,
  kTextList,
  kIntegerList,
  kTextMap,     // names, each with a text
  kParameters,  // names, each with a default or with nothing
};

using Named = std::pair<std::string, std::optional<std::string>>;
using Value = std::variant<bool, Enabled, std::int64_t, double, Duration, std::string,
                           std::vector<std::string>, std::vector<int>, std::vector<Named>>;

// Of numbers (in lists, too), sizes and durations (in nanoseconds); both ends are included.
struct Range {
  std::int64_t from = 0;
  std::int64_t to = 0;
};

struct Setting {
  std::string_view name;
  SettingType type = SettingType::kText;
  std::string_view meaning;  // one sentence, without its full stop
  Range range;
  std::span<const std::string_view> choices;  // of kChoice, by number; of kTextList: the items
  Value (*get)(const void* object) = nullptr;
  void (*set)(void* object, Value value) = nullptr;
  std::string_view sample;  // as YAML: of a setting that is required and so has no default
  Result<void> (*check)(const Value& value) = nullptr;  // what a range cannot say; may be null
};

// The value that `text` writes; of a list's type, one item of it. Not of a map's type. Errors:
// kRejected, saying what to write instead. `shown` stands for the text in messages.
[[nodiscard]] Result<Value> parse_value(const Setting& setting, const std::string& text,
                                        const std::string& shown);

// What a variable says of a setting that is true or false: in any case true, 1, yes, or false, 0,
// no. YAML is stricter, since there a text can be what was not meant to be one.
[[nodiscard]] Result<Value> parse_outside_boolean(const Setting& setting, const std::string& text,
                                                  const std::string& shown);

// The value as YAML, on one line; what parse_value() reads back.
[[nodiscard]] std::string format_value(const Setting& setting, const Value& value);

// "true or false", "64KiB to 1TiB", "commit, power": what may be written.
[[nodiscard]] std::string describe_type(const Setting& setting);

// A text as a YAML scalar, quoted where that is necessary.
[[nodiscard]] std::string yaml_text(std::string_view text);

// What follows turns a path of members into the two functions of a row. The overloads for
// special fields come before Field, which must see them.

template <typename T>
concept WholeNumber = std::is_enum_v<T> ||(std::is_integral_v<T> && !std::is_same_v<T, bool>);

template <typename T>
Value to_value(const T& field) {
  if constexpr (WholeNumber<T>) {
    return static_cast<std::int64_t>(field);
  } else {
    return field;
  }
}

template <typename T>
void from_value(Value value, T& field) {
  if constexpr (WholeNumber<T>) {
    field = static_cast<T>(std::get<std::int64_t>(value));
  } else {
    field = std::get<T>(std::move(value));
  }
}

Value to_value(const std::vector<SourceParameter>& field);
void from_value(Value value, std::vector<SourceParameter>& field);
using Headers = std::vector<std::pair<std::string, std::string>>;
Value to_value(const Headers& field);
void from_value(Value value, Headers& field);

template <typename T>
struct MemberTraits;
template <typename Class, typename Type>
struct MemberTraits<Type Class::*> {
  using Owner = Class;
};

template <auto First, auto... Rest>
struct Field {
  using Object = typename MemberTraits<decltype(First)>::Owner;

  static Value get(const void* object) {
    return to_value(((static_cast<const Object*>(object)->*First).*....*Rest));
  }
  static void set(void* object, Value value) {
    from_value(std::move(value), ((static_cast<Object*>(object)->*First).*....*Rest));
  }
};

template <auto... Path>
constexpr Setting make_setting(std::string_view name, SettingType type, Range range,
                               std::string_view meaning) {
  Setting setting;
  setting.name = name;
  setting.type = type;
  setting.meaning = meaning;
  setting.range = range;
  setting.get = &Field<Path...>::get;
  setting.set = &Field<Path...>::set;
  return setting;
}

}  // namespace strata::internal
