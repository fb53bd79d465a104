#include "cli/command.h"

#include <charconv>
#include <concepts>
#include <limits>
#include <utility>

#include "core/assert.h"
#include "core/byte_size.h"
#include "core/quote.h"
#include "strata/core/duration.h"

namespace strata::cli {
namespace {

Error rejected(std::string message) { return {ErrorCode::kRejected, std::move(message), {}}; }

// Into a T or an optional one.
template <std::unsigned_integral T, typename Into>
Setter number_setter(Into& into) {
  return [&into](const std::string& text) -> Result<void> {
    T number = 0;
    const char* end = text.data() + text.size();
    const auto parsed = std::from_chars(text.data(), end, number);
    if (parsed.ec != std::errc() || parsed.ptr != end) {
      return rejected(internal::quoted(text) + " is not a whole number from 0 to " +
                      std::to_string(std::numeric_limits<T>::max()));
    }
    into = number;
    return {};
  };
}

// A date alone means its first moment, in UTC.
Result<WallTime> parse_date(const std::string& text) {
  constexpr std::size_t kDateSize = 10;  // 2026-11-21
  Result<WallTime> time = parse_wall_time(text);
  if (!time && text.size() == kDateSize) time = parse_wall_time(text + "T00:00:00Z");
  if (time) return time;
  return rejected(internal::quoted(text) +
                  " is not a date; write 2026-11-21 or 2026-11-21T09:30:00Z (UTC)");
}

}  // namespace

Setter setter(bool& into) {
  return [&into](const std::string&) -> Result<void> {
    into = true;
    return {};
  };
}

Setter setter(std::string& into) {
  return [&into](const std::string& text) -> Result<void> {
    into = text;
    return {};
  };
}

Setter setter(std::optional<std::string>& into) {
  return [&into](const std::string& text) -> Result<void> {
    into = text;
    return {};
  };
}

Setter setter(std::vector<std::string>& into) {
  return [&into](const std::string& text) -> Result<void> {
    into.push_back(text);
    return {};
  };
}

Setter setter(std::uint64_t& into) { return number_setter<std::uint64_t>(into); }
Setter setter(std::optional<std::uint64_t>& into) { return number_setter<std::uint64_t>(into); }
Setter setter(unsigned& into) { return number_setter<unsigned>(into); }

Setter setter(std::optional<Duration>& into) {
  return [&into](const std::string& text) -> Result<void> {
    const Result<Duration> duration = parse_duration(text);
    if (!duration) return duration.error();
    into = *duration;
    return {};
  };
}

Setter setter(std::optional<WallTime>& into) {
  return [&into](const std::string& text) -> Result<void> {
    const Result<WallTime> time = parse_date(text);
    if (!time) return time.error();
    into = *time;
    return {};
  };
}

Argument& Argument::within(std::uint64_t from, std::uint64_t to) {
  set = [next = std::move(set), from, to](const std::string& text) -> Result<void> {
    std::uint64_t number = 0;
    const char* end = text.data() + text.size();
    const auto parsed = std::from_chars(text.data(), end, number);
    if (parsed.ec == std::errc() && parsed.ptr == end && number >= from && number <= to) {
      return next(text);
    }
    return rejected(internal::quoted(text) + " is not a whole number from " + std::to_string(from) +
                    " to " + std::to_string(to));
  };
  return *this;
}

Argument& Argument::bytes_within(std::uint64_t from, std::uint64_t to) {
  set = [next = std::move(set), from, to](const std::string& text) -> Result<void> {
    const std::optional<std::int64_t> bytes = internal::parse_byte_size(text);
    const auto number = static_cast<std::uint64_t>(bytes.value_or(-1));
    if (bytes && *bytes >= 0 && number >= from && number <= to) {
      return next(std::to_string(number));
    }
    const auto shown = [](std::uint64_t size) {
      return internal::format_byte_size(static_cast<std::int64_t>(size));
    };
    return rejected(internal::quoted(text) + " is not a size from " + shown(from) + " to " +
                    shown(to) + "; write bytes, or a whole number with KiB, MiB or GiB");
  };
  return *this;
}

Command::Command(std::string name, std::string summary)
    : name_(std::move(name)), summary_(std::move(summary)) {}

Argument& Command::flag(std::string name, std::string help, bool& into) {
  return add(options_, {std::move(name), "", std::move(help), setter(into)});
}

Argument& Command::add(std::vector<Argument>& arguments, Argument argument) {
  for (const Argument& other : arguments) STRATA_ASSERT(other.name != argument.name);
  return arguments.emplace_back(std::move(argument));
}

Command& Command::add(Command child) {
  STRATA_ASSERT(find(child.name()) == nullptr);
  return children_.emplace_back(std::move(child));
}

const Command* Command::find(std::string_view name) const {
  for (const Command& child : children_) {
    if (child.name() == name) return &child;
  }
  return nullptr;
}

std::string full_name(const CommandPath& path) {
  std::string name;
  for (const Command* command : path) {
    if (!name.empty()) name += ' ';
    name += command->name();
  }
  return name;
}

}  // namespace strata::cli
