// What `strata get` prints: a value, and with --explain or --json what is known about it.
#pragma once

#include <string>

#include "cli/context.h"
#include "cli/record_filter.h"
#include "strata/tiered/lookup.h"

namespace strata::cli {

struct AnswerOptions {
  std::string what;  // was asked for, for messages
  bool explain = false;
  Moment at;
};

// Prints what was found, or why nothing was; returns the exit code that says the same.
[[nodiscard]] ExitCode print_answer(Context& context, const Lookup<std::string>& found,
                                    const AnswerOptions& options);

// A value that a codec other than text's has made, as it is stored.
struct StoredBytes {
  RecordRow row;
  std::string bytes;
};

[[nodiscard]] ExitCode print_stored(Context& context, const StoredBytes& stored, bool explain);

}  // namespace strata::cli
