"""Three tiers in one process: memory, the file with its pending writes, and a shared tier.

Covers, for a value K: a reader that finds it in any tier, promotes it through the tiers above or
loads it and fills all three, an invalidation from the deepest tier up, the writer of the file, and
a late reader. A look-up takes the tiers' positions for its tickets, a load those before the oldest
invalidation that runs. For a value D that is computed from K: a refresh, which looks into no tier
for D itself, reads K through its handle and fills all three. Promise: P1, and at rest no tier keeps
what was invalidated.

Does not cover: other processes and their log (the shared tier is one lock here), eviction, joined
loads, and crashes (restart.py).
"""

from explore import Model
from parts import Entry, FileTier, Running, Tier
from suite import Suite

# Where K may be when it begins: letters of the tiers.
PLACES = ("MFS", "FS", "S", "F", "")


class ThreeTiers(Model):

    def __init__(self, variant, places):
        super().__init__()
        self.variant = variant
        self.origin = 0
        self.promised = 0
        self.memory = Tier("memory")
        self.file = FileTier("file")
        self.shared = Tier("shared")
        self._by_letter = {"M": self.memory, "F": self.file, "S": self.shared}
        for letter in places:
            self._by_letter[letter].entries["K"] = Entry(0, ("K",), 0)
        self.running = Running(*self._by_letter.values())
        self.must("writer", self.writer())
        self.serves("file", self.file.writer())

    def at_rest(self):
        for tier in self._by_letter.values():
            for entry in tier.entries.values():
                self.require(entry.value >= 1, f"{tier.name} keeps what was invalidated")

    def order(self):
        if self.variant.startswith("memory first"):
            return "MFS"
        return "SMF" if self.variant == "file last" else "SFM"

    def writer(self):
        yield "commits v1"
        self.origin = 1
        yield "begins to invalidate K"
        self.running.begin("writer")
        for letter in self.order():
            tier = self._by_letter[letter]
            yield f"invalidates K in {tier.name}"
            tier.invalidate("K")
        yield "returns"
        self.running.end("writer")
        self.promised = 1

    def tickets(self):
        if self.variant == "no low-water mark":
            return self.running.positions()
        return self.running.tickets()

    def fill(self, key, value, letters, tickets):
        """Offers a value to tiers, from the deepest up."""
        for letter in reversed(letters):
            tier = self._by_letter[letter]
            yield f"fills {tier.name}"
            ticket = tickets["MFS".index(letter)]
            if self.variant == "fresh ticket for promotion":
                ticket = tier.number
            if ticket is None:
                ticket = self.tickets()["MFS".index(letter)]
            is_stored = tier.fill(key, value, ("K",), ticket)
            self.say("accepted" if is_stored else "refused")
            self.reach(f"{letter} {'accepted' if is_stored else 'refused'}")


class Reads(ThreeTiers):
    """A reader of K that is early, and one that is late."""

    def __init__(self, variant, places):
        super().__init__(variant, places)
        self.must("early reader", self.read(0))
        self.must("late reader", self.read(1))

    def read(self, promised):
        yield "takes its tickets", lambda: self.promised >= promised
        tickets = self.running.positions()
        if self.variant == "memory first, look-ups before what runs":
            tickets = self.running.tickets()
        yield "looks into memory"
        value = self.memory.get("K")
        if value is not None:
            self.answer(value, promised)
            return
        entry = yield from self.file.read("K")
        above = "M"
        if entry is None:
            yield "looks into the shared tier"
            entry = self.shared.entries.get("K")
            above = "MF"
        value = None if entry is None else entry.value
        if value is None:
            yield "begins a load, takes its tickets"
            tickets = self.tickets()
            yield "reads the origin"
            value = self.origin
            above = "MFS"
        self.say(f"v{value}")
        yield from self.fill("K", value, above, tickets)
        self.answer(value, promised)

    def answer(self, value, promised):
        self.say(f"v{value}")
        self.require(value >= promised, "a later read returns what was invalidated")


class Refresh(ThreeTiers):
    """A refresh of D, which was computed from K, and a late look-up of D in each tier."""

    def __init__(self, variant, places):
        super().__init__(variant, places)
        self.must("refresh", self.refresh())
        self.must("late reader", self.late_reader())

    def refresh(self):
        is_lazy = self.variant == "tickets at the first read"
        yield "starts"
        tickets = (None, None, None) if is_lazy else self.tickets()
        yield "reads K in memory"
        if is_lazy:
            tickets = (self.tickets()[0], None, None)
        value = self.memory.get("K")
        if value is None:
            if is_lazy:
                yield "takes the file's ticket"
                tickets = (tickets[0], self.tickets()[1], None)
            entry = yield from self.file.read("K")
            if entry is None:
                yield "reads K in the shared tier"
                if is_lazy:
                    tickets = (*tickets[:2], self.tickets()[2])
                entry = self.shared.entries.get("K")
            value = None if entry is None else entry.value
        if value is None:
            yield "reads the origin"
            value = self.origin
        self.say(f"v{value}")
        yield from self.fill("D", value, "MFS", tickets)

    def late_reader(self):
        yield "looks into memory", lambda: self.promised == 1
        self.judge(self.memory.entries.get("D"))
        self.judge((yield from self.file.read("D")))
        yield "looks into the shared tier"
        self.judge(self.shared.entries.get("D"))

    def judge(self, entry):
        if entry is not None:
            self.reach("late hit")
            self.require(entry.value >= 1, "a later read returns what was computed from it")


def starts(model, variant):
    return [lambda places=places: model(variant, places) for places in PLACES]


def main():
    suite = Suite("Three tiers in one process")
    accepted = tuple(f"{letter} {what}" for letter in "MFS" for what in ("accepted", "refused"))
    stale = "a later read returns what was invalidated"
    derived = "a later read returns what was computed from it"
    suite.holds("reads: deepest first, promotion with the tickets of the start", starts(Reads, ""),
                *accepted)
    suite.holds("derived: tickets of the start, before what is running", starts(Refresh, ""),
                *accepted, "late hit")
    suite.breaks("memory is invalidated first", starts(Reads, "memory first"), stale)
    suite.holds("  the same, but look-ups' tickets too are before what is running",
                starts(Reads, "memory first, look-ups before what runs"), *accepted)
    suite.breaks("the middle tier is invalidated last", starts(Reads, "file last"), stale)
    suite.breaks("a promotion takes a fresh ticket", starts(Reads, "fresh ticket for promotion"),
                 stale)
    suite.breaks("each tier's ticket is taken at the first read of that tier",
                 starts(Refresh, "tickets at the first read"), derived)
    suite.breaks("running invalidations do not hold tickets back",
                 starts(Refresh, "no low-water mark"), derived)
    suite.finish()


if __name__ == "__main__":
    main()
