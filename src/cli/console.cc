#include "cli/console.h"

#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>

#include "cli/text.h"

namespace strata::cli {
namespace {

constexpr std::size_t kBlockBytes = 64 * 1024;
constexpr std::size_t kColumnsMin = 40;
constexpr std::size_t kColumnsMax = 500;

// Returns 0, or the errno of the failure.
int write_all(int file, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(file, bytes.data(), bytes.size());
    if (written > 0) {
      bytes.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno == EAGAIN) {
      pollfd ready{file, POLLOUT, 0};
      ::poll(&ready, 1, -1);
    } else if (errno != EINTR) {
      return errno;
    }
  }
  return 0;
}

// What $COLUMNS says, or else the terminal.
std::size_t columns_of_terminal(const Environment& environment, int file) {
  std::size_t columns = 0;
  if (const auto text = environment("COLUMNS")) {
    std::from_chars(text->data(), text->data() + text->size(), columns);
  }
  winsize size{};
  if (columns == 0 && ::ioctl(file, TIOCGWINSZ, &size) == 0) columns = size.ws_col;
  if (columns == 0) return 0;
  return std::min(std::max(columns, kColumnsMin), kColumnsMax);
}

}  // namespace

Console::Console(const Environment& environment, ConsoleOptions options) : options_(options) {
  const auto no_color = environment("NO_COLOR");
  if (no_color && !no_color->empty()) may_color_ = false;
  if (environment("TERM").value_or("") == "dumb") may_color_ = false;
  data_is_terminal_ = ::isatty(options_.data) == 1;
  messages_are_terminal_ = ::isatty(options_.messages) == 1;
  if (data_is_terminal_) columns_ = columns_of_terminal(environment, options_.data);
}

Console::~Console() { flush(); }

void Console::data(std::string_view bytes) {
  buffer_ += bytes;
  if (buffer_.size() >= kBlockBytes) flush();
}

bool Console::flush() {
  if (!buffer_.empty() && !reader_is_gone_ && failure_.empty()) {
    const int error = write_all(options_.data, buffer_);
    if (error == EPIPE) {
      reader_is_gone_ = true;
    } else if (error != 0) {
      failure_ = std::strerror(error);
    }
  }
  buffer_.clear();
  return failure_.empty();
}

void Console::note(std::string_view text) {
  if (!quiet_) labelled({}, {}, text);
}

void Console::warning(std::string_view text) {
  if (!quiet_) labelled("warning: ", "\x1b[33m", text);
}

void Console::error(std::string_view text) { labelled("error: ", "\x1b[31m", text); }

void Console::message(std::string_view text) {
  if (quiet_) return;
  flush();
  write_all(options_.messages, text);
}

void Console::labelled(std::string_view label, std::string_view color, std::string_view text) {
  flush();
  std::string out = "strata: ";
  const bool colored = may_color_ && messages_are_terminal_ && !color.empty();
  if (colored) out += color;
  out += label;
  if (colored) out += "\x1b[0m";
  while (true) {
    const std::size_t end = text.find('\n');
    out += printable_line(text.substr(0, end)) + '\n';
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + 1);
  }
  write_all(options_.messages, out);  // Nobody is left to hear that this failed.
}

TableStyle Console::table_style() const {
  return {.columns = columns_, .color = may_color_ && data_is_terminal_};
}

}  // namespace strata::cli
