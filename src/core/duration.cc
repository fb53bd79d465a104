// Durations as text: one parser for "1h30m" and "PT1H30M", and two ways to write them.
#include "strata/core/duration.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <utility>

#include "core/quote.h"

namespace strata {
namespace {

// Wide enough for 20 digits of weeks in nanoseconds. Nothing here overflows it.
__extension__ using Wide = __int128;

struct Unit {
  std::string_view name;
  std::int64_t ns;
};

constexpr std::int64_t kSecondNs = 1'000'000'000;
constexpr std::int64_t kMinuteNs = 60 * kSecondNs;
constexpr std::int64_t kHourNs = 60 * kMinuteNs;
constexpr std::int64_t kDayNs = 24 * kHourNs;

// Both lists go from the largest unit to the smallest.
constexpr std::array kUnits{Unit{"w", 7 * kDayNs}, Unit{"d", kDayNs},    Unit{"h", kHourNs},
                            Unit{"m", kMinuteNs},  Unit{"s", kSecondNs}, Unit{"ms", 1'000'000},
                            Unit{"us", 1'000},     Unit{"ns", 1}};
constexpr std::array kIsoDateUnits{Unit{"W", 7 * kDayNs}, Unit{"D", kDayNs}};
constexpr std::array kIsoTimeUnits{Unit{"H", kHourNs}, Unit{"M", kMinuteNs}, Unit{"S", kSecondNs}};

// 20 digits of any unit fit Wide, and as many, of any unit, are more than a Duration holds.
constexpr std::size_t kDigitsMax = 20;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::string_view take_digits(std::string_view& rest) {
  std::size_t length = 0;
  while (length < rest.size() && is_digit(rest[length])) ++length;
  const std::string_view digits = rest.substr(0, length);
  rest.remove_prefix(length);
  return digits;
}

std::string_view take_letters(std::string_view& rest) {
  std::size_t length = 0;
  while (length < rest.size() && !is_digit(rest[length]) && rest[length] != '.') ++length;
  const std::string_view letters = rest.substr(0, length);
  rest.remove_prefix(length);
  return letters;
}

Wide to_number(std::string_view digits) {
  Wide number = 0;
  for (const char digit : digits.substr(0, kDigitsMax)) number = number * 10 + (digit - '0');
  return number;
}

struct Number {
  std::string_view whole;
  std::string_view fraction;  // digits after the point, if there is one
};

// Adds up `number` of each unit. Why not, if the text is not well formed.
class Sum {
 public:
  // The total. kForever if it is beyond what a Duration holds.
  [[nodiscard]] Duration total() const {
    if (total_ns_ >= kForever.count()) return kForever;
    return Duration(static_cast<std::int64_t>(total_ns_));
  }

  // Returns what is wrong, if something is.
  std::optional<std::string> add(const Number& number, const Unit& unit) {
    std::string_view whole = number.whole;
    while (whole.size() > 1 && whole.front() == '0') whole.remove_prefix(1);
    total_ns_ += to_number(whole) * unit.ns;

    Wide divisor = 1;
    for (std::size_t digit = 0; digit < number.fraction.substr(0, kDigitsMax).size(); ++digit) {
      divisor *= 10;
    }
    const Wide fraction_ns = to_number(number.fraction) * unit.ns;
    total_ns_ += (fraction_ns + divisor / 2) / divisor;
    if (fraction_ns > 0 && total_ns_ == 0) return "it is shorter than a nanosecond";
    return std::nullopt;
  }

 private:
  Wide total_ns_ = 0;
};

template <std::size_t kCount>
std::string names_of(const std::array<Unit, kCount>& units) {
  std::string names;
  for (const Unit& unit : units) {
    if (!names.empty()) names += ' ';
    names += unit.name;
  }
  return names;
}

// Adds the parts of `text` to `sum`. `after_fraction` is set once a part had one, since only the
// last part may. Returns what is wrong, if something is.
template <std::size_t kCount>
std::optional<std::string> add_parts(std::string_view text, const std::array<Unit, kCount>& units,
                                     bool& after_fraction, Sum& sum) {
  std::size_t next_unit = 0;  // those before it are larger than, or equal to, the last one
  while (!text.empty()) {
    if (after_fraction) return "only its last part may have a fraction";
    Number number;
    number.whole = take_digits(text);
    if (number.whole.empty()) return "a number is expected at " + internal::quoted(text);
    if (text.starts_with('.')) {
      text.remove_prefix(1);
      number.fraction = take_digits(text);
      if (number.fraction.empty()) return "digits are expected after the point";
      after_fraction = true;
    }
    const std::string_view name = take_letters(text);
    std::size_t index = 0;
    while (index < units.size() && units[index].name != name) ++index;
    if (index == units.size()) {
      if (name.empty()) return "its last number has no unit; the units are " + names_of(units);
      return internal::quoted(name) + " is not a unit; the units are " + names_of(units);
    }
    if (index < next_unit) return "units go from the largest to the smallest, each at most once";
    next_unit = index + 1;
    if (auto wrong = sum.add(number, units[index])) return wrong;
  }
  return std::nullopt;
}

std::optional<std::string> add_iso(std::string_view text, Sum& sum) {
  const std::size_t time_mark = text.find('T');
  const std::string_view date = text.substr(0, time_mark);
  if (date.find_first_of("YM") != std::string_view::npos) {
    return "years and months have no fixed length";
  }
  bool after_fraction = false;
  if (auto wrong = add_parts(date, kIsoDateUnits, after_fraction, sum)) return wrong;
  if (time_mark == std::string_view::npos) {
    return date.empty() ? std::optional<std::string>("nothing follows the P") : std::nullopt;
  }
  const std::string_view time = text.substr(time_mark + 1);
  if (time.empty()) return "nothing follows the T";
  return add_parts(time, kIsoTimeUnits, after_fraction, sum);
}

// A number of seconds without their unit.
bool is_plain_number(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789.") == std::string_view::npos;
}

std::optional<std::string> add_text(std::string_view text, Sum& sum) {
  if (text.empty()) return "it is empty";
  if (text.front() == '-') return "a duration cannot be negative";
  if (text.front() == 'P') return add_iso(text.substr(1), sum);
  bool after_fraction = false;
  if (!is_plain_number(text)) return add_parts(text, kUnits, after_fraction, sum);
  return add_parts(std::string(text) + "s", kUnits, after_fraction, sum);
}

// `value` thousandths and the like, without trailing zeros: 1500 of 1000 is "1.5".
std::string with_fraction(std::int64_t value, std::int64_t of) {
  std::string text = std::to_string(value / of);
  std::int64_t rest = value % of;
  if (rest == 0) return text;
  text += '.';
  while (rest != 0) {
    rest *= 10;
    text += static_cast<char>('0' + rest / of);
    rest %= of;
  }
  return text;
}

// -duration, for a negative one; a nanosecond short of the only one that has none.
Duration negated(Duration duration) { return -std::max(duration, -(kForever - Duration(1))); }

// The largest unit, of those from seconds down, of which `ns` has at least one.
const Unit& small_unit(std::int64_t ns) {
  constexpr std::size_t kSeconds = 4;
  for (std::size_t index = kSeconds; index < kUnits.size(); ++index) {
    if (ns >= kUnits[index].ns) return kUnits[index];
  }
  return kUnits.back();
}

// `value` in steps of `step`, to the nearest. Far from the ends of the type.
std::int64_t rounded(std::int64_t value, std::int64_t step) {
  return (value + step / 2) / step * step;
}

std::string describe_small(std::int64_t ns) {
  const std::int64_t finest = small_unit(ns).ns;
  ns = rounded(ns, ns < 10 * finest && finest > 1 ? finest / 10 : finest);
  // Rounding may have reached the next unit: 999.96 us are 1 ms.
  const Unit& unit = small_unit(ns);
  return with_fraction(ns, unit.ns) + " " + std::string(unit.name);
}

// Precondition: at least a minute.
std::string describe_large(std::int64_t seconds) {
  struct Large {
    char name;
    std::int64_t seconds;
  };
  constexpr std::array kLarge{Large{'d', 86'400}, Large{'h', 3'600}, Large{'m', 60}, Large{'s', 1}};
  std::size_t index = 0;
  while (seconds < kLarge[index].seconds) ++index;
  // Two units are shown; rounding to the smaller one may fill the larger one.
  seconds = rounded(seconds, kLarge[index + 1].seconds);
  if (index > 0 && seconds >= kLarge[index - 1].seconds) --index;

  const Large& first = kLarge[index];
  const Large& second = kLarge[index + 1];
  std::string text = std::to_string(seconds / first.seconds) + first.name;
  const std::int64_t rest = seconds % first.seconds / second.seconds;
  if (rest != 0) text += " " + std::to_string(rest) + second.name;
  return text;
}

}  // namespace

Result<Duration> parse_duration(std::string_view text) {
  if (text == "never") return kForever;
  Sum sum;
  if (const auto wrong = add_text(text, sum)) {
    return Error{ErrorCode::kRejected,
                 "duration " + internal::quoted(text) + ": " + *wrong +
                     "; write for example \"1h30m\", \"1.5s\", \"250ms\" or \"never\"",
                 {}};
  }
  return sum.total();
}

std::string format_duration(Duration duration) {
  if (duration == kForever) return "never";
  if (duration < Duration::zero()) {
    // Not a duration that parse_duration() accepts, but one that must be readable in a message.
    return "-" + format_duration(negated(duration));
  }
  std::int64_t ns = duration.count();
  if (ns == 0) return "0";
  std::string text;
  for (const Unit& unit : {Unit{"d", kDayNs}, Unit{"h", kHourNs}, Unit{"m", kMinuteNs}}) {
    if (ns < unit.ns) continue;
    text += std::to_string(ns / unit.ns);
    text += unit.name;
    ns %= unit.ns;
  }
  if (ns == 0) return text;
  const Unit& unit = small_unit(ns);
  return text + with_fraction(ns, unit.ns) + std::string(unit.name);
}

std::string describe_duration(Duration duration) {
  if (duration == kForever) return "never";
  if (duration < Duration::zero()) {
    return "-" + describe_duration(negated(duration));
  }
  if (duration == Duration::zero()) return "0 s";
  const std::int64_t ns = duration.count();
  constexpr std::int64_t kLargeFromNs = kMinuteNs - kSecondNs / 2;
  if (ns < kLargeFromNs) return describe_small(ns);
  return describe_large(ns / kSecondNs + (ns % kSecondNs >= kSecondNs / 2 ? 1 : 0));
}

}  // namespace strata
