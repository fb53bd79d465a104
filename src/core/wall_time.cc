// Wall-clock times as RFC 3339 text, by the proleptic Gregorian calendar.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdio>
#include <optional>
#include <utility>

#include "core/quote.h"
#include "strata/core/duration.h"

namespace strata {
namespace {

constexpr std::int64_t kDayMs = 86'400'000;
// What four digits of a year can say.
constexpr std::int64_t kEarliestMs = -62'167'219'200'000;  // 0000-01-01T00:00:00.000Z
constexpr std::int64_t kLatestMs = 253'402'300'799'999;    // 9999-12-31T23:59:59.999Z

struct Date {
  int year;
  unsigned month;
  unsigned day;
};

// Days since 1970-01-01 and back, counting from March so that leap days come last
// (Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms").
constexpr int kDaysPerEra = 146'097;       // 400 years
constexpr int kEpochFromMarch0 = 719'468;  // 1970-01-01 since 0000-03-01

constexpr std::int64_t days_of(Date date) {
  const int year = date.month <= 2 ? date.year - 1 : date.year;
  const int era = (year >= 0 ? year : year - 399) / 400;
  const auto year_of_era = static_cast<unsigned>(year - era * 400);
  const unsigned month_from_march = (date.month + 9) % 12;
  const unsigned day_of_year = (153 * month_from_march + 2) / 5 + date.day - 1;
  const unsigned day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return std::int64_t{era} * kDaysPerEra + static_cast<std::int64_t>(day_of_era) - kEpochFromMarch0;
}

constexpr Date date_of(std::int64_t days) {
  days += kEpochFromMarch0;
  const std::int64_t era = (days >= 0 ? days : days - (kDaysPerEra - 1)) / kDaysPerEra;
  const auto day_of_era = static_cast<unsigned>(days - era * kDaysPerEra);
  const unsigned year_of_era =
      (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  const unsigned day_of_year =
      day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const unsigned month_from_march = (5 * day_of_year + 2) / 153;
  const unsigned day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
  const unsigned month = month_from_march < 10 ? month_from_march + 3 : month_from_march - 9;
  const int year = static_cast<int>(year_of_era) + static_cast<int>(era) * 400;
  return {month <= 2 ? year + 1 : year, month, day};
}

static_assert(days_of({1970, 1, 1}) == 0);
static_assert(days_of({0, 1, 1}) * kDayMs == kEarliestMs);
static_assert((days_of({9999, 12, 31}) + 1) * kDayMs - 1 == kLatestMs);

constexpr unsigned days_in_month(int year, unsigned month) {
  constexpr std::array<unsigned, 12> kDays{31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
  return kDays[month - 1] + (month == 2 && leap ? 1 : 0);
}

// Takes text off its front, and remembers whether it was what was expected.
class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text) {}

  // Exactly `digits` digits, in [least, most].
  unsigned number(std::size_t digits, unsigned least, unsigned most) {
    unsigned value = 0;
    for (std::size_t index = 0; index < digits; ++index) {
      value = value * 10 + digit().value_or(0);
    }
    if (value < least || value > most) good_ = false;
    return value;
  }
  std::optional<unsigned> digit() {
    if (rest_.empty() || rest_.front() < '0' || rest_.front() > '9') {
      good_ = false;
      return std::nullopt;
    }
    const auto value = static_cast<unsigned>(rest_.front() - '0');
    rest_.remove_prefix(1);
    return value;
  }
  // One of `accepted`; the character, or 0.
  char one_of(std::string_view accepted) {
    if (!next_is(accepted)) {
      good_ = false;
      return 0;
    }
    const char c = rest_.front();
    rest_.remove_prefix(1);
    return c;
  }
  [[nodiscard]] bool next_is(std::string_view accepted) const {
    return !rest_.empty() && accepted.find(rest_.front()) != std::string_view::npos;
  }
  [[nodiscard]] bool is_whole() const { return good_ && rest_.empty(); }

 private:
  std::string_view rest_;
  bool good_ = true;
};

std::optional<std::int64_t> parse_unix_ms(std::string_view text) {
  Reader reader(text);
  Date date{};
  date.year = static_cast<int>(reader.number(4, 0, 9999));
  reader.one_of("-");
  date.month = reader.number(2, 1, 12);
  reader.one_of("-");
  date.day = reader.number(2, 1, 31);
  reader.one_of("Tt ");
  const unsigned hour = reader.number(2, 0, 23);
  reader.one_of(":");
  const unsigned minute = reader.number(2, 0, 59);
  reader.one_of(":");
  const unsigned second = reader.number(2, 0, 60);  // 60: a leap second

  unsigned ms = 0;
  if (reader.next_is(".")) {
    reader.one_of(".");
    ms = 100 * reader.digit().value_or(0);
    for (unsigned worth = 10; reader.next_is("0123456789"); worth /= 10) {
      ms += worth * reader.digit().value_or(0);  // digits below a millisecond are worth nothing
    }
  }
  std::int64_t offset_minutes = 0;
  const char zone = reader.one_of("Zz+-");
  if (zone == '+' || zone == '-') {
    offset_minutes = reader.number(2, 0, 23) * 60;
    reader.one_of(":");
    offset_minutes += reader.number(2, 0, 59);
    if (zone == '-') offset_minutes = -offset_minutes;
  }
  if (!reader.is_whole() || date.day > days_in_month(date.year, date.month)) return std::nullopt;
  const std::int64_t seconds =
      hour * std::int64_t{3600} + minute * std::int64_t{60} + second - offset_minutes * 60;
  return days_of(date) * kDayMs + seconds * 1000 + ms;
}

}  // namespace

std::string format_wall_time(WallTime time) {
  const std::int64_t unix_ms = std::clamp(time.unix_ms, kEarliestMs, kLatestMs);
  std::int64_t days = unix_ms / kDayMs;
  std::int64_t ms = unix_ms % kDayMs;
  if (ms < 0) {
    ms += kDayMs;
    --days;
  }
  const Date date = date_of(days);
  const auto second_of_day = static_cast<unsigned>(ms / 1000);
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%04d-%02u-%02uT%02u:%02u:%02u.%03uZ", date.year,
                date.month, date.day, second_of_day / 3600, second_of_day / 60 % 60,
                second_of_day % 60, static_cast<unsigned>(ms % 1000));
  return text.data();
}

Result<WallTime> parse_wall_time(std::string_view text) {
  const std::optional<std::int64_t> unix_ms = parse_unix_ms(text);
  if (unix_ms) return WallTime{*unix_ms};
  return Error{
      ErrorCode::kRejected,
      "time " + internal::quoted(text) + " is not of the form \"2026-11-21T09:30:00Z\" (RFC 3339)",
      {}};
}

}  // namespace strata
