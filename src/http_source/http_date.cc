// HTTP dates, by the calendar of <chrono>; no locale and no time zone takes part.
#include "http_source/http_date.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <vector>

namespace strata {

namespace {

using std::chrono::floor;

constexpr std::array<std::string_view, 12> kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
constexpr std::array<std::string_view, 7> kWeekdays{"Sun", "Mon", "Tue", "Wed",
                                                    "Thu", "Fri", "Sat"};

// Words between spaces, commas, hyphens and colons.
std::vector<std::string_view> split(std::string_view text) {
  constexpr std::string_view kSeparators = " ,-:";
  std::vector<std::string_view> words;
  while (true) {
    const std::size_t begin = text.find_first_not_of(kSeparators);
    if (begin == std::string_view::npos) return words;
    const std::size_t end = std::min(text.find_first_of(kSeparators, begin), text.size());
    words.push_back(text.substr(begin, end - begin));
    text.remove_prefix(end);
  }
}

std::optional<int> parse_number(std::string_view word, int max) {
  int number = 0;
  const auto [stop, error] = std::from_chars(word.data(), word.data() + word.size(), number);
  if (error != std::errc() || stop != word.data() + word.size()) return std::nullopt;
  if (number < 0 || number > max) return std::nullopt;
  return number;
}

std::optional<int> parse_month(std::string_view word) {
  const auto* const found = std::find(kMonths.begin(), kMonths.end(), word);
  if (found == kMonths.end()) return std::nullopt;
  return static_cast<int>(found - kMonths.begin()) + 1;
}

// RFC 850 has two digits; those that would lie far ahead belong to the last century.
int full_year(int year) {
  if (year >= 100) return year;
  return year < 70 ? year + 2000 : year + 1900;
}

}  // namespace

std::optional<WallTime> parse_http_date(std::string_view text) {
  // IMF-fixdate and RFC 850: weekday day month year h m s GMT. asctime: weekday month day h m s
  // year.
  const std::vector<std::string_view> words = split(text);
  const bool is_asctime = words.size() == 7;
  if (!is_asctime && (words.size() != 8 || words[7] != "GMT")) return std::nullopt;
  const std::size_t time_at = is_asctime ? 3 : 4;
  const auto day = parse_number(words[is_asctime ? 2 : 1], 31);
  const auto month = parse_month(words[is_asctime ? 1 : 2]);
  const auto year = parse_number(words[is_asctime ? 6 : 3], 9999);
  const auto hour = parse_number(words[time_at], 23);
  const auto minute = parse_number(words[time_at + 1], 59);
  const auto second = parse_number(words[time_at + 2], 60);  // 60: a leap second
  if (!day || !month || !year || !hour || !minute || !second) return std::nullopt;

  const std::chrono::year_month_day date(std::chrono::year(full_year(*year)),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day)));
  if (!date.ok()) return std::nullopt;
  const std::int64_t days = std::chrono::sys_days(date).time_since_epoch().count();
  const std::int64_t seconds = ((days * 24 + *hour) * 60 + *minute) * 60 + *second;
  return WallTime{seconds * 1000};
}

std::string format_http_date(WallTime time) {
  const std::chrono::sys_time<std::chrono::milliseconds> at(
      std::chrono::milliseconds(time.unix_ms));
  const auto day = floor<std::chrono::days>(at);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(floor<std::chrono::seconds>(at - day));
  char text[64];
  std::snprintf(
      text, sizeof(text), "%s, %02u %s %04d %02d:%02d:%02d GMT",
      kWeekdays[std::chrono::weekday(day).c_encoding()].data(), static_cast<unsigned>(date.day()),
      kMonths[static_cast<unsigned>(date.month()) - 1].data(), static_cast<int>(date.year()),
      static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
      static_cast<int>(clock.seconds().count()));
  return text;
}

}  // namespace strata
