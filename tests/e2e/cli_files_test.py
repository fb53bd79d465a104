"""Upkeep of the SQLite file by the program: validate, export and import."""

import gzip
import json
import random
import shutil
import signal
import stat
import subprocess
import time

from harness import SECONDS, StrataTest, main


class Upkeep(StrataTest):

    def fill(self, count=20, **more):
        """An export with that many entries, and a cache that has them."""
        self.write("filled.jsonl", self.lines(count, **more))
        self.ok("import", "filled.jsonl")

    @staticmethod
    def lines(count, size=10, first=0):
        written = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(time.time() - 60))
        now = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime())
        end = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(time.time() + 3600))
        lines = [{"format": "strata.export", "version": 1, "exported_at": now}]
        for i in range(first, first + count):
            labels = ["tag:odd" if i % 2 else "tag:even"]
            lines.append({"key": {"version": "1", "keyspace": "user", "id": str(i)},
                          "group": ["keyspace:user"], "labels": labels,
                          "written_at": written, "fresh_until": end, "kept_until": end,
                          "codec": "string", "schema": 1, "value": f"{i} " + "x" * size})
        lines.append({"end": {"entries": count, "redacted": 0}})
        return "".join(json.dumps(line) + "\n" for line in lines)

    def cached(self):
        return self.ok("inspect", "--json").json["matched"]

    def cache_files(self):
        """What the cache is, but for what is written by every run that looks."""
        folder = self.folder / ".cache"
        return {file.name: file.read_bytes() for file in folder.iterdir()
                if not file.name.endswith((".lock", "-shm"))}

    @property
    def database(self):
        return self.folder / ".cache/strata.db"

    def hold(self):
        """A process that has the file until it is told to end: an import that waits for input."""
        holder = self.start("import", "-")
        self.addCleanup(holder.communicate)
        self.addCleanup(holder.kill)
        lock = self.folder / ".cache/strata.db.lock"
        for _ in range(3000):
            if lock.exists() and lock.read_text().strip() == str(holder.pid):
                return holder
            time.sleep(0.01)
        self.fail("the file was not opened")


class Validate(Upkeep):

    def test_a_sound_cache_is_said_to_be_sound_and_left_as_it_is(self):
        self.assertIn("no cache", self.ok("validate").err)
        self.assertFalse((self.folder / ".cache").exists())
        self.fill()
        before = self.cache_files()
        run = self.ok("validate")
        self.assertIn("20 entries", run.out)
        self.assertIn("nothing is damaged", run.err)
        report = self.ok("validate", "--json").json
        self.assertEqual((report["schema"], report["ok"], report["entries"], report["damage"]),
                         ("strata.validate/1", True, 20, []))
        self.ok("validate", "--repair", "--confirm")
        self.assertEqual(self.cache_files(), before)

    def test_damage_is_told_and_repaired_only_with_confirm(self):
        self.fill()
        pages = bytearray(self.database.read_bytes())
        pages[4096 * 3 + 7] ^= 0x55
        self.database.write_bytes(pages)
        before = self.cache_files()
        run = self.ok("validate", code=5)
        self.assertIn("pages", run.out)
        self.assertIn("--repair", run.err)
        self.assertFalse(self.ok("validate", "--json", code=5).json["ok"])
        self.assertIn("would move", self.ok("validate", "--repair", "--dry-run").err)
        self.assertIn("--confirm", self.ok("validate", "--repair", code=2).err)
        self.assertEqual(self.cache_files(), before, "nothing was changed so far")
        self.assertIn(".corrupt-", self.ok("validate", "--repair", "--confirm").err)
        self.assertTrue(list((self.folder / ".cache").glob("*.corrupt-*")))
        self.ok("validate")
        self.ok("put", "user", "1", "Ada")
        self.assertEqual(self.ok("get", "--keyspace", "user", "1").out, "Ada")

    def test_wrong_words_are_refused(self):
        self.refused("validate", "--confirm", saying="--repair")
        self.write("strata.yaml", "cache: {sqlite: {enabled: false}}")
        self.refused("validate", saying="switched off")

    def test_a_file_in_use_is_left_to_its_owner(self):
        self.fill()
        holder = self.hold()
        for words in (("validate",), ("validate", "--repair", "--confirm"), ("export",),
                      ("import", "filled.jsonl")):
            with self.subTest(words=words):
                self.refused(*words, code=1, saying=f"process {holder.pid}")

    def test_the_file_of_another_program_is_left_alone(self):
        self.write(".cache/strata.db", "somebody's only copy")
        self.refused("validate", "--repair", "--confirm", saying="not a cache")
        self.assertEqual(self.database.read_text(), "somebody's only copy")

    def test_a_kill_leaves_it_as_it_was_or_repaired(self):
        self.fill(3000)
        sound = self.cache_files()
        draw = random.Random(7)
        for _ in range(6):
            self.database.write_bytes(sound["strata.db"])
            pages = bytearray(self.database.read_bytes())
            pages[draw.randrange(8192, len(pages))] ^= 1
            self.database.write_bytes(pages)
            process = self.start("validate", "--repair", "--confirm")
            try:
                process.wait(timeout=draw.random() * 0.05)
            except subprocess.TimeoutExpired:
                process.kill()
            process.communicate()
            self.assertIn(self.strata("validate").code, (0, 5))
            self.ok("validate", "--repair", "--confirm")
            self.ok("validate")
            for file in (self.folder / ".cache").iterdir():
                file.unlink()
            (self.folder / ".cache/strata.db").write_bytes(sound["strata.db"])

    def test_an_interrupt_ends_it_with_130(self):
        self.fill(20000, size=500)
        lock = self.folder / ".cache/strata.db.lock"
        for _ in range(20):  # It may be done before it is interrupted, but not always.
            process = self.start("validate")
            while process.poll() is None and lock.read_text().strip() != str(process.pid):
                pass
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=SECONDS)
            self.assertIn(process.returncode, (130, 0))
            if process.returncode == 130:
                break
        self.assertEqual(process.returncode, 130)
        self.ok("validate")


class Export(Upkeep):

    def test_a_value_goes_out_and_comes_back(self):
        self.ok("put", "user", "42", "Ada", "--ttl", "1h", "--tag", "org:7")
        self.ok("put", "picture", "1", "-", stdin=bytes(range(256)))
        run = self.ok("export", "--quiet")
        head, *entries, end = [json.loads(line) for line in run.out.splitlines()]
        self.assertEqual((head["format"], head["version"]), ("strata.export", 1))
        self.assertEqual(end, {"end": {"entries": 2, "redacted": 0}})
        user = next(one for one in entries if one["key"]["keyspace"] == "user")
        self.assertEqual((user["key"]["id"], user["value"], user["labels"]),
                         ("42", "Ada", ["tag:org:7"]))
        shutil.rmtree(self.folder / ".cache")
        self.assertIn("stored 2 entries of 2", self.ok("import", "-", stdin=run.bytes).out)
        self.assertEqual(self.ok("get", "--keyspace", "user", "42").out, "Ada")
        self.assertEqual(self.ok("get", "--keyspace", "picture", "1").bytes, bytes(range(256)))
        self.ok("invalidate", "--tag", "org:7")
        self.ok("get", "--keyspace", "user", "42", code=3)
        self.ok("validate")

    def test_the_file_is_whole_private_and_not_replaced_by_mistake(self):
        self.fill()
        for name in ("out.jsonl", "out.jsonl.gz", "out.jsonl.zst"):
            self.ok("export", name)
            file = self.folder / name
            self.assertEqual(stat.S_IMODE(file.stat().st_mode), 0o600)
            before = file.read_bytes()
            self.refused("export", name, saying="--force")
            self.assertEqual(file.read_bytes(), before)
            self.ok("export", "--force", name, "--tag", "odd")
            self.assertNotEqual(file.read_bytes(), before)
            shutil.rmtree(self.folder / ".cache")
            self.assertIn("stored 10", self.ok("import", name).out)
            self.fill()
        packed = (self.folder / "out.jsonl.gz").read_bytes()
        self.assertIn(b"strata.export", gzip.decompress(packed))
        self.assertEqual({file.name for file in self.folder.iterdir()},
                         {".cache", "filled.jsonl", "out.jsonl", "out.jsonl.gz", "out.jsonl.zst"})

    def test_a_place_that_cannot_be_written_is_an_error(self):
        self.fill(3)
        self.refused("export", "no/such/folder/out", code=1, saying="no/such/folder")
        (self.folder / "link").symlink_to("elsewhere")
        self.refused("export", "link", saying="exists")
        self.refused("export", "--force", "link", saying="not a plain file")
        run = self.shell("strata export > /dev/full")
        self.assertEqual(run.code, 1, run)
        self.assertEqual(self.shell("set -o pipefail; strata export | head -c1").code, 0)

    def test_filters_narrow_it_down(self):
        self.fill()
        for words, count in ((["--tag", "odd"], 10), (["--label", "tag:even"], 10),
                             (["--label", "tag:even", "--label", "tag:odd"], 20),
                             (["--prefix", "7"], 1), (["--keyspace", "other"], 0),
                             (["--keyspace", "user", "--tag", "odd", "--prefix", "3"], 1)):
            with self.subTest(words=words):
                lines = self.ok("export", *words).out.splitlines()
                self.assertEqual(len(lines), count + 2)
        self.refused("export", "--label", "odd", saying="has no kind")

    def test_what_is_sensitive_is_counted_and_not_shown(self):
        self.fill(5)
        self.ok("put", "open", "1", "seen")
        self.write("strata.yaml", "cache: {keyspaces: {user: {sensitive: true}}}")
        run = self.ok("export")
        self.assertIn("5 entries are not shown", run.err)
        self.assertNotIn("xxx", run.out)
        self.assertEqual(run.out.count('{"redacted":"user"}'), 5)
        self.assertIn("seen", run.out)
        self.assertIn("5 not stored: the export does not show",
                      self.ok("import", "-", stdin=run.bytes).out)

    def test_a_kill_leaves_no_half_of_a_file(self):
        self.fill(2000, size=2000)
        for attempt in range(8):
            process = self.start("export", "out.jsonl")
            try:
                process.wait(timeout=0.01 * attempt)
            except subprocess.TimeoutExpired:
                process.kill()
            process.communicate()
            names = {file.name for file in self.folder.iterdir()}
            self.assertLessEqual(names, {".cache", "filled.jsonl", "out.jsonl"})
            if "out.jsonl" in names:
                last = (self.folder / "out.jsonl").read_text().splitlines()[-1]
                self.assertEqual(json.loads(last)["end"]["entries"], 2000)
                (self.folder / "out.jsonl").unlink()
        self.assertEqual(self.cached(), 2000)


class Import(Upkeep):

    def change(self, how):
        lines = [json.loads(line) for line in self.lines(4).splitlines()]
        how(lines)
        return "".join(json.dumps(line) + "\n" for line in lines).encode()

    def test_what_is_wrong_names_the_line_and_changes_nothing(self):
        def set_in(index, **changes):
            return lambda lines: lines[index].update(changes)
        cases = [
            (set_in(2, written_at="2999-01-01T00:00:00.000Z"), ":3: fresh_until is before"),
            (set_in(2, written_at="yesterday"), ":3: written_at is no time"),
            (set_in(2, valeu="x"), 'unknown member "valeu", did you mean'),
            (set_in(2, schema="one"), ":3: schema is not a whole number"),
            (set_in(2, group=["tag:a"]), "which belongs into labels"),
            (set_in(2, group=["keyspace:other"]), 'group lacks "keyspace:user"'),
            (set_in(0, version=2), ":1: version is 2"),
            (set_in(0, format="other"), ":1: format is not"),
            (set_in(0, exported_at="2999-01-01T00:00:00.000Z"), "exported_at"),
            (lambda lines: lines.insert(2, lines[1]), ":3: the key"),
            (lambda lines: lines.pop(), "ends too early"),
            (lambda lines: lines.pop(2), "lines were added or removed"),
            (lambda lines: lines.append(lines[1]), "behind the last line"),
            (lambda lines: lines.clear(), "nothing in it"),
        ]
        for how, saying in cases:
            with self.subTest(saying=saying):
                self.refused("import", "-", code=1, saying=saying, stdin=self.change(how))
        cut = gzip.compress(b"x" * 99)[:-4]
        for text in (b"\x00\xff", b"{}\n", b"[" * 100000, b"not JSON", cut):
            self.assertIn(self.strata("import", "-", stdin=text).code, (1, 5))
        self.assertEqual(self.cached(), 0)
        self.refused("import", "missing.jsonl", code=1, saying="missing.jsonl")

    def test_good_lines_are_imported_on_request(self):
        bad = self.change(lambda lines: lines[2].update(schema="one"))
        run = self.ok("import", "--skip-bad", "-", stdin=bad, code=1)
        self.assertIn("standard input:3: schema", run.err)
        self.assertIn("stored 3 entries of 3", run.out)
        self.assertEqual(self.cached(), 3)

    def test_what_is_newer_stays(self):
        text = self.lines(4).encode()
        self.ok("put", "user", "1", "newer")
        self.assertIn("would store 3", self.ok("import", "--dry-run", "-", stdin=text).out)
        self.assertEqual(self.cached(), 1)
        run = self.ok("import", "--json", "-", stdin=text).json
        self.assertEqual((run["schema"], run["stored"], run["kept"]), ("strata.import/1", 3, 1))
        self.assertEqual(self.ok("get", "--keyspace", "user", "1").out, "newer")
        self.assertEqual(self.ok("import", "--json", "-", stdin=text).json["kept"], 4)
        self.assertEqual(
            self.ok("import", "--overwrite", "--json", "-", stdin=text).json["stored"], 4)
        self.assertTrue(self.ok("get", "--keyspace", "user", "1").out.startswith("1 x"))

    def test_a_life_is_not_made_longer(self):
        self.fill(1)
        before = self.ok("inspect", "--json").json["entries"][0]
        out = self.ok("export").bytes
        shutil.rmtree(self.folder / ".cache")
        self.ok("import", "-", stdin=out)
        after = self.ok("inspect", "--json").json["entries"][0]
        self.assertLessEqual(after["ttl_left_seconds"], before["ttl_left_seconds"])
        self.assertGreater(after["age_seconds"], 59)
        past = self.change(lambda lines: [line.update(
            written_at="2020-01-01T00:00:00.000Z", fresh_until="2020-01-02T00:00:00.000Z",
            kept_until="2020-01-03T00:00:00.000Z") for line in lines[1:-1]])
        self.assertIn("4 not stored: expired", self.ok("import", "-", stdin=past).out)

    def test_the_configuration_has_its_say(self):
        self.write("strata.yaml", "cache: {keyspaces: {person: {}}}")
        self.refused("import", "-", code=1, stdin=self.lines(2).encode(),
                     saying='no keyspace "user" is configured or cached')
        self.write("strata.yaml", "cache: {keyspaces: {user: {type: person}}}")
        run = self.ok("import", "-", stdin=self.lines(2).encode())
        self.assertIn("2 not stored: this configuration", run.out)
        self.assertIn("stored without type:person", run.err)
        self.write("strata.yaml", "cache: {keyspaces: {user: {sensitive: true}}}")
        self.assertIn("sensitive", self.ok("import", "-", stdin=self.lines(2).encode()).err)
        self.write("strata.yaml", "cache: {sqlite: {enabled: false}}")
        self.refused("import", "-", stdin=self.lines(2).encode(), saying="no tier below memory")

    def test_two_at_once_lose_nothing(self):
        for part in range(2):
            self.write(f"{part}.jsonl", self.lines(200, first=part * 200))
        runs = [self.start("import", f"{part}.jsonl") for part in range(2)]
        for run in runs:
            _, err = run.communicate(timeout=SECONDS)
            self.assertEqual(run.returncode, 0, err)
        self.assertEqual(self.cached(), 400)

    def test_a_kill_leaves_a_sound_cache(self):
        self.write("many.jsonl", self.lines(5000, size=300))
        self.ok("put", "other", "1", "Ada")
        stored = 0
        for attempt in range(8):
            process = self.start("import", "many.jsonl")
            try:
                process.wait(timeout=0.05 * attempt)
            except subprocess.TimeoutExpired:
                process.kill()
            process.communicate()
            self.ok("validate")
            self.assertGreaterEqual(self.cached(), stored, "what was committed stays")
            stored = self.cached()
        self.ok("import", "many.jsonl")
        self.assertEqual(self.cached(), 5001)
        self.assertEqual(self.ok("get", "--keyspace", "other", "1").out, "Ada")


if __name__ == "__main__":
    main()
