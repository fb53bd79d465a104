"""The outbox: rows that a writer's transaction leaves for a relay, which invalidates.

Covers two writers that change one key each, and may die between their commit and their own
invalidation; the sequence numbers of their rows, and when these become visible; a relay that reads
rows in order, invalidates and advances its position, and may die at any step; an ordinary load;
rows that are trimmed. Promise: when everything has come to rest, memory has nothing that the origin
has changed.

Does not cover: how the relay learns that there are rows, other readers of the same outbox, and the
time that all this takes: until the relay comes by, the old value is served.

In SQLite writers are one after the other, so a row's number is handed out and visible in the same
order. In PostgreSQL a number is handed out at the statement and the row is visible at the commit.
"""

from explore import Model
from parts import Tier
from suite import Suite

KEYS = ("a", "b")


class Outbox(Model):

    def __init__(self, variant, origin="sqlite", dies=False, trims=False):
        super().__init__()
        self.variant = variant
        self._serialised = origin == "sqlite"
        self.values = {key: 0 for key in KEYS}
        self.next_number = 1
        self.open_numbers = {}  # of rows in transactions that have not committed: key: number
        self.rows = {}  # visible ones: number: key
        self.trimmed = 0  # the highest number that was trimmed unread
        self.position = 0
        self.relays = 1
        self.memory = Tier("memory")
        for key in KEYS:
            self.memory.fill(key, 0, (key,), 0)
            self.must(f"writer of {key}", self.write(key))
        self.may("writer of a lives on", self.invalidate("a"))
        self.serves("relay", self.relay())
        self.must("load", self.load("a"))
        if dies:
            self.may("crash", self.crash())
            self.serves("next relay", self.next_relay())
        if trims:
            self.may("trimming", self.trim())

    def write(self, key):
        yield "begins, writes the row, takes a number", self.may_begin
        number = self.next_number
        self.next_number += 1
        self.open_numbers[key] = number
        yield "commits, and may die"
        del self.open_numbers[key]
        self.values[key] = 1
        self.rows[number] = key

    def invalidate(self, key):
        yield "invalidates", lambda: self.values[key] == 1
        self.memory.invalidate(key)
        self.reach("writer lives on")

    def may_begin(self):
        return not (self._serialised and self.open_numbers)

    def horizon(self):
        """Where the relay stops: before the oldest number that may still become visible."""
        if self.variant.startswith("waits for open transactions") and self.open_numbers:
            return min(self.open_numbers.values())
        return self.next_number

    def next_row(self, rows=None):
        waiting = [number for number in self.rows if rows is None or number in rows]
        waiting = [number for number in waiting if self.position < number < self.horizon()]
        return min(waiting, default=None)

    def has_gap(self):
        return self.position < self.trimmed and self.variant != "gap not seen"

    def has_work(self):
        return self.has_gap() or self.next_row() is not None or self.asks_later()

    def asks_later(self):
        return (self.variant == "waits for open transactions, asks later"
                and any(number > self.position for number in self.rows))

    def relay(self):
        while True:
            yield "reads the next row", self.has_work
            if self.has_gap():
                number, keys = self.trimmed, KEYS
                self.say("a gap: everything")
            else:
                rows = tuple(sorted(self.rows))
                if self.variant == "waits for open transactions, asks later":
                    yield "asks for the oldest open transaction"
                number = self.next_row(rows)
                if number is None:
                    continue
                keys = (self.rows[number],)
                self.say(f"{number}: {keys[0]}")
            if self.variant == "advances first":
                yield "advances its position"
                self.position = number
            yield "invalidates"
            for key in keys:
                self.memory.invalidate(key)
            self.reach("relayed")
            yield "advances its position"
            self.position = max(self.position, number)

    def crash(self):
        yield "the relay dies"
        self.stop("relay")
        self.relays = 2

    def next_relay(self):
        yield "starts", lambda: self.relays == 2
        yield from self.relay()

    def trim(self):
        yield "removes the oldest row", lambda: bool(self.rows)
        number = min(self.rows)
        del self.rows[number]
        if number > self.position:
            self.trimmed = number
            self.reach("trimmed unread")

    def load(self, key):
        yield "takes its ticket"
        ticket = self.memory.number
        yield "reads the origin"
        value = self.values[key]
        self.say(f"{key} is {value}")
        yield "fills memory"
        self.memory.fill(key, value, (key,), ticket)

    def at_rest(self):
        for key in KEYS:
            value = self.memory.get(key)
            self.require(value in (None, self.values[key]), "memory keeps what the origin changed")


def main():
    suite = Suite("The outbox")
    stale = "memory keeps what the origin changed"
    reached = ("writer lives on", "relayed")
    suite.holds("SQLite: in order, invalidates, then advances", lambda: Outbox("", dies=True),
                *reached)
    suite.holds("PostgreSQL: reads nothing beyond the oldest open transaction",
                lambda: Outbox("waits for open transactions", "postgresql"), *reached)
    suite.holds("rows trimmed unread are a gap, and everything is invalidated",
                lambda: Outbox("", trims=True), *reached, "trimmed unread")
    suite.breaks("PostgreSQL: in order of the numbers that are visible",
                 lambda: Outbox("", "postgresql"), stale)
    suite.breaks("PostgreSQL: asks for the oldest open transaction after it has read the rows",
                 lambda: Outbox("waits for open transactions, asks later", "postgresql"), stale)
    suite.breaks("the position advances before the invalidation",
                 lambda: Outbox("advances first", dies=True), stale)
    suite.breaks("rows trimmed unread are not noticed", lambda: Outbox("gap not seen", trims=True),
                 stale)
    suite.finish()


if __name__ == "__main__":
    main()
