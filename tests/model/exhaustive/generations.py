"""Generations of keyspaces: one number per group of labels instead of an index.

Covers the memory tier with two keyspaces whose values share a type. The type is invalidated while
one keyspace is loaded, a second reader reads before and after, entries are evicted, and the cell of
a keyspace without entries is dropped and made again. Promises: P1, nothing older than the returned
invalidation is read later from either keyspace; and no entry stays that no read can be served.

Does not cover: tags and keys (they are indexed), tickets of several tiers (tiers.py), and memory
ordering: each step is one atomic operation on one cell or one turn of the label lock.

A cell is (its number, whether invalidations still find it). The keyspace knows its present cell; an
entry knows the cell that it was accepted under, and its stamp.
"""

from explore import Model
from suite import Suite

KEYSPACES = ("user", "page")


class Generations(Model):

    def __init__(self, variant, has_entry):
        super().__init__()
        self.variant = variant
        self.origin = 0
        self.promised = 0
        self.number = 5
        self.cells = {}  # id: number
        self.cell_of = {}  # keyspace: id of its present cell
        self.entries = {}  # keyspace: (value, id of the cell, stamp)
        self.make_cell("page", 5)
        self.entries["page"] = (0, 0, 5)
        if has_entry:
            self.make_cell("user", 5)
            self.entries["user"] = (0, 1, 5)
        self.must("load", self.load("user"))
        self.must("writer", self.writer())
        for keyspace in KEYSPACES:
            self.must(f"reader of {keyspace}", self.reader(keyspace))
            if variant != "removal first":
                self.serves(f"removal from {keyspace}", self.removal(keyspace))
        self.may("eviction", self.evict("user"))
        self.may("upkeep", self.drop("user"))

    def make_cell(self, keyspace, number):
        identity = len(self.cells)
        self.cells[identity] = number
        self.cell_of[keyspace] = identity

    def is_current(self, entry):
        return entry[2] >= self.cells[entry[1]]

    def load(self, keyspace):
        yield "takes its ticket"
        ticket = self.number
        yield "reads the origin"
        value = self.origin
        self.say(f"v{value}")
        if keyspace not in self.cell_of and self.variant == "made outside the lock":
            yield "makes a cell with the tier's number"
            number = self.number
            yield "puts the cell in its place"
            self.make_cell(keyspace, number)
        yield "compares"
        if keyspace not in self.cell_of:
            self.make_cell(keyspace, 0 if self.variant == "made at 0" else self.number)
        identity = self.cell_of[keyspace]
        compared = self.cells[identity]
        if compared > ticket:
            self.say("refused")
            self.reach("fill refused")
            return
        if self.variant == "stamped after comparing":
            yield "stamps and publishes"
            compared = self.cells[identity]
        self.reach("fill accepted")
        self.entries[keyspace] = (value, identity, compared)

    def writer(self):
        yield "commits v1"
        self.origin = 1
        if self.variant == "removal first":
            for keyspace in KEYSPACES:
                yield f"removes what {keyspace} has"
                self.entries.pop(keyspace, None)
        if self.variant != "raised too late":
            yield from self.raise_cells()
        yield "returns"
        self.promised = 1
        if self.variant == "raised too late":
            yield from self.raise_cells()

    def raise_cells(self):
        yield "raises the number and every cell of the type"
        self.number += 1
        concerned = KEYSPACES if self.variant != "one cell raised" else KEYSPACES[:1]
        for keyspace in concerned:
            if keyspace in self.cell_of:
                self.cells[self.cell_of[keyspace]] = self.number

    def removal(self, keyspace):
        """Removes a dead entry, some time after the cell was raised."""
        while True:
            yield "removes a dead entry", lambda: self.is_dead(keyspace)
            del self.entries[keyspace]

    def is_dead(self, keyspace):
        return keyspace in self.entries and not self.is_current(self.entries[keyspace])

    def reader(self, keyspace):
        """A reader that holds on to the cell is one that read before and reads again."""
        cached = None
        if self.variant == "cell loaded before the read":
            yield "reads once, loads the cell"
            cached = self.cells.get(self.cell_of.get(keyspace))
        yield "looks up", lambda: self.promised == 1
        entry = self.entries.get(keyspace)
        if entry is None:
            return
        yield "loads the cell and compares"
        number = self.cells[entry[1]] if cached is None else cached
        if entry[2] >= number:
            self.reach("late hit")
            self.require(entry[0] >= 1, "a later read returns what was invalidated")

    def at_rest(self):
        self.require(not any(self.is_dead(keyspace) for keyspace in KEYSPACES),
                     "an entry that no read can be served stays in memory")

    def evict(self, keyspace):
        yield "evicts", lambda: keyspace in self.entries
        del self.entries[keyspace]

    def drop(self, keyspace):
        yield "drops the cell", lambda: keyspace in self.cell_of and self.may_drop(keyspace)
        del self.cell_of[keyspace]
        self.reach("cell dropped")

    def may_drop(self, keyspace):
        return keyspace not in self.entries or self.variant == "dropped under an entry"


def starts(variant):
    return [lambda: Generations(variant, False), lambda: Generations(variant, True)]


def main():
    suite = Suite("Generations of keyspaces")
    stale = "a later read returns what was invalidated"
    suite.holds("a hit compares the cell with the number that the fill compared", starts(""),
                "fill accepted", "fill refused", "late hit", "cell dropped")
    suite.breaks("the stamp is taken after comparing", starts("stamped after comparing"), stale)
    suite.breaks("a cell is made at 0", starts("made at 0"), stale)
    suite.breaks("a cell is made outside the label lock", starts("made outside the lock"), stale)
    suite.breaks("the cell is raised after the removal", starts("removal first"),
                 "an entry that no read can be served stays in memory")
    suite.breaks("the call returns before the cells are raised", starts("raised too late"), stale)
    suite.breaks("a cell is dropped while an entry has it", starts("dropped under an entry"), stale)
    suite.breaks("the cell was loaded before the read began", starts("cell loaded before the read"),
                 stale)
    suite.breaks("only one of the cells of the type is raised", [
        lambda: Generations("one cell raised", True)], stale)
    suite.finish()


if __name__ == "__main__":
    main()
