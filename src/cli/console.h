// Console: the program's two streams: data on standard output, messages on standard error.
//
// Data is exactly what was asked for and may be binary. Messages are for people; with `quiet`
// only errors are written. Colour only where a person looks: on a terminal, unless NO_COLOR is
// set, TERM is "dumb" or it was declined.
//
// Threads   Confined to the main thread.
// Errors    A reader that has gone away (EPIPE) ends the output quietly. Any other failure to
//           write data is remembered: see failed().
#pragma once

#include <string>
#include <string_view>

#include "cli/table.h"
#include "strata/ports/environment.h"

namespace strata::cli {

struct ConsoleOptions {
  int data = 1;  // file descriptors
  int messages = 2;
};

class Console {
 public:
  explicit Console(const Environment& environment, ConsoleOptions options = {});
  ~Console();
  Console(const Console&) = delete;
  Console& operator=(const Console&) = delete;

  void decline_color() { may_color_ = false; }
  void be_quiet() { quiet_ = true; }

  // Writes to standard output, in blocks.
  void data(std::string_view bytes);
  // What was left in the buffer. Returns whether everything was written or nobody reads it.
  bool flush();

  // One message each on standard error, after the data so far. Control characters but line feeds
  // are escaped.
  void note(std::string_view text);     // not when quiet
  void warning(std::string_view text);  // not when quiet
  void error(std::string_view text);
  // Printable text as it is, on standard error; not when quiet.
  void message(std::string_view text);

  [[nodiscard]] bool data_is_terminal() const { return data_is_terminal_; }
  [[nodiscard]] bool messages_are_terminal() const { return messages_are_terminal_; }
  // Why data could not be written, or nothing.
  [[nodiscard]] const std::string& failure() const { return failure_; }
  // How tables on standard output look here.
  [[nodiscard]] TableStyle table_style() const;

 private:
  void labelled(std::string_view label, std::string_view color, std::string_view text);

  ConsoleOptions options_;
  bool may_color_ = true;
  bool quiet_ = false;
  bool data_is_terminal_ = false;
  bool messages_are_terminal_ = false;
  bool reader_is_gone_ = false;
  std::size_t columns_ = 0;  // of the terminal; 0: unknown
  std::string buffer_;
  std::string failure_;
};

}  // namespace strata::cli
