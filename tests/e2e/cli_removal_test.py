"""invalidate, purge, clear-expired, inspect: what is there, and how it goes."""

from harness import StrataTest, main


class Filled(StrataTest):
    """Six entries in three keyspaces, two of them from a source."""

    def setUp(self):
        super().setUp()
        self.configure()
        self.ok("put", "user", "1", "Ada", "--tag", "org:7")
        self.ok("put", "user", "2", "Bob", "--tag", "org:7", "--tag", "admin", "--ttl", "2h")
        self.ok("put", "page", "home", "x" * 5000)
        self.ok("put", "page", "old", "x", "--ttl", "1ms")
        self.ok("get", "packages", "name=bash")
        self.ok("get", "packages", "name=a56")

    def ids(self, *filters):
        """What `inspect` lists, without what has expired and may be gone at any time."""
        entries = self.ok("inspect", "--json", *filters).json["entries"]
        return [f"{entry['keyspace']}:{entry['name']}" for entry in entries
                if entry["name"] != "old"]

    ALL = ["packages:name=a56", "packages:name=bash", "page:home", "user:1", "user:2"]


class Inspect(Filled):

    def test_everything_is_listed_once(self):
        self.assertEqual(self.ids(), self.ALL)
        table = self.ok("inspect")
        self.assertIn("KEYSPACE", table.out.splitlines()[0])
        self.assertIn("org:7 admin", table.out)
        self.assertIn("4.88 KiB", table.out)
        self.assertIn("entries", table.err)

    def test_filters_narrow_the_list_down(self):
        self.assertEqual(self.ids("--keyspace", "user"), ["user:1", "user:2"])
        self.assertEqual(self.ids("--tag", "admin"), ["user:2"])
        self.assertEqual(self.ids("--tag", "org:7", "--prefix", "1"), ["user:1"])
        self.assertEqual(self.ids("--source", "packages", "--prefix", "name=bash"),
                         ["packages:name=bash"])
        self.assertEqual(self.ids("--keyspace", "nobody"), [])
        self.assertEqual(self.ids("--expired"), [])

    def test_a_prefix_ends_with_a_segment(self):
        names = ("issue", "issue:7", "issue/7", "issue_type", "issue_type:7", "issues", "4", "42")
        for name in names:
            self.ok("put", "prefix", name, "x")

        def found(prefix):
            entries = self.ok("inspect", "--json", "--keyspace", "prefix", "--prefix", prefix)
            return {entry["name"] for entry in entries.json["entries"]}
        self.assertEqual(found("issue"), {"issue", "issue:7", "issue/7"})
        self.assertEqual(found("issue_"), {"issue_type", "issue_type:7"})
        self.assertEqual(found("issue:"), {"issue:7"})
        self.assertEqual(found("issue_t"), set())
        self.assertEqual(found("4"), {"4"})
        self.assertEqual(found(""), set(names))
        self.ok("purge", "--keyspace", "prefix", "--prefix", "issue", "--confirm")
        self.assertEqual(found(""), {"issue_type", "issue_type:7", "issues", "4", "42"})

    def test_the_order_and_the_number_can_be_chosen(self):
        self.assertEqual(self.ids("--sort", "size")[0], "page:home")
        self.assertEqual(self.ids("--sort", "ttl")[-1], "user:2")
        self.assertEqual(self.ids("--sort", "age", "--limit", "1"), ["user:1"])
        shown = self.ok("inspect", "--limit", "2", "--keyspace", "user", "--json").json
        self.assertEqual((shown["matched"], shown["shown"]), (2, 2))
        shown = self.ok("inspect", "--limit", "1", "--keyspace", "user", "--json").json
        self.assertEqual((shown["matched"], shown["shown"]), (2, 1))
        self.assertIn("1 shown", self.ok("inspect", "--limit", "1", "--keyspace", "user").err)
        self.assertEqual(self.ids("--limit", "0"), self.ALL)

    def test_an_entry_says_what_is_known_about_it(self):
        entry = self.ok("inspect", "--prefix", "2", "--json").json["entries"][0]
        self.assertEqual(entry["key"], "1:user::2:")
        self.assertEqual(entry["tags"], ["org:7", "admin"])
        self.assertEqual((entry["state"], entry["negative"], entry["tier"], entry["size_bytes"]),
                         ("fresh", False, "sqlite", 3))
        self.assertGreater(entry["ttl_left_seconds"], 6000)

    def test_wrong_arguments_are_refused_with_a_reason(self):
        self.refused("inspect", "--sort", "sise", saying='did you mean "size"')
        self.refused("inspect", "--limit", "-1", saying="whole number")
        self.refused("inspect", "user", saying="unexpected argument")


class Invalidate(Filled):

    def test_each_kind_of_label_reaches_what_carries_it(self):
        cases = (("--tag", "admin", ["user:2"]),
                 ("--key", "user:1", ["user:1"]),
                 ("--key", "1:page::home:", ["page:home"]),
                 ("--source", "packages", ["packages:name=a56", "packages:name=bash"]))
        left = list(self.ALL)
        for option, label, gone in cases:
            would = self.ok("invalidate", option, label, "--dry-run")
            self.assertIn(f"would invalidate {len(gone)} entr", would.out)
            self.assertEqual(self.ids(), left, "a dry run changes nothing")
            done = self.ok("invalidate", option, label, "--json").json
            self.assertEqual((done["entries"], done["dry_run"]), (len(gone), False))
            left = [name for name in left if name not in gone]
            self.assertEqual(self.ids(), left)

    def test_several_labels_add_up(self):
        done = self.ok("invalidate", "--tag", "admin", "--tag", "nothing", "--keyspace", "packages")
        self.assertIn("invalidated 3 entries", done.out)
        self.assertEqual(self.ids(), ["page:home", "user:1"])

    def test_filters_select_alone_and_narrow_labels_down(self):
        self.ok("put", "users", "1", "x")
        would = self.ok("invalidate", "--prefix", "user", "--dry-run", "--json").json
        self.assertEqual((would["entries"], would["tiers"]), (2, []))
        self.assertIn(" 0 entries", self.ok("invalidate", "--older-than", "1d").out)
        done = self.ok("invalidate", "--tag", "org:7", "--prefix", "user:1").out
        self.assertIn("invalidated 1 entry", done)
        done = self.ok("invalidate", "--prefix", "packages", "--older-than", "0s", "--json").json
        self.assertEqual(done["entries"], 2)
        self.assertEqual({tier["tier"] for tier in done["tiers"]}, {"sqlite", "memory"})
        self.assertEqual(self.ids(), ["page:home", "user:2", "users:1"])

    def test_soft_ends_the_ttl_and_nothing_else(self):
        self.configure_stale()
        self.ok("put", "doc", "1", "old", "--tag", "doc:1")
        self.assertIn("expired 1 entry", self.ok("invalidate", "--tag", "doc:1", "--soft").out)
        stale = self.ok("get", "--keyspace", "doc", "1", code=4)
        self.assertEqual(stale.out, "old")
        self.ok("invalidate", "--tag", "doc:1")
        self.ok("get", "--keyspace", "doc", "1", code=3)

    def configure_stale(self):
        self.write("strata.yaml", "cache: {keyspaces: {doc: {ttl: 1h, stale_for: 1h}}}\n")

    def test_a_write_reaches_the_item_and_its_lists(self):
        self.ok("put", "board", "open", "12", "--tag", "issue:lists")
        self.ok("put", "card", "12", "x", "--tag", "issue:12")
        self.ok("put", "card", "13", "x", "--tag", "issue:13")
        words = ("invalidate", "--write", "issue:12", "--field", "status=closed",
                 "--old", "status=open")
        self.assertIn("would invalidate 2 entries", self.ok(*words, "--dry-run").out)
        told = self.ok(*words, "--json").json
        self.assertEqual((told["entries"], told["rules"], told["incomplete"]), (2, [], False))
        self.assertEqual(self.ids("--keyspace", "card"), ["card:13"])
        self.refused("invalidate", "--write", "issue", saying="write TYPE:ID")

    def test_a_source_is_asked_again_afterwards(self):
        self.change_origin("UPDATE package SET version = 'new' WHERE name = 'bash'")
        self.ok("invalidate", "--tag", "package:bash")
        self.assertIn('"new"', self.ok("get", "packages", "name=bash").out)

    def test_wrong_arguments_are_refused_with_a_reason(self):
        self.refused("invalidate", saying="say what to invalidate")
        self.refused("invalidate", "--dry-run", saying="say what to invalidate")
        self.refused("invalidate", "--key", "user", saying="write KEYSPACE:ID")
        self.refused("invalidate", "--tag", "", saying="tag")
        self.refused("invalidate", "--tag", "a" * 129, saying="128")
        self.refused("invalidate", "--source", "\n", saying="source")
        self.refused("invalidate", "--tag", "org:*", saying='"org:*"')
        self.refused("invalidate", "--prefix", "", saying="purge --all")
        self.refused("invalidate", "--older-than", "soon", saying="--older-than")
        self.assertEqual(self.ids(), self.ALL)


class Purge(Filled):

    def test_without_confirm_nothing_goes_and_the_exit_code_says_so(self):
        would = self.ok("purge", "--all", code=2)
        self.assertIn("would remove", would.out)
        self.assertIn("nothing was removed; --confirm removes it", would.err)
        self.ok("purge", "--all", "--dry-run")
        self.ok("purge", "--all", "--dry-run", "--confirm")
        told = self.ok("purge", "--keyspace", "user", "--dry-run", "--json").json
        self.assertEqual((told["removed"], told["entries"]), (False, 2))
        self.assertEqual(told["by_keyspace"]["user"], {"entries": 2, "size_bytes": 6})
        self.assertEqual(self.ids(), self.ALL)

    def test_each_filter_removes_what_it_selects(self):
        cases = ((("--tag", "admin"), ["user:2"]),
                 (("--prefix", "name=bash"), ["packages:name=bash"]),
                 (("--source", "packages"), ["packages:name=a56"]),
                 (("--keyspace", "page"), ["page:home"]),
                 (("--older-than", "0s"), ["user:1"]))
        left = list(self.ALL)
        for filters, gone in cases:
            self.ok("purge", *filters, "--confirm")
            left = [name for name in left if name not in gone]
            self.assertEqual(self.ids(), left, filters)

    def test_filters_are_joined_by_and(self):
        self.ok("purge", "--tag", "org:7", "--prefix", "1", "--keyspace", "user", "--confirm")
        self.assertEqual(self.ids("--keyspace", "user"), ["user:2"])
        told = self.ok("purge", "--source", "packages", "--older-than", "30d", "--confirm")
        self.assertIn("removed 0 entries", told.out)

    def test_dates_select_what_was_written_before(self):
        self.ok("purge", "--before", "2020-01-01", "--confirm")
        self.assertEqual(self.ids(), self.ALL)
        self.ok("purge", "--before", "2200-01-01T00:00:00Z", "--keyspace", "page", "--confirm")
        self.assertEqual(self.ids("--keyspace", "page"), [])

    def test_all_removes_everything_for_good(self):
        self.assertIn("removed", self.ok("purge", "--all", "--confirm").out)
        self.assertEqual(self.ids(), [])
        self.ok("get", "--keyspace", "user", "1", code=3)
        self.ok("put", "user", "1", "again")
        self.assertEqual(self.ids(), ["user:1"])

    def test_wrong_arguments_are_refused_with_a_reason(self):
        self.refused("purge", saying="say what to purge")
        self.refused("purge", "--confirm", saying="say what to purge")
        self.refused("purge", "--all", "--tag", "a", saying="takes no filter")
        self.refused("purge", "--older-than", "yesterday", saying="--older-than")
        self.refused("purge", "--before", "yesterday", saying="is not a date")
        self.refused("purge", "--al", saying='did you mean "--all"')
        self.assertEqual(self.ids(), self.ALL)


class ClearExpired(Filled):

    def test_only_what_is_not_served_any_more_goes(self):
        self.ok("get", "--keyspace", "page", "old", code=3)
        told = self.ok("clear-expired", "--json").json
        self.assertEqual(told["schema"], "strata.clear-expired/1")
        self.assertLessEqual(told["entries"], 1)
        self.assertEqual(self.ok("inspect", "--json").json["matched"], len(self.ALL))
        self.assertIn("removed 0 expired entries", self.ok("clear-expired").out)

    def test_of_an_empty_cache_nothing_goes(self):
        self.ok("purge", "--all", "--confirm")
        self.assertIn("removed 0 expired entries", self.ok("clear-expired").out)


class Explain(Filled):

    def test_a_key_is_explained_by_each_of_its_names(self):
        for key in ("user:2", "1:user::2:"):
            told = self.ok("explain", key, "--json").json
            self.assertEqual((told["schema"], told["key"]), ("strata.explain/1", "1:user::2:"))
            self.assertEqual(told["places"][0]["tier"], "sqlite")
            self.assertEqual(told["places"][0]["labels"],
                             ["keyspace:user", "tag:org:7", "tag:admin"])
            self.assertGreater(told["places"][0]["fresh_left_seconds"], 6000)
            self.assertEqual((told["miss"], told["history"]), (None, []))
        self.assertIn("package:bash", self.ok("explain", "packages:name=bash").out)

    def test_what_left_the_file_is_explained_by_the_next_process(self):
        self.ok("put", "issue", "12", "v", "--tag", "issue:12")
        self.ok("invalidate", "--tag", "issue:12")
        told = self.ok("explain", "issue:12", "--json").json
        self.assertEqual((told["places"], told["miss"]), ([], "invalidated"))
        self.assertEqual(len(told["history"]), 1)
        self.assertRegex(told["history"][0],
                         r"^invalidated in sqlite by tag issue:12 <- .*invalidate.*ago$")
        self.assertIn("it was made wrong by a change", self.ok("explain", "issue:12").out)
        self.ok("erase", "user", "1")
        told = self.ok("explain", "user:1", "--json").json
        self.assertEqual(told["miss"], "erased")
        self.assertRegex(told["history"][0], r"^erased in sqlite by erase 1:user::1: <- ")
        # Whoever looks once more is told the same.
        self.assertEqual(self.ok("explain", "issue:12", "--json").json["miss"], "invalidated")

    def test_what_is_not_known_has_an_exit_code_of_its_own(self):
        self.refused("explain", "user:77", code=3, saying="nothing is known of it")
        self.ok("invalidate", "--key", "user:2")
        self.refused("explain", "user", saying="write KEYSPACE:ID")


class Labels(Filled):

    def test_labels_are_counted_and_the_largest_come_first(self):
        told = self.ok("labels", "--json").json
        entries = {one["label"]: one["entries"] for one in told["labels"]}
        self.assertEqual(entries["tag:org:7"], 2)
        self.assertEqual(entries["source:packages"], 2)
        self.assertEqual(told["labels"][0]["label"], "keyspace:page")
        self.assertEqual(told["uncounted"], 0)
        sizes = [one["size_bytes"] for one in told["labels"]]
        self.assertEqual(sizes, sorted(sizes, reverse=True))

    def test_kinds_and_numbers_can_be_chosen(self):
        told = self.ok("labels", "--kind", "tag", "--top", "2", "--json").json
        self.assertEqual((told["counted"], told["shown"]), (4, 2))
        self.assertEqual({one["kind"] for one in told["labels"]}, {"tag"})
        self.assertIn("--all shows all", self.ok("labels", "--kind", "tag", "--top", "2").err)
        self.assertEqual(self.ok("labels", "--kind", "tag", "--all", "--json").json["shown"], 4)
        self.refused("labels", "--kind", "tags", saying='did you mean "tag"')


class Empty(StrataTest):

    def test_nothing_is_created_by_looking(self):
        self.assertIn("no cache at .cache/strata.db yet", self.ok("inspect").err)
        for words in (("stats",), ("labels",), ("invalidate", "--tag", "a"),
                      ("invalidate", "--prefix", "a"), ("purge", "--all", "--confirm"),
                      ("clear-expired",), ("erase", "user", "1")):
            self.ok(*words)
        self.assertEqual(list(self.folder.iterdir()), [])


if __name__ == "__main__":
    main()
