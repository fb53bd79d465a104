// `strata version`: which program this is.
#include "cli/commands/commands.h"
#include "strata/codecs/json_writer.h"
#include "strata/core/record.h"

namespace strata::cli {

ExitCode print_version(Context& context) {
  if (context.globals.json) {
    JsonWriter writer;
    writer.begin_object().member("schema", "strata.version/1").member("version", STRATA_VERSION);
    writer.member("record_format", kRecordFormatVersion).end_object();
    context.console.data(writer.take() + "\n");
  } else {
    context.console.data("strata " STRATA_VERSION "\n");
  }
  return ExitCode::kOk;
}

Command make_version() {
  Command command("version", "Shows which version this is.");
  command.example("strata version --json");
  command.runs(print_version);
  return command;
}

}  // namespace strata::cli
