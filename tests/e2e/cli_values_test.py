"""get, put, erase: values through the real program."""

import base64
import datetime
import http.server
import json
import threading

from harness import CONFIG, SECONDS, StrataTest, main


class Versioned(http.server.BaseHTTPRequestHandler):
    """An origin that says which version its answer is, and since when it has it."""

    def do_GET(self):
        self.send_response(200)
        self.send_header("ETag", '"v1"')
        self.send_header("Last-Modified", "Fri, 02 Jan 2026 03:04:05 GMT")
        self.send_header("Content-Length", "4")
        self.end_headers()
        self.wfile.write(b"page")

    def log_message(self, *_):
        pass


class Put(StrataTest):

    def test_a_value_comes_back_in_another_process(self):
        self.ok("put", "user", "42", "Ada", "--ttl", "1h", "--tag", "org:7")
        self.assertEqual(self.ok("get", "--keyspace", "user", "42").bytes, b"Ada")

    def test_any_bytes_come_back_as_they_were(self):
        for value in (b"", b"\n", b"\0", bytes(range(256)) * 3, b"\xff\xfe", "é\n".encode()):
            self.ok("put", "blob", "x", "-", stdin=value)
            self.assertEqual(self.ok("get", "--keyspace", "blob", "x").bytes, value)
            shown = self.ok("get", "--keyspace", "blob", "x", "--json").json
            known = shown.get("value", "").encode() or base64.b64decode(
                shown.get("value_base64", ""))
            self.assertEqual(known, value)
            self.assertEqual(shown["size_bytes"], len(value))

    def test_any_text_may_be_a_value_or_an_id(self):
        for text in ("[1,2]", "{}", "++", "a b", "a:b:c", "%2F", "stats", "日本"):
            self.ok("put", "odd", text, text)
            self.assertEqual(self.ok("get", "--keyspace", "odd", text).out, text)
        self.ok("put", "odd", "dash", "--", "-x")
        self.assertEqual(self.ok("get", "--keyspace", "odd", "dash").out, "-x")

    def test_a_later_value_takes_the_place_of_an_earlier_one(self):
        for value in ("first", "second"):
            self.ok("put", "user", "42", value)
        self.assertEqual(self.ok("get", "--keyspace", "user", "42").out, "second")
        self.assertEqual(self.ok("inspect", "--json").json["matched"], 1)

    def test_a_closed_standard_input_is_no_empty_value(self):
        self.ok("put", "user", "42", "old")
        run = self.shell("strata put user 42 - <&-")
        self.assertEqual(run.code, 1, run)
        self.assertIn("standard input", run.err)
        self.assertEqual(self.ok("get", "--keyspace", "user", "42").out, "old")

    def test_an_empty_id_is_refused(self):
        self.refused("put", "user", "", "x", saying="the ID is empty")
        self.refused("erase", "user", "", saying="the ID is empty")

    def test_a_value_that_is_too_large_changes_nothing(self):
        self.ok("put", "user", "42", "old")
        self.refused("put", "user", "42", "-", stdin=b"x" * ((1 << 20) + 1),
                     saying="max_value_bytes")
        self.refused("put", "user", "42", "-", stdin=b"x" * ((64 << 20) + 1),
                     saying="standard input is larger than 67108864 bytes")
        self.assertEqual(self.ok("get", "--keyspace", "user", "42").out, "old")
        self.ok("put", "user", "42", "-", stdin=b"x" * (1 << 20))
        self.assertEqual(len(self.ok("get", "--keyspace", "user", "42").bytes), 1 << 20)

    def test_what_cannot_be_kept_is_an_error_that_says_why(self):
        self.write("strata.yaml", """
cache:
  keyspaces:
    secret: {sensitive: true}
    off: {enabled: false}
    brief: {ttl: 0}
    memory: {tiers: [memory]}
""")
        for keyspace, reason in (("secret", "sensitive"), ("off", "switched off"),
                                 ("brief", "ttl of 0"), ("memory", "outlives the program")):
            self.refused("put", keyspace, "1", "x", code=1, saying=reason)
        self.refused("put", "user", "1", "x", "--ttl", "0", code=2, saying="nothing was changed")

    def test_wrong_arguments_are_refused_with_a_reason(self):
        cases = (
            (("put",), "KEYSPACE is missing"),
            (("put", "user", "42"), "VALUE is missing"),
            (("put", "a b", "42", "x"), "keyspace"),
            (("put", "", "42", "x"), "keyspace"),
            (("put", "k" * 65, "42", "x"), "keyspace"),
            (("put", "user", "i" * 1100, "x"), "1024"),
            (("put", "user", "42", "x", "--ttl", "soon"), "--ttl"),
            (("put", "user", "42", "x", "--ttl", "-1h"), "--ttl"),
            (("put", "user", "42", "x", "--tag", ""), "tag"),
            (("put", "user", "42", "x", "--tag", "t" * 129), "128"),
            (("put", "user", "42", "x", "--tag", "a\nb"), "tag"),
            (("put", "user", "42", "x", *["--tag=t%d" % i for i in range(33)]), "32"),
        )
        for words, saying in cases:
            with self.subTest(words=words):
                self.refused(*words, saying=saying)

    def test_json_tells_what_was_stored(self):
        stored = self.ok("put", "user", "42", "Ada", "--json").json
        self.assertEqual(stored, {"schema": "strata.put/1", "keyspace": "user", "id": "42",
                                  "size_bytes": 3})


class Get(StrataTest):

    def test_what_is_not_there_is_not_found(self):
        self.refused("get", "--keyspace", "user", "42", code=3,
                     saying="user:42 is not in the cache")
        error = self.ok("get", "--keyspace", "user", "42", "--json", code=3).json
        self.assertEqual((error["schema"], error["exit_code"]), ("strata.error/1", 3))
        self.assertEqual(list(self.folder.iterdir()), [], "looking creates nothing")

    def test_a_request_is_one_look_up_in_sqlite(self):
        self.ok("put", "user", "42", "Ada")
        self.ok("get", "--keyspace", "user", "42")
        for _ in range(3):
            self.ok("get", "--keyspace", "user", "43", code=3)
        sqlite = self.ok("stats", "--json").json["by_tier"]["sqlite"]
        self.assertEqual((sqlite["hits"], sqlite["misses"]), (1, 3))

    def test_times_and_version_are_told(self):
        with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Versioned) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            self.configure(CONFIG + f"""
    pages:
      ttl: 1h
      ttl_jitter: 0
      http: {{url: "http://127.0.0.1:{server.server_address[1]}/{{id}}", allow_private: true}}
""")
            loaded = self.ok("get", "pages", "id=1", "--json").json
            server.shutdown()
        cached = self.ok("get", "pages", "id=1", "--json").json
        listed = self.ok("inspect", "--json").json["entries"][0]
        for told in (loaded, cached, listed):
            self.assertEqual(told["version"], '"v1"')
            self.assertEqual(told["source_last_modified"], "2026-01-02T03:04:05.000Z")
            created, expires = (datetime.datetime.fromisoformat(told[name].replace("Z", "+00:00"))
                                for name in ("created_at", "expires_at"))
            self.assertAlmostEqual((expires - created).total_seconds(), 3600, delta=0.01)
            age = datetime.datetime.now(datetime.timezone.utc) - created
            self.assertLess(abs(age.total_seconds()), SECONDS)
            self.assertTrue(told["created_at"].endswith("Z"))
        explained = self.ok("get", "pages", "id=1", "--explain").err
        self.assertIn('version    "v1"', explained)
        self.assertIn("modified   2026-01-02T03:04:05.000Z", explained)

    def test_what_never_ends_has_no_end(self):
        self.ok("put", "user", "42", "Ada", "--ttl", "never")
        self.assertIsNone(self.ok("get", "--keyspace", "user", "42", "--json").json["expires_at"])
        self.assertIsNone(self.ok("inspect", "--json").json["entries"][0]["expires_at"])

    def test_a_source_is_asked_once(self):
        self.configure()
        first = self.ok("get", "packages", "name=bash", "--json").json
        self.assertEqual((first["outcome"], first["tier"]), ("loaded", "source"))
        self.assertEqual(json.loads(first["value"])["name"], "bash")
        self.change_origin("UPDATE package SET version = 'new' WHERE name = 'bash'")
        second = self.ok("get", "packages", "name=bash", "--json").json
        self.assertEqual((second["outcome"], second["tier"]), ("hit", "sqlite"))
        self.assertEqual(second["value"], first["value"])
        self.assertIn("tag:package:bash", second["labels"])
        self.assertIn("source:packages", second["labels"])
        self.assertGreater(second["fresh_for_seconds"], 3000)
        self.assertGreaterEqual(second["age_seconds"], 0)
        self.assertGreater(second["load_cost_seconds"], 0)

    def test_no_cache_asks_the_source_and_stores_the_answer(self):
        self.configure()
        self.ok("get", "packages", "name=bash")
        self.change_origin("UPDATE package SET version = 'new' WHERE name = 'bash'")
        self.assertIn('"new"', self.ok("get", "packages", "name=bash", "--no-cache").out)
        self.assertIn('"new"', self.ok("get", "packages", "name=bash").out)

    def test_explain_goes_to_standard_error(self):
        self.configure()
        plain = self.ok("get", "packages", "name=bash")
        self.assertEqual(plain.err, "")
        explained = self.ok("get", "packages", "name=bash", "--explain")
        self.assertEqual(explained.out, plain.out)
        for fact in ("outcome    hit", "from       sqlite", "age ", "fresh for ", "load cost ",
                     "tag:package:bash"):
            self.assertIn(fact, explained.err)

    def test_a_value_past_its_ttl_is_said_to_be_stale(self):
        self.configure(CONFIG.replace("ttl: 1h", "ttl: 1ms\n      keep_for: 1h"))
        fresh = self.ok("get", "packages", "name=bash")
        (self.folder / "packages.db").unlink()
        stale = self.ok("get", "packages", "name=bash", code=4)
        self.assertEqual(stale.out, fresh.out)
        self.assertIn("past its ttl", stale.err)

    def test_a_source_that_fails_is_a_failure(self):
        self.configure()
        (self.folder / "packages.db").unlink()
        self.refused("get", "packages", "name=bash", code=1, saying="packages.db")
        self.ok("put", "user", "42", "Ada")
        self.ok("inspect")

    def test_what_the_source_does_not_know_is_not_found(self):
        self.configure()
        self.refused("get", "packages", "name=nonsense", code=3, saying="does not exist")

    def test_wrong_arguments_are_refused_with_a_reason(self):
        self.configure()
        cases = (
            (("get",), "SOURCE is missing"),
            (("get", "package", "name=bash"), "packages"),
            (("get", "packages"), "name"),
            (("get", "packages", "nam=bash"), "nam"),
            (("get", "packages", "name=bash", "name=curl"), "name"),
            (("get", "packages", "bash"), "write name=value"),
            (("get", "packages", "=bash"), "write name=value"),
            (("get", "--keyspace", "user"), "SOURCE is missing"),
            (("get", "--keyspace", "user", "42", "43"), "unexpected argument"),
            (("get", "--keyspace", "user", "42", "--no-cache"), "--no-cache"),
            (("get", "--keyspace", "a b", "42"), "keyspace"),
        )
        for words, saying in cases:
            with self.subTest(words=words):
                self.refused(*words, saying=saying)

    def test_without_a_configuration_there_is_no_source(self):
        self.refused("get", "packages", "name=bash", saying="no source")


class SourceKeys(StrataTest):
    """What inspect prints of a source's values is what other commands take."""

    def setUp(self):
        super().setUp()
        self.configure()
        self.ok("get", "packages", "name=bash")

    def shown(self):
        return self.ok("inspect", "--json").json["entries"][0]["name"]

    def test_invalidate_and_erase_take_what_inspect_prints(self):
        self.assertEqual(self.shown(), "name=bash")
        self.assertEqual(
            self.ok("invalidate", "--key", "packages:name=bash", "--json").json["entries"], 1)
        self.ok("get", "packages", "name=bash")
        self.assertEqual(self.ok("erase", "packages", "name=bash", "--json").json["existed"], True)
        self.ok("get", "--keyspace", "packages", "name=bash", code=3)

    def test_nothing_is_put_into_a_source(self):
        self.refused("put", "packages", "name=bash", "x", saying="is a source")
        self.refused("erase", "packages", "bash", saying="not a parameter")
        self.refused("erase", "packages", "colour=red", saying="colour")


class Erase(StrataTest):

    def test_an_erased_value_is_gone(self):
        self.ok("put", "user", "42", "Ada")
        self.ok("put", "user", "43", "Bob")
        self.assertIn("erased user:42", self.ok("erase", "user", "42").err)
        self.ok("get", "--keyspace", "user", "42", code=3)
        self.assertIs(self.ok("erase", "user", "43", "--json").json["existed"], True)
        self.ok("get", "--keyspace", "user", "43", code=3)

    def test_erasing_what_is_not_there_is_no_error(self):
        self.ok("put", "user", "1", "Ada")
        run = self.ok("erase", "user", "42")
        self.assertIn("user:42 was not cached", run.err)
        self.assertNotIn("erased", run.err)
        erased = self.ok("erase", "user", "42", "--json").json
        self.assertEqual(erased, {"schema": "strata.erase/1", "keyspace": "user", "id": "42",
                                  "existed": False})
        self.assertEqual(self.ok("stats", "--json").json["by_tier"]["sqlite"]["misses"], 0)

    def test_wrong_arguments_are_refused_with_a_reason(self):
        self.refused("erase", "user", saying="ID is missing")
        self.refused("erase", "a b", "42", saying="keyspace")
        self.refused("erase", "user", "42", "43", saying="unexpected argument")


if __name__ == "__main__":
    main()
