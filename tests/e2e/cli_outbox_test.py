"""outbox: what is installed, shown and removed in the database of an application."""

import os
import sqlite3

from harness import StrataTest, main

INSTALL = ("outbox", "install", "--database", "orders.db")


class Outbox(StrataTest):

    def setUp(self):
        super().setUp()
        self.make_orders()

    def change(self, statement):
        return self.change_origin(statement, "orders.db")

    def notes(self):
        return self.change("SELECT type, id, operation, fields, old_fields FROM strata_outbox"
                           " WHERE operation <> 'gap' ORDER BY seq")

    def schema(self):
        return self.change("SELECT name, sql FROM sqlite_schema ORDER BY name")


class Install(Outbox):

    def test_changes_are_noted_from_then_on(self):
        done = self.install_orders()
        self.assertEqual(done.out, "changes of orders are noted from now on\n")
        self.change("INSERT INTO orders VALUES (1, 7, 9.5)")
        self.change("UPDATE orders SET customer_id = 8")
        self.change("DELETE FROM orders")
        self.assertEqual(self.notes(), [
            ("order", "1", "insert", "'customer_id','7'", None),
            ("order", "1", "update", "'customer_id','8'", "'customer_id','7'"),
            ("order", "1", "delete", None, "'customer_id','8'")])

    def test_installing_again_changes_nothing(self):
        self.assertTrue(self.install_orders("--json").json["changed"])
        before = self.schema()
        self.assertIn("are noted already", self.install_orders().out)
        again = self.install_orders("--json").json
        self.assertEqual((again["schema"], again["changed"], again["statements"]),
                         ("strata.outbox-install/1", False, []))
        self.assertEqual(self.schema(), before)
        self.assertIn("from now on", self.install_orders("--field", "total").out)
        self.assertIn("watched", self.ok("outbox", "status", "--database", "orders.db").out)

    def test_a_dry_run_prints_a_script_that_does_the_same(self):
        before = self.schema()
        script = self.install_orders("--dry-run").out
        self.assertEqual(self.schema(), before)
        self.assertTrue(self.install_orders("--dry-run", "--json").json["dry_run"])
        self.write("script.sql", script)
        self.assertEqual(self.shell("sqlite3 orders.db < script.sql").code, 0)
        self.assertEqual(self.install_orders("--dry-run").out, "-- nothing to do\n")

    def test_what_cannot_be_followed_is_a_warning(self):
        self.change("CREATE UNIQUE INDEX large ON orders (customer_id) WHERE total > 100")
        self.assertIn('"large"', self.install_orders().err)

    def test_names_that_are_wrong_are_refused_with_the_nearest(self):
        before = self.schema()
        for words, saying in (
                (("--table", "order", "--type", "o", "--id", "id"), 'did you mean "orders"'),
                (("--table", "orders", "--type", "o", "--id", "ids"), 'did you mean "id"'),
                (("--table", "orders", "--type", "o", "--id", "id", "--field", "custmer_id"),
                 'did you mean "customer_id"'),
                (("--type", "o", "--id", "id"), "--table is missing"),
                (("--table", "orders", "--id", "id"), "--type is missing"),
                (("--table", "orders", "--type", "o"), "--id is missing"),
                (("--table", "orders", "--type", "o", "--id", "id", "--max-rows", "-1"),
                 "whole number"),
                (("--table", "orders", "--type", "o", "--id", "id", "--max-rows", "0"),
                 '--max-rows: "0" is not a whole number from 1 to 4611686018427387904'),
                (("--table", "orders", "--type", "o", "--id", "id",
                  "--max-rows", "4611686018427387905"),
                 '--max-rows: "4611686018427387905" is not a whole number from 1'),
                (("--table", "orders", "--type", "or*", "--id", "id"), '"or*" has a wildcard'),
                (("--table", "orders", "--type", "or der", "--id", "id"), '"or der" has a blank'),
                (("--table", "orders", "--type", "t" * 200, "--id", "id"), "the limit is 128")):
            self.refused(*INSTALL, *words, saying=saying)
        self.refused("outbox", "install", "--table", "orders", saying="--database is missing")
        self.refused("outbox", "instal", saying='did you mean "install"')
        self.assertEqual(self.schema(), before)

    def test_files_that_are_no_databases_are_errors_that_say_why(self):
        rest = ("--table", "orders", "--type", "o", "--id", "id")
        self.refused("outbox", "install", "--database", "none.db", *rest, code=1,
                     saying="No such file")
        self.assertFalse((self.folder / "none.db").exists())
        self.write("text.db", "x" * 4096)
        self.refused("outbox", "install", "--database", "text.db", *rest,
                     saying="is not a SQLite database")
        self.refused("outbox", "install", "--database", ".", *rest, code=1, saying="directory")

    def test_a_locked_database_is_an_error_that_says_so(self):
        database = sqlite3.connect(self.folder / "orders.db")
        database.execute("BEGIN EXCLUSIVE")
        self.refused("outbox", "status", "--database", "orders.db", code=1,
                     saying="locked by another program")
        database.close()

    def test_a_file_that_may_not_be_written_is_an_error_that_says_so(self):
        if os.geteuid() == 0:  # To root everything may be written; a folder that is a file may not.
            os.rename(self.folder / "orders.db", self.folder / "file")
            self.refused("outbox", "install", "--database", "file/orders.db", "--table", "orders",
                         "--type", "o", "--id", "id", code=1, saying="Not a directory")
            return
        os.chmod(self.folder / "orders.db", 0o400)
        self.refused(*INSTALL, "--table", "orders", "--type", "o", "--id", "id", code=1,
                     saying="may not be written")


class Status(Outbox):

    def test_it_tells_tables_rows_and_readers(self):
        self.install_orders("--max-rows", "50")
        self.change("INSERT INTO orders VALUES (1, 7, 9.5)")
        self.change("INSERT INTO strata_outbox_readers"
                    " SELECT 'shop', 1, 0, outbox FROM strata_outbox_meta")
        told = self.ok("outbox", "status", "--database", "orders.db", "--json").json
        self.assertEqual(told["schema"], "strata.outbox-status/1")
        self.assertEqual((told["rows"], told["max_rows"]), (2, 50))
        self.assertEqual(told["tables"], [{"table": "orders", "type": "order", "id": "id",
                                           "fields": ["customer_id"], "state": "watched"}])
        self.assertEqual((told["readers"][0]["reader"], told["readers"][0]["behind"],
                          told["readers"][0]["misses_rows"]), ("shop", 1, False))
        table = self.ok("outbox", "status", "--database", "orders.db")
        self.assertIn("orders  order  id  customer_id  watched", table.out)
        self.assertIn("2 rows in the outbox", table.err)

    def test_a_database_without_an_outbox_is_not_found(self):
        self.refused("outbox", "status", "--database", "orders.db", code=3, saying="has no outbox")

    def test_tables_whose_triggers_are_gone_are_told_about(self):
        self.install_orders()
        self.change("DROP TABLE orders")
        told = self.ok("outbox", "status", "--database", "orders.db", code=4)
        self.assertIn("lost", told.out)
        self.assertIn("install again", told.err)


class Remove(Outbox):

    def test_without_confirm_nothing_goes_and_the_exit_code_says_so(self):
        self.install_orders()
        before = self.schema()
        told = self.ok("outbox", "remove", "--database", "orders.db", "--all", code=2)
        self.assertIn("DROP TABLE strata_outbox;", told.out)
        self.assertIn("nothing was removed; --confirm removes it", told.err)
        self.ok("outbox", "remove", "--database", "orders.db", "--table", "orders", "--dry-run")
        self.assertEqual(self.schema(), before)

    def test_a_table_or_all_goes(self):
        before = self.schema()
        self.install_orders()
        told = self.ok("outbox", "remove", "--database", "orders.db", "--table", "orders",
                       "--confirm")
        self.assertIn("no longer noted", told.out)
        self.change("INSERT INTO orders VALUES (1, 7, 9.5)")
        self.assertEqual(self.notes(), [])
        told = self.ok("outbox", "remove", "--database", "orders.db", "--all", "--confirm",
                       "--json").json
        self.assertTrue(told["removed"])
        self.assertEqual([row for row in self.schema() if row[0] != "sqlite_sequence"], before)

    def test_where_there_is_none_nothing_is_said_to_be_removed(self):
        remove = ("outbox", "remove", "--database", "orders.db", "--all")
        for more in ((), ("--confirm",)):
            self.assertEqual(self.ok(*remove, *more).out, "there is no outbox\n")
            self.assertFalse(self.ok(*remove, *more, "--json").json["removed"])
        self.assertEqual(self.ok(*remove, "--dry-run").out, "-- nothing to do\n")

    def test_wrong_arguments_are_refused_with_a_reason(self):
        remove = ("outbox", "remove", "--database", "orders.db")
        self.refused(*remove, "--confirm", saying="say what to remove")
        self.refused(*remove, "--all", "--table", "orders", saying="say what to remove")
        self.refused("outbox", "remove", "--all", saying="--database is missing")
        self.install_orders()
        self.refused(*remove, "--table", "order", "--confirm", saying='did you mean "orders"')


if __name__ == "__main__":
    main()
