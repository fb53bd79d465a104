"""Soft expiry: what expire() marks as past its ttl, and what invalidate() removes, overlapping.

Covers memory and the file tier below it: an expire and an invalidation of the same label, in any
order and overlap; a load from before and one from after them; a look-up that promotes; the writer
of the file that makes tombstones permanent; a late reader. Promises: when expire has returned, no
later read returns an older value as fresh; when the invalidation has returned, no later read
returns an older value at all; what is loaded afterwards is fresh again.

Does not cover: real lives (a value is fresh or past its ttl, and stale_for is for ever), keep_for,
crashes, and values that are computed from stale ones. A promotion of a stale value may overtake a
newer load: that costs a hit and breaks no promise.

Entries are (version, number, is fresh). Rows of the file are the same.
"""

from explore import Model, Part
from suite import Suite


class Memory(Part):

    def __init__(self):
        super().__init__("memory")
        self.number = 0
        self.last = 0
        self.entry = None

    def fill(self, version, is_fresh, ticket):
        if self.last > ticket:
            return False
        self.entry = (version, self.number, is_fresh)
        return True

    def raise_number(self):
        self.number += 1
        self.last = self.number
        return self.number

    def mark(self, number):
        """Marks what was accepted before the number."""
        if self.entry is not None and self.entry[1] < number:
            self.entry = (*self.entry[:2], False)

    def remove(self, number):
        if self.entry is not None and self.entry[1] < number:
            self.entry = None


class File(Part):
    """Pending writes are left out: a fill is a row at once. Tombstones are numbers, or 0."""

    def __init__(self, variant):
        super().__init__("file")
        self.variant = variant
        self.number = 0
        self.last = 0
        self.row = (0, 0, True)
        self.hard = 0
        self.soft = 0
        self.retired = 0

    def fill(self, version, ticket):
        if self.last > ticket:
            return False
        self.row = (version, self.number, True)
        return True

    def raise_number(self):
        self.number += 1
        self.last = self.number

    def set_tombstone(self, kind):
        if self.variant != "mark without raise" or kind == "hard":
            self.raise_number()
        if kind == "hard":
            self.hard = self.number
        elif self.variant == "soft covers all":
            self.soft = 1000
        else:
            self.soft = self.number + (self.variant == "mark without raise")
        if kind == "soft" and self.hard and self.variant == "soft raises hard":
            self.hard, self.soft = self.number, 0
        if kind == "soft" and self.variant == "soft replaces hard":
            self.hard = 0

    def judged(self, row):
        """The row as a reader may have it."""
        if row is None or row[1] < self.hard:
            return None
        return (*row[:2], row[2] and row[1] >= self.soft)

    def writer(self):
        while True:
            yield "begins a commit", lambda: bool(self.hard or self.soft)
            hard, soft = self.hard, self.soft
            if self.variant == "dropped before the commit":
                self.soft = 0
                yield "commits"
            if self.row is not None and self.row[1] < hard:
                self.row = None
            if self.row is not None and self.row[1] < soft:
                self.row = (*self.row[:2], False)
            yield "retires the tombstones"
            if self.hard == hard:
                self.hard = 0
            if self.soft == soft:
                self.soft = 0
            self.retired += 1


class SoftExpiry(Model):
    """Version 0 is in both tiers; version 1 is what the origin has once it was changed."""

    def __init__(self, variant, *threads):
        super().__init__()
        self.variant = variant
        self.expired = False  # version 0 may not be served as fresh
        self.invalidated = False  # version 0 may not be served
        self.renewed = False  # a load that began after expire had returned was stored
        self.memory = Memory()
        self.file = File(variant)
        steps = {"expire": self.expire, "invalidate": self.invalidate,
                 "early load": lambda: self.load(0), "late load": lambda: self.load(1),
                 "look-up": self.read, "late reader": lambda: self.read(is_late=True)}
        for name in threads:
            self.must(name, steps[name]())
        self.serves("file", self.file.writer())

    def expire(self):
        yield "soft tombstone in the file"
        self.file.set_tombstone("soft")
        if self.variant == "marked before raised":
            yield "marks in memory"
            self.memory.mark(self.memory.number + 1)
            yield "raises the number in memory and returns"
            self.memory.raise_number()
        else:
            yield "raises the number in memory"
            number = self.memory.number + 1
            if self.variant != "mark without raise":
                self.memory.raise_number()
            yield "marks in memory and returns"
            self.memory.mark(number)
        self.expired = True

    def invalidate(self):
        yield "hard tombstone in the file"
        self.file.set_tombstone("hard")
        yield "raises the number and removes in memory, and returns"
        self.memory.remove(self.memory.raise_number())
        self.invalidated = True

    def load(self, version):
        """One that read version 0 with the first tickets, or one that begins after expire."""
        tickets = (0, 0)
        if version == 1:
            yield "takes its tickets and reads the origin", lambda: self.expired
            tickets = (self.memory.number, self.file.number)
        yield "fills the file"
        self.file.fill(version, tickets[1])
        yield "fills memory"
        is_stored = self.memory.fill(version, True, tickets[0])
        self.renewed |= version == 1
        self.reach(f"fill {'accepted' if is_stored else 'refused'}")

    def read(self, is_late=False):
        """A read that promotes what it finds below, with the freshness that it found."""
        yield "looks into memory", lambda: not is_late or self.expired or self.invalidated
        expired, invalidated = self.expired, self.invalidated
        ticket = self.memory.number
        entry = self.memory.entry
        if entry is None:
            retired = self.file.retired
            yield "selects"
            row = self.file.row
            yield "looks at the tombstones"
            if retired != self.file.retired:
                return  # it would begin again
            row = self.file.judged(row)
            if row is None:
                return
            is_fresh = row[2] or self.variant == "promoted as fresh"
            entry = (row[0], 0, is_fresh)
            if not is_late:
                yield "promotes"
                self.memory.fill(row[0], is_fresh, ticket)
        self.say(f"v{entry[0]}, {'fresh' if entry[2] else 'stale'}")
        self.reach("fresh hit" if entry[2] else "stale hit")
        is_old = entry[0] == 0
        self.require(not (is_old and invalidated), "a later read returns what was invalidated")
        self.require(not (is_old and expired and entry[2]),
                     "a later read returns as fresh what expired")

    def at_rest(self):
        row = self.file.judged(self.file.row)
        for tier, entry in (("memory", self.memory.entry), ("the file", row)):
            if entry is None:
                continue
            is_old = entry[0] == 0
            self.require(not (is_old and self.invalidated), f"{tier} keeps what was invalidated")
            self.require(not (is_old and self.expired and entry[2]),
                         f"{tier} has as fresh what expired")
            self.require(entry[2] or not self.renewed,
                         f"{tier} has as past its ttl what was loaded afterwards")


THREADS = (("expire", "early load", "late reader"),
           ("expire", "late load"),
           ("expire", "invalidate", "look-up", "late reader"),
           ("expire", "invalidate", "early load", "late reader"))


def starts(variant):
    return [lambda threads=threads: SoftExpiry(variant, *threads) for threads in THREADS]


def main():
    suite = Suite("Soft expiry")
    fresh = "as fresh what expired"
    removed = "what was invalidated"
    suite.holds("raised, then marked; soft and hard tombstones side by side", starts(""),
                "fill accepted", "fill refused", "fresh hit", "stale hit")
    suite.holds("a soft tombstone gives its number to a hard one that is there",
                starts("soft raises hard"), "fill accepted", "fill refused", "stale hit")
    suite.breaks("a soft tombstone replaces a hard one", starts("soft replaces hard"), removed)
    suite.breaks("marked, and no number raised", starts("mark without raise"), fresh)
    suite.breaks("marked, then raised", starts("marked before raised"), fresh)
    suite.breaks("a soft tombstone is dropped before the commit",
                 starts("dropped before the commit"), fresh)
    suite.breaks("a promotion makes it fresh again", starts("promoted as fresh"), fresh)
    suite.breaks("a soft tombstone has no number", starts("soft covers all"),
                 "as past its ttl what was loaded afterwards")
    suite.finish()


if __name__ == "__main__":
    main()
