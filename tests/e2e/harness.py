"""What the end-to-end tests share: a folder of their own, and the program to run in it."""

import json
import os
import pathlib
import shutil
import signal
import sqlite3
import subprocess
import tempfile
import unittest

PROGRAM = pathlib.Path(os.environ["STRATA_PROGRAM"]).resolve()
DATA = pathlib.Path(__file__).resolve().parents[2] / "data"
SECONDS = 180  # that a run may take at most

CONFIG = """
cache:
  sources:
    packages:
      ttl: 1h
      tags: ["package:{name}"]
      sqlite:
        path: packages.db
        shape: row
        query: SELECT name, version, section FROM package WHERE name = :name
"""


class Run:
    """A run of the program that has ended."""

    def __init__(self, completed):
        self.code = completed.returncode
        self.bytes = completed.stdout
        self.out = completed.stdout.decode(errors="replace")
        self.err = completed.stderr.decode(errors="replace")

    @property
    def json(self):
        return json.loads(self.out)

    def __repr__(self):
        return f"exit {self.code}\nstdout: {self.out}\nstderr: {self.err}"


class StrataTest(unittest.TestCase):
    """A test with an empty folder in which the program runs."""

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="strata-e2e-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def environment(self, **changes):
        environment = {"PATH": f"{PROGRAM.parent}:{os.environ['PATH']}", "HOME": str(self.folder)}
        for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS"):
            if name in os.environ:
                environment[name] = os.environ[name]
        return environment | changes

    def start(self, *words, **options):
        """The program, running, with pipes. It heeds Ctrl-C, which a shell that runs tests in the
        background has told its children to ignore."""
        options = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE,
                   "stderr": subprocess.PIPE,
                   "preexec_fn": lambda: signal.signal(signal.SIGINT, signal.SIG_DFL)} | options
        env = self.environment(**options.pop("env", {}))
        return subprocess.Popen([PROGRAM, *words], cwd=self.folder, env=env, **options)

    def strata(self, *words, stdin=b"", **options):
        """A whole run of the program."""
        with self.start(*words, **options) as process:
            try:
                out, err = process.communicate(stdin, timeout=SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                raise
            return Run(subprocess.CompletedProcess(words, process.returncode, out, err))

    def shell(self, line, **env):
        """A line as somebody types it."""
        return Run(subprocess.run(["bash", "-c", line], cwd=self.folder, capture_output=True,
                                  env=self.environment(**env), timeout=SECONDS, check=False))

    def ok(self, *words, code=0, **options):
        """A run that must end with `code`."""
        run = self.strata(*words, **options)
        self.assertEqual(run.code, code, run)
        return run

    def refused(self, *words, saying, code=2, **options):
        """A run that must fail, say why, and write no data."""
        run = self.ok(*words, code=code, **options)
        self.assertIn(saying, run.err)
        self.assertEqual(run.out, "")
        return run

    def write(self, name, text):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def configure(self, text=CONFIG):
        """A configuration whose source answers for three packages."""
        self.write("strata.yaml", text)
        database = sqlite3.connect(self.folder / "packages.db")
        with database:
            database.execute("CREATE TABLE package (name TEXT PRIMARY KEY, version TEXT,"
                             " section TEXT)")
            database.executemany("INSERT INTO package VALUES (?, ?, ?)", self.packages())
        database.close()

    @staticmethod
    def packages():
        wanted = ("a56", "bash", "sqlite3")
        with open(DATA / "packages.tsv", encoding="utf-8") as lines:
            for line in lines:
                fields = line.rstrip("\n").split("\t")
                if fields[0] in wanted:
                    yield fields[0], fields[1], fields[2]

    def change_origin(self, statement, name="packages.db"):
        """Runs a statement as an application does, and returns its rows."""
        database = sqlite3.connect(self.folder / name)
        with database:
            rows = database.execute(statement).fetchall()
        database.close()
        return rows

    def make_orders(self):
        """A database that belongs to an application."""
        self.change_origin("CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_id INTEGER,"
                           " total REAL)", "orders.db")

    def install_orders(self, *more, **options):
        return self.ok("outbox", "install", "--database", "orders.db", "--table", "orders",
                       "--type", "order", "--id", "id", "--field", "customer_id", *more, **options)


def main():
    unittest.main(verbosity=2)
