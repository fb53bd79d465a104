#include "cli/context.h"

#include "strata/codecs/json_writer.h"

namespace strata::cli {

ExitCode fail(Context& context, ExitCode code, std::string_view message) {
  context.console.error(message);
  if (context.globals.json) {
    JsonWriter writer;
    writer.begin_object().member("schema", "strata.error/1").member("message", message);
    writer.member("exit_code", static_cast<int>(code)).end_object();
    context.console.data(writer.take() + "\n");
  }
  return code;
}

ExitCode fail(Context& context, const Error& error) {
  return fail(context, exit_code_of(error.code), error.message);
}

}  // namespace strata::cli
