// The commands of the program, one function each; every file here defines those it is named for.
#pragma once

#include "cli/command.h"
#include "cli/context.h"

namespace strata::cli {

[[nodiscard]] Command make_init();
[[nodiscard]] Command make_config();
[[nodiscard]] Command make_get();
[[nodiscard]] Command make_put();
[[nodiscard]] Command make_erase();
[[nodiscard]] Command make_invalidate();
[[nodiscard]] Command make_explain();
[[nodiscard]] Command make_labels();
[[nodiscard]] Command make_stats();
[[nodiscard]] Command make_inspect();
[[nodiscard]] Command make_purge();
[[nodiscard]] Command make_clear_expired();
[[nodiscard]] Command make_validate();
[[nodiscard]] Command make_export();
[[nodiscard]] Command make_import();
[[nodiscard]] Command make_outbox();
[[nodiscard]] Command make_simulate();
[[nodiscard]] Command make_benchmark();
[[nodiscard]] Command make_demo();
[[nodiscard]] Command make_completion();
[[nodiscard]] Command make_help();
[[nodiscard]] Command make_version();
ExitCode print_version(Context& context);

// All of them under `strata`, with what every command accepts.
[[nodiscard]] Command make_program(GlobalOptions& globals);

}  // namespace strata::cli
