// The program as a tree of commands.
#include "cli/commands/commands.h"

namespace strata::cli {

Command make_program(GlobalOptions& globals) {
  Command root("strata", "A cache of memory and SQLite in front of slow sources.");
  root.option("--config", "FILE", "the configuration (else ./strata.yaml, else $STRATA_CONFIG)",
              globals.config)
      .file();
  root.flag("--json", "prints data as JSON", globals.json);
  root.flag("--quiet", "prints no messages but errors", globals.quiet);
  root.flag("--no-color", "prints without colors, as with NO_COLOR=1", globals.no_color);
  root.flag("--version", "prints the version", globals.version);

  root.add(make_init());
  root.add(make_config());
  root.add(make_get());
  root.add(make_put());
  root.add(make_erase());
  root.add(make_invalidate());
  root.add(make_stats());
  root.add(make_inspect());
  root.add(make_explain());
  root.add(make_labels());
  root.add(make_purge());
  root.add(make_clear_expired());
  root.add(make_validate());
  root.add(make_export());
  root.add(make_import());
  root.add(make_outbox());
  root.add(make_simulate());
  root.add(make_benchmark());
  root.add(make_demo());
  root.add(make_completion());
  root.add(make_help());
  root.add(make_version());
  root.example("strata init");
  root.example("strata put user 42 Ada --ttl 1h --tag org:7");
  root.example("strata get --keyspace user 42");
  root.example("strata invalidate --tag org:7");
  root.example("strata stats");
  root.details(
      "Exit codes: 0 ok; 1 failed or partly done; 2 wrong arguments or configuration, or refused "
      "for lack of --confirm; 3 not found; 4 answered, but stale or degraded; 5 data corrupt; "
      "130 interrupted.");
  return root;
}

}  // namespace strata::cli
