"""The program around the commands: help, configuration, statistics, output."""

import json
import os
import pty
import re
import select

from harness import CONFIG, DATA, StrataTest, main

COMMANDS = ("init", "config", "config check", "config show", "config new-key", "get", "put",
            "erase", "invalidate", "stats", "inspect", "explain", "labels", "purge",
            "clear-expired", "validate", "export", "import", "outbox", "outbox install",
            "outbox status", "outbox remove", "simulate", "benchmark", "demo", "completion",
            "help", "version")


def shortened(line):
    """An example; one that measures, so that it is over in a moment."""
    if not line.startswith("strata benchmark"):
        return line
    line = re.sub(r"--entries \S+", "--entries 100", line)
    if "--seconds" in line:
        return re.sub(r"--seconds \S+", "--seconds 0.01", line)
    return line + " --operations 200"


class Help(StrataTest):

    def examples(self, *words):
        text = self.ok(*words, "--help").out
        lines = text.split("example", 1)[1].split("\n\n", 1)[0].splitlines()[1:]
        return [line.strip() for line in lines]

    def test_every_command_is_listed(self):
        listed = self.ok("--help").out.split("commands:\n", 1)[1].split("\n\n", 1)[0]
        names = [line.split()[0] for line in listed.splitlines() if line[2:3] != " "]
        self.assertEqual(names, [name for name in COMMANDS if " " not in name])

    def test_every_example_works(self):
        for command in COMMANDS:
            examples = self.examples(*command.split())
            self.assertTrue(examples, command)
            for line in examples:
                with self.subTest(line=line):
                    self.tearDown()
                    self.setUp()
                    if not line.startswith("strata init"):
                        self.configure()
                    self.write("index.html", "<p>hello</p>")
                    self.write("requests.txt", "a\nb\na\n")
                    self.write("sized.txt", "a 10\nb 20\na 10\n")
                    self.make_orders()
                    if "outbox" in line and "install" not in line:
                        self.install_orders()
                    self.ok("put", "user", "42", "Ada", "--tag", "org:7")
                    if line.startswith("strata import"):
                        self.ok("export", "cache.jsonl")
                        self.ok("export", "cache.jsonl.zst")
                    run = self.shell(shortened(line))
                    self.assertEqual(run.code, 0, run)
                    self.assertTrue(run.out or run.err)

    def test_help_can_be_asked_for_in_three_ways(self):
        texts = {self.ok(*words).out for words in (("config", "check", "--help"),
                                                   ("config", "check", "-h"),
                                                   ("help", "config", "check"))}
        self.assertEqual(len(texts), 1)
        self.refused("help", "confg", saying='did you mean "config"')
        self.assertIn("usage: strata COMMAND", self.refused(saying="examples:").err)

    def test_what_is_misspelt_is_recognised(self):
        self.refused("sttas", saying='did you mean "stats"')
        self.refused("config", "chek", saying='did you mean "check"')
        self.refused("config", saying="needs one of: check show")
        self.refused("stats", "--jsn", saying='did you mean "--json"')
        error = self.ok("sttas", "--json", code=2).json
        self.assertEqual((error["schema"], error["exit_code"]), ("strata.error/1", 2))

    def test_the_version_is_told(self):
        version = self.ok("version", "--json").json["version"]
        self.assertRegex(version, r"^\d+\.\d+\.\d+$")
        for words in (("version",), ("--version",), ("stats", "--version")):
            self.assertEqual(self.ok(*words).out, f"strata {version}\n")


class Completion(StrataTest):

    def complete(self, *words):
        """What bash offers for the last of the words."""
        script = (f'source <(strata completion bash); COMP_WORDS=({" ".join(map(repr, words))});'
                  f' COMP_CWORD={len(words) - 1}; _strata; printf "%s\\n" "${{COMPREPLY[@]}}"')
        return self.shell(script).out.split()

    def test_bash_offers_commands_options_and_values(self):
        self.assertEqual(self.complete("strata", "in"), ["init", "invalidate", "inspect"])
        self.assertEqual(self.complete("strata", "config", ""), ["check", "show", "new-key"])
        self.assertEqual(self.complete("strata", "purge", "--d"), ["--dry-run"])
        self.assertIn("--json", self.complete("strata", "config", "show", "--"))
        self.assertEqual(self.complete("strata", "--json", "config", "s"), ["show"])
        self.assertEqual(self.complete("strata", "inspect", "--sort", "s"), ["size"])
        self.assertEqual(self.complete("strata", "completion", ""), ["bash", "zsh", "fish"])
        self.assertEqual(self.complete("strata", "inspect", "--keyspace", ""), [])
        self.write("my.yaml", "")
        self.assertEqual(self.complete("strata", "stats", "--config", "my"), ["my.yaml"])

    def test_bash_takes_the_script_without_complaint(self):
        run = self.shell("set -eu; strata completion bash | bash -n")
        self.assertEqual((run.code, run.err), (0, ""))


class Configuration(StrataTest):

    def test_init_writes_a_configuration_that_is_right(self):
        self.ok("init")
        self.assertIn("strata.yaml: ok", self.ok("config", "check").out)
        self.refused("init", saying="--force replaces it")
        self.ok("init", "--force")
        (self.folder / "sub").mkdir()
        wrote = self.ok("init", "sub", "--json").json
        self.assertEqual(wrote, {"schema": "strata.init/1", "file": "sub/strata.yaml"})
        self.refused("init", "no/such/folder", code=1, saying="no/such/folder")

    def test_check_says_where_and_what_is_wrong(self):
        self.write("strata.yaml", "cache:\n  sqlite:\n    pth: a.db\n")
        run = self.refused("config", "check", saying='did you mean "path"')
        self.assertIn("strata.yaml:3:5", run.err)
        for words in (("stats",), ("inspect",), ("get", "x"), ("config", "show")):
            self.refused(*words, saying="strata.yaml:3:5")
        self.refused("config", "check", "--config", "none.yaml", saying="none.yaml")
        self.write("strata.yaml", "")
        self.assertIn("strata.yaml: ok", self.ok("config", "check").out)
        checked = self.ok("config", "check", "--json").json
        self.assertEqual((checked["schema"], checked["file"]),
                         ("strata.config-check/1", "strata.yaml"))

    def test_check_opens_the_sources(self):
        self.configure()
        self.assertIn("1 source", self.ok("config", "check").out)
        self.write("strata.yaml", CONFIG.replace("SELECT name", "DELETE FROM package; SELECT name"))
        self.refused("config", "check", saying="cache.sources.packages")
        self.write("strata.yaml", CONFIG.replace("packages.db", "later.db"))
        run = self.ok("config", "check")
        self.assertIn("later.db", run.err)

    def test_show_tells_what_is_in_force_and_why(self):
        self.write("strata.yaml", "cache:\n  memory: {max_bytes: 1MiB}\n")
        shown = {one["key"]: one for one in self.ok("config", "show", "--json").json["settings"]}
        self.assertEqual(shown["cache.memory.max_bytes"]["value"], "1MiB")
        self.assertEqual(shown["cache.memory.max_bytes"]["origin"], "strata.yaml:2")
        self.assertEqual(shown["cache.sqlite.path"]["origin"], "default")
        self.assertIn("cache.memory.max_bytes", self.ok("config", "show").out)

    def test_secrets_are_not_shown(self):
        self.write("strata.yaml", CONFIG + """
    api:
      http:
        url: https://example.com/{id}
        headers: {Authorization: "Bearer ${API_TOKEN}"}
""")
        for words in (("config", "show"), ("config", "show", "--json"), ("config", "check"),
                      ("get", "api", "id=1", "--explain"), ("stats",), ("get", "nonsense")):
            run = self.strata(*words, env={"API_TOKEN": "s3cret-t0ken"})
            self.assertNotIn("s3cret-t0ken", run.out + run.err, words)

    def test_variables_may_stand_in_a_file_beside_the_configuration(self):
        self.write("conf/strata.yaml",
                   "cache: {name: '${NAME}', graceful: '${GRACEFUL}', memory: {max_entries: "
                   "'${MOST:-9}'}}")
        dot_env = self.write("conf/.env", "# of the shop\nexport NAME='shop'\nGRACEFUL=No\n")
        self.write(".env", "NAME=elsewhere\n")
        where = ("--config", "conf/strata.yaml")

        def shown(**env):
            settings = self.ok("config", "show", "--json", *where, env=env).json["settings"]
            return {one["key"]: (one["value"], one["origin"]) for one in settings}
        settings = shown()
        self.assertEqual(settings["cache.name"], ("shop", "conf/strata.yaml:1, from .env NAME"))
        self.assertEqual(settings["cache.graceful"][0], "false")
        self.assertEqual(settings["cache.memory.max_entries"],
                         ("9", "conf/strata.yaml:1, from the default of MOST"))
        self.assertEqual(shown(NAME="market")["cache.name"],
                         ("market", "conf/strata.yaml:1, from environment NAME"))
        self.refused("config", "check", *where, env={"MOST": "many"}, saying="(from ${MOST})")

        dot_env.write_text("NAME=shop\nGRACEFUL='no\n")
        run = self.refused("stats", *where, saying="conf/.env:2:10: the quote")
        self.assertNotIn("strata.yaml", run.err)
        dot_env.unlink()
        self.refused("config", "check", *where, saying="the variable NAME is not set")

    def test_a_secret_that_others_may_read_is_warned_of(self):
        self.write("strata.yaml", "cache: {name: '${API_TOKEN}'}")
        dot_env = self.write(".env", "API_TOKEN=s3cret\n")
        for mode, warned in ((0o644, True), (0o640, True), (0o604, True), (0o600, False)):
            dot_env.chmod(mode)
            run = self.ok("config", "check")
            self.assertEqual("may read it, and it holds API_TOKEN" in run.err, warned, run)
            self.assertNotIn("s3cret", run.out + run.err + self.ok("config", "show").out)

    def test_the_configuration_is_found_in_three_places(self):
        here = self.write("strata.yaml", "cache: {name: here}")
        self.write("other/env.yaml", "cache: {name: env}")
        self.write("other/option.yaml", "cache: {name: option}")
        env = {"STRATA_CONFIG": "other/env.yaml"}

        def name(*words):
            return self.ok("stats", "--json", *words, env=env).json["name"]
        self.assertEqual(name("--config", "other/option.yaml"), "option")
        self.assertEqual(name(), "here")
        here.unlink()
        self.assertEqual(name(), "env")
        self.ok("put", "user", "1", "x", env=env)
        self.assertTrue((self.folder / "other/.cache/strata.db").exists())
        self.refused("stats", env={"STRATA_CONFIG": "none.yaml"}, saying="none.yaml")


class Stats(StrataTest):

    def test_runs_add_up_over_processes(self):
        self.configure()
        empty = self.ok("stats", "--json").json
        self.assertEqual((empty["runs"], empty["hit_rate"], empty["since"]), (0, None, None))
        for _ in range(4):
            self.ok("get", "packages", "name=bash")
        self.ok("get", "packages", "name=nonsense", code=3)
        self.ok("put", "user", "42", "Ada")
        self.ok("invalidate", "--tag", "package:bash")
        stats = self.ok("stats", "--json").json
        self.assertEqual(stats["schema"], "strata.stats/1")
        self.assertEqual((stats["runs"], stats["requests"], stats["hits"]), (7, 5, 3))
        self.assertEqual(stats["hit_rate_of"], "requests")
        self.assertAlmostEqual(stats["hit_rate"], 0.6)
        self.assertAlmostEqual(stats["miss_rate"], 0.4)
        self.assertEqual(stats["hit_rate"], stats["request_hit_rate"])
        self.assertEqual(stats["by_tier"]["sqlite"]["hits"], 3)
        self.assertEqual(stats["by_tier"]["sqlite"]["misses"], 2)
        self.assertEqual(stats["by_tier"]["memory"]["hits"], 0)
        tiers = stats["by_tier"].values()
        lookups = sum(tier["hits"] + tier["misses"] for tier in tiers)
        self.assertAlmostEqual(stats["lookup_hit_rate"], 3 / lookups)
        self.assertAlmostEqual(stats["by_source"]["packages"]["hit_rate"], 0.6)
        self.assertEqual(stats["by_source"]["packages"]["loads"], 2)
        self.assertEqual(stats["by_keyspace"]["user"]["puts"], 1)
        self.assertEqual(stats["by_tier"]["sqlite"]["entries"], 1)
        self.assertGreater(stats["storage_bytes"], 0)
        latency = stats["latency_ms"]
        self.assertEqual(latency["count"], 6)
        self.assertTrue(0 < latency["p50"] <= latency["p95"] <= latency["p99"] <= latency["max"])
        self.assertEqual(self.ok("stats", "--json").json["runs"], 7, "looking is not counted")

        text = self.ok("stats").out
        for part in ("in 7 runs", "5 requests, 3 hits (60.0 %)", "sqlite", "packages", "latency"):
            self.assertIn(part, text)

    def test_what_is_switched_off_is_said(self):
        self.assertEqual(self.ok("stats", "--json").json["enabled_percent"], {})
        self.configure(CONFIG.replace("ttl: 1h", "ttl: 1h\n      enabled: 0.01%"))
        self.ok("get", "packages", "name=bash")
        stats = self.ok("stats", "--json").json
        self.assertEqual(stats["enabled_percent"], {"packages": 0.01})
        self.assertEqual(stats["by_source"]["packages"]["miss_reasons"]["disabled"], 1)
        self.assertIn("switched off: packages but for 0.01% of its keys", self.ok("stats").out)
        self.assertIn("0.01%", self.ok("config", "show").out)

    def test_what_was_not_stored_is_counted(self):
        self.configure(CONFIG.replace("ttl: 1h", "ttl: 1h\n      max_value_bytes: 10"))
        self.ok("put", "user", "42", "Ada")
        self.assertNotIn("not stored", self.ok("stats").out)
        self.ok("get", "packages", "name=bash")
        stats = self.ok("stats", "--json").json
        for group in (stats["by_source"]["packages"], stats["by_keyspace"]["packages"]):
            self.assertEqual((group["too_large"], group["refused"], group["joined"]), (1, 0, 0))
        self.assertEqual(stats["by_keyspace"]["user"]["too_large"], 0)
        self.assertIn("not stored: 1 too large, 0 refused\n", self.ok("stats").out)

    def test_what_was_recorded_is_private_and_may_be_damaged(self):
        self.ok("put", "user", "42", "Ada")
        file = self.folder / ".cache/strata.db.stats.json"
        self.assertEqual(file.stat().st_mode & 0o777, 0o600)
        for damage in ("", "{", "[]", json.dumps({"schema": "x"}), "\0" * 100):
            file.write_text(damage)
            run = self.ok("stats", "--json")
            self.assertEqual(run.json["runs"], 0)
            self.assertEqual("warning" in run.err, damage != "", run)
            self.ok("put", "user", "42", "Ada")
            self.assertEqual(self.ok("stats", "--json").json["runs"], 1)


class Documented(StrataTest):

    def members(self, value):
        """The names in a JSON value, but those that name keyspaces, tiers or reasons."""
        if isinstance(value, list):
            return set().union(*map(self.members, value))
        if not isinstance(value, dict):
            return set()
        names = set(value)
        for name, inner in value.items():
            if name in ("by_tier", "by_source", "by_keyspace"):
                inner = list(inner.values())
            if name not in ("removals", "miss_reasons"):
                names |= self.members(inner)
        return names

    def test_every_member_of_every_schema_is_in_the_document(self):
        document = (DATA.parent / "docs/cli.md").read_text()
        self.configure()
        schemas = set()
        for words in (("put", "user", "42", "-"), ("get", "--keyspace", "user", "42"),
                      ("get", "packages", "name=bash"), ("inspect",), ("stats",),
                      ("explain", "user:42"), ("labels",), ("invalidate", "--tag", "a"),
                      ("invalidate", "--write", "user:42"), ("erase", "user", "1"), ("version",),
                      ("purge", "--all", "--dry-run"), ("clear-expired",), ("init", "b.yaml"),
                      ("config", "show"), ("config", "check"), ("config", "new-key"),
                      ("nonsense",)):
            answer = self.strata(*words, "--json", stdin=b"\xff").json
            schemas.add(answer["schema"])
            row = [line for line in document.splitlines()
                   if line.startswith(f"| `{answer['schema']}` |")]
            self.assertEqual(len(row), 1, answer["schema"])
            for name in self.members(answer) - {"schema"}:
                self.assertIn(f"`{name}`", row[0])
        self.assertEqual(len(schemas), 16)


class Output(StrataTest):

    def on_terminal(self, *words, **env):
        """What the program writes to a terminal."""
        ours, theirs = pty.openpty()
        process = self.start(*words, stdin=theirs, stdout=theirs, stderr=theirs,
                             env={"TERM": "xterm"} | env)
        os.close(theirs)
        out = b""
        while select.select([ours], [], [], 30)[0]:
            try:
                block = os.read(ours, 65536)
            except OSError:  # The other side is closed.
                break
            out += block
        process.communicate()
        os.close(ours)
        return out

    def test_control_characters_are_escaped_on_a_terminal_only(self):
        value = "a\x1b[31mb\nc".encode()
        self.ok("put", "user", "42", "-", stdin=value)
        get = ("get", "--keyspace", "user", "42")
        self.assertEqual(self.ok(*get).bytes, value)
        self.assertEqual(self.on_terminal(*get), b"a\\x1b[31mb\r\nc\r\n")
        self.ok("put", "user", "\x1b[2J", "x")
        self.assertNotIn(b"\x1b[2J", self.on_terminal("inspect"))
        self.assertNotIn("\x1b", self.ok("inspect").out)

    def test_colour_is_for_terminals_that_want_it(self):
        self.ok("put", "user", "42", "Ada")
        self.assertIn(b"\x1b[1m", self.on_terminal("inspect"))
        self.assertIn(b"\x1b[31m", self.on_terminal("nonsense"))
        self.assertNotIn(b"\x1b", self.on_terminal("inspect", "--no-color"))
        self.assertNotIn(b"\x1b", self.on_terminal("inspect", NO_COLOR="1"))
        self.assertNotIn(b"\x1b", self.on_terminal("inspect", TERM="dumb"))

    def test_tables_fit_the_terminal(self):
        self.ok("put", "user", "i" * 300, "Ada", "--tag", "t" * 100)
        lines = self.on_terminal("inspect", "--no-color", COLUMNS="90").decode().splitlines()
        self.assertTrue(all(len(line) <= 90 for line in lines), lines)
        self.assertIn("i" * 300, self.ok("inspect").out)

    def test_quiet_leaves_data_and_errors(self):
        self.assertEqual(self.ok("put", "user", "42", "Ada", "--quiet").err, "")
        self.assertEqual(self.ok("get", "--keyspace", "user", "42", "--quiet").out, "Ada")
        self.assertIn("error", self.ok("get", "--keyspace", "user", "1", "--quiet", code=3).err)


if __name__ == "__main__":
    main()
