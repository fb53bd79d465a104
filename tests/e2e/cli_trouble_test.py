"""What the program does when something is in its way: streams, files, signals, other processes."""

import http.server
import os
import pathlib
import random
import shutil
import signal
import sqlite3
import subprocess
import tempfile
import threading

from harness import CONFIG, PROGRAM, SECONDS, StrataTest, main

SLOW = """
    slow:
      http:
        url: http://127.0.0.1:{port}/{{id}}
        allow_private: true
        timeout: 5m
"""


class SlowOrigin:
    """An HTTP server that answers when it is told to."""

    def __init__(self):
        self.asked = threading.Event()
        self.may_answer = threading.Event()
        origin = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                origin.asked.set()
                origin.may_answer.wait()
                self.send_response(200)
                self.send_header("Content-Length", "4")
                self.end_headers()
                self.wfile.write(b"slow")

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.server.handle_error = lambda *_: None  # Some of its clients are killed.
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.may_answer.set()
        self.server.shutdown()
        self.server.server_close()


class Busy(StrataTest):
    """With a process that holds the cache's file and waits for a slow source."""

    def setUp(self):
        super().setUp()
        self.origin = SlowOrigin()
        self.addCleanup(self.origin.close)
        self.configure(CONFIG + SLOW.format(port=self.origin.port))
        self.ok("put", "user", "42", "Ada")
        self.holder = self.start("get", "slow", "id=1")
        self.addCleanup(self.holder.communicate)
        self.addCleanup(self.holder.kill)
        self.assertTrue(self.origin.asked.wait(30))

    def test_another_process_is_named(self):
        for words in (("get", "--keyspace", "user", "42"), ("put", "user", "42", "Bob"),
                      ("erase", "user", "42"), ("inspect",),
                      ("purge", "--all", "--confirm"), ("invalidate", "--tag", "a")):
            with self.subTest(words=words):
                self.refused(*words, code=1, saying=str(self.holder.pid))

    def test_what_was_recorded_can_be_read_meanwhile(self):
        run = self.ok("stats", "--json", code=4)
        self.assertIn(str(self.holder.pid), run.err)
        self.assertIn("that process knows", run.err)
        sqlite = run.json["by_tier"]["sqlite"]
        self.assertEqual((run.json["runs"], run.json["by_keyspace"]["user"]["puts"]), (1, 1))
        self.assertEqual((sqlite["state"], sqlite["stored"]), ("off", 1))
        self.assertEqual((sqlite["entries"], run.json["storage_bytes"]), (None, None))
        self.assertIn("in 1 run of strata", self.ok("stats", code=4).out)
        self.assertIn(str(self.holder.pid), self.ok("stats", "--quiet", code=4).out)

    def test_sources_answer_meanwhile(self):
        run = self.ok("get", "packages", "name=bash", code=4)
        self.assertIn('"bash"', run.out)
        self.assertIn(str(self.holder.pid), run.err)
        self.refused("get", "packages", "name=none", code=3, saying="does not exist")

    def test_the_first_process_is_not_disturbed(self):
        self.strata("purge", "--all", "--confirm")
        self.origin.may_answer.set()
        out, _ = self.holder.communicate(timeout=30)
        self.assertEqual((self.holder.returncode, out), (0, b"slow"))
        self.assertEqual(self.ok("get", "--keyspace", "user", "42").out, "Ada")
        self.assertEqual(self.ok("get", "slow", "id=1").out, "slow")

    def test_an_interrupt_ends_it_and_harms_nothing(self):
        self.holder.send_signal(signal.SIGINT)
        out, err = self.holder.communicate(timeout=30)
        self.assertEqual((self.holder.returncode, out), (130, b""))
        self.assertEqual(err, b"strata: interrupted\n")
        self.assertEqual(self.ok("get", "--keyspace", "user", "42").out, "Ada")

    def test_a_kill_harms_nothing(self):
        self.holder.kill()
        self.holder.communicate()
        self.assertEqual(self.ok("get", "--keyspace", "user", "42").out, "Ada")
        self.assertEqual(self.ok("inspect", "--json").json["matched"], 1)


class Killed(StrataTest):

    def test_what_was_stored_survives_kills_during_other_puts(self):
        seed = int(os.environ.get("STRATA_SEED", "1"))
        print(f"STRATA_SEED={seed}")
        draw = random.Random(seed)
        self.ok("put", "user", "kept", "Ada")
        acknowledged = killed = 0
        for attempt in range(1, 26):
            value = bytes([attempt]) * draw.randrange(1, 200_000)
            process = self.start("put", "user", "42", "-", stdout=subprocess.DEVNULL,
                                 stderr=subprocess.DEVNULL)
            process.stdin.write(value)
            process.stdin.close()
            try:
                process.wait(timeout=draw.random() * 0.15)
            except subprocess.TimeoutExpired:
                process.kill()
            if process.wait() == 0:
                acknowledged = attempt
            else:
                killed += 1
            self.assertEqual(self.ok("get", "--keyspace", "user", "kept").out, "Ada")
            # The old value, the new one or none; a put removes first.
            found = self.strata("get", "--keyspace", "user", "42")
            self.assertIn(found.code, (0,) if acknowledged == attempt else (0, 3), found)
            if found.code == 0:
                self.assertIn(found.bytes[0], range(acknowledged, attempt + 1))
                self.assertEqual(set(found.bytes), {found.bytes[0]}, "half of a value")
            self.ok("inspect")
        print(f"{killed} of 25 puts were killed")

    def test_processes_at_once_lose_nothing_that_was_acknowledged(self):
        processes = [self.start("put", "user", str(i), f"value {i}") for i in range(12)]
        errors = [process.communicate(timeout=SECONDS)[1] for process in processes]
        stored = [i for i, process in enumerate(processes) if process.returncode == 0]
        self.assertTrue(stored)
        for i, process in enumerate(processes):
            if i in stored:
                self.assertEqual(self.ok("get", "--keyspace", "user", str(i)).out, f"value {i}")
            else:
                self.assertEqual(process.returncode, 1, errors[i])
                self.assertIn(b"process", errors[i])
        stats = self.ok("stats", "--json").json
        self.assertEqual(stats["by_keyspace"]["user"]["puts"], len(stored))


class Streams(StrataTest):

    def sizes(self):
        return {file.name: file.stat().st_size for file in (self.folder / ".cache").iterdir()
                if not file.name.endswith((".stats.json", ".lock"))}

    def test_a_reader_that_goes_away_is_no_error(self):
        for i in range(3):
            self.ok("put", "user", str(i), "-", stdin=b"x" * 500_000)
        for line in ("strata get --keyspace user 1 | head -c1", "strata inspect --json | true"):
            self.assertEqual(self.shell("set -o pipefail; " + line).code, 0)

    def test_a_closed_or_full_output_is_an_error(self):
        self.ok("put", "user", "42", "Ada")
        for redirection in (">&-", "> /dev/full"):
            run = self.shell(f"strata get --keyspace user 42 {redirection}")
            self.assertEqual(run.code, 1, run)
            self.assertIn("standard output", run.err)
        self.ok("put", "user", "big", "-", stdin=b"x" * 200_000)
        sizes = self.sizes()
        for line in ("strata get --keyspace user big >&-", "strata inspect <&- >&- 2>&-",
                     "strata get --keyspace user big <&- >&- 2>&-"):
            self.assertEqual(self.shell(line).code, 1)
        self.assertEqual(self.sizes(), sizes, "no output went into a file of the cache")
        self.assertEqual(self.ok("get", "--keyspace", "user", "42").out, "Ada")

    def test_a_closed_input_is_an_error_that_changes_nothing(self):
        self.ok("put", "user", "42", "Ada")
        run = self.shell("strata put user 42 - < .")
        self.assertEqual(run.code, 1, run)
        self.assertIn("standard input", run.err)
        self.assertEqual(self.ok("get", "--keyspace", "user", "42").out, "Ada")


class InTurn(StrataTest):

    def test_short_runs_wait_for_each_other(self):
        self.ok("put", "user", "0", "Ada", "--tag", "org:7")
        # So few that each has its turn before the others lose patience, on a busy machine too.
        runs = [self.start("put", "user", str(number), "Ada") for number in range(2)]
        runs += [self.start("invalidate", "--tag", "org:7") for _ in range(2)]
        for run in runs:
            _, err = run.communicate(timeout=SECONDS)
            self.assertEqual((run.returncode, err.count(b"in use")), (0, 0), err)
        self.assertEqual(self.ok("inspect", "--json").json["matched"], 2)


class Files(StrataTest):

    def damage(self, change):
        file = self.folder / ".cache/strata.db"
        file.write_bytes(change(file.read_bytes()))

    def test_a_damaged_file_is_said_to_be_so_and_put_aside(self):
        for change in (lambda old: old[:4096] + bytes(b ^ 0x5a for b in old[4096:]),
                       lambda old: old[:5000]):
            shutil.rmtree(self.folder / ".cache", ignore_errors=True)
            self.ok("put", "user", "42", "Ada")
            self.damage(change)
            run = self.ok("get", "--keyspace", "user", "42", code=5)
            self.assertIn("damaged", run.err)
            self.assertTrue(list((self.folder / ".cache").glob("*.corrupt-*")))
            self.ok("put", "user", "42", "Bob")
            self.assertEqual(self.ok("get", "--keyspace", "user", "42").out, "Bob")

    def test_a_lock_of_another_program_costs_nothing(self):
        self.ok("put", "user", "42", "Ada")
        shell = sqlite3.connect(self.folder / ".cache/strata.db", isolation_level=None)
        shell.execute("BEGIN IMMEDIATE")
        self.refused("put", "user", "43", "Bob", saying="another program holds a lock", code=1)
        shell.close()
        self.assertEqual(self.ok("get", "--keyspace", "user", "42").out, "Ada")

    def test_a_look_by_another_program_costs_nothing(self):
        self.ok("put", "user", "42", "Ada")
        for attempt in range(3):
            process = self.start("put", "user", "43", "-", stdout=subprocess.DEVNULL)
            process.stdin.write(bytes(100_000 * attempt))
            process.stdin.close()
            process.kill()
            process.wait()
            shell = sqlite3.connect(self.folder / ".cache/strata.db")
            shell.execute("SELECT count(*) FROM entries").fetchall()
            shell.close()
            self.assertEqual(self.ok("get", "--keyspace", "user", "42").out, "Ada")

    def test_the_file_of_another_program_is_left_alone(self):
        for content in (b"not a database at all, but somebody's only copy", os.urandom(9000)):
            self.write(".cache/strata.db", "").write_bytes(content)
            for words in (("put", "user", "42", "Ada"), ("inspect",),
                          ("purge", "--all", "--confirm")):
                self.refused(*words, saying="is not a cache of Strata")
            self.assertEqual((self.folder / ".cache/strata.db").read_bytes(), content)

    def test_a_path_that_cannot_be_used_is_an_error(self):
        self.write(".cache", "a file where the folder should be")
        self.refused("put", "user", "42", "Ada", saying=".cache")
        self.write("strata.yaml", "cache: {sqlite: {path: /proc/strata/cache.db}}")
        self.assertIn(self.strata("put", "user", "42", "Ada").code, (1, 2))
        self.configure(CONFIG + "  sqlite: {path: /proc/strata/cache.db}\n")
        self.assertIn('"bash"', self.ok("get", "packages", "name=bash", code=4).out)

    def test_a_folder_that_must_not_be_written_to_is_an_error(self):
        shared = pathlib.Path(tempfile.mkdtemp(prefix="strata-e2e-"))
        self.addCleanup(shutil.rmtree, shared, ignore_errors=True)
        program = shutil.copy(PROGRAM, shared / "strata")
        shared.chmod(0o555)
        # Root may write anywhere, so somebody else has to try.
        who = {"user": 65534, "group": 65534, "extra_groups": []} if os.geteuid() == 0 else {}
        for words, codes in ((["put", "user", "42", "Ada"], (1, 2)), (["inspect"], (0,)),
                             (["stats"], (0,)), (["init"], (1,))):
            run = subprocess.run([program, *words], cwd=shared, capture_output=True, check=False,
                                 env=self.environment(), timeout=60, **who)
            self.assertIn(run.returncode, codes, run)
            self.assertNotEqual(run.stderr, b"")
        self.assertEqual([file.name for file in shared.iterdir()], ["strata"])

    def test_links_are_not_followed(self):
        target = self.write("target", "mine")
        (self.folder / "strata.yaml").symlink_to(target)
        self.refused("init", saying="exists")
        (self.folder / "strata.yaml").unlink()
        self.ok("put", "user", "42", "Ada")
        stats = self.folder / ".cache/strata.db.stats.json"
        stats.unlink()
        stats.symlink_to(target)
        self.assertIn("statistics are not kept", self.ok("put", "user", "42", "Bob").err)
        self.assertEqual(target.read_text(), "mine")


if __name__ == "__main__":
    main()
