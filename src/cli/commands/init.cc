// `strata init`: a configuration to begin with.
#include <memory>

#include "cli/commands/commands.h"
#include "ports/small_file.h"
#include "strata/codecs/json_writer.h"
#include "strata/config/settings.h"

namespace strata::cli {
namespace {

constexpr unsigned kMode = 0666;  // and the umask: there are no secrets in it

struct InitOptions {
  std::string path = "strata.yaml";
  bool force = false;
};

ExitCode run_init(Context& context, const InitOptions& options) {
  const std::string path =
      internal::is_folder(options.path) ? options.path + "/strata.yaml" : options.path;
  const std::string text = write_example();
  if (options.force) {
    const Result<void> written = internal::replace_file(path, text, kMode);
    if (!written) return fail(context, written.error());
  } else {
    const Result<bool> created = internal::create_file(path, text, kMode);
    if (!created) return fail(context, created.error());
    if (!*created) {
      return fail(context, ExitCode::kUsage, path + " exists; --force replaces it");
    }
  }
  if (context.globals.json) {
    JsonWriter writer;
    writer.begin_object().member("schema", "strata.init/1").member("file", path).end_object();
    context.console.data(writer.take() + "\n");
  }
  context.console.note("wrote " + path + "; `strata config check` tells whether it is right");
  return ExitCode::kOk;
}

}  // namespace

Command make_init() {
  const auto options = std::make_shared<InitOptions>();
  Command command("init", "Writes a configuration in which everything is explained.");
  command.positional("PATH", "the file, or the folder for strata.yaml", options->path)
      .optional()
      .file();
  command.flag("--force", "replaces a file that exists", options->force);
  command.example("strata init");
  command.runs([options](Context& context) { return run_init(context, *options); });
  return command;
}

}  // namespace strata::cli
