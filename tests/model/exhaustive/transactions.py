"""Transactions: what they may read from the cache, what they store, when their invalidations run.

Covers one key in memory and its row in an origin with snapshots: a transaction T that reads, writes
and reads again through its handle, and commits, rolls back, or never learns what became of its
commit; another writer; an ordinary load, which T might join; a caller that joins T's first load.
Promises: P1 and P3, memory never has a value that was not committed, nor, once its invalidation has
returned, one that is older than a commit; T reads its own write.

Does not cover: lower tiers, values that are computed within T from several keys, conflicts (T's
write waits for nobody, and others wait for T's row), and savepoints.

`history` is what was committed, in order. A value's place in it is its age.
"""

from explore import Model
from parts import Running, Tier
from suite import Suite

OWN = "T's value"


class Transactions(Model):

    def __init__(self, variant, outcome, *others):
        super().__init__()
        self.variant = variant
        self.outcome = outcome  # commits, rolls back, unknown: it did, unknown: it did not
        self.history = (0,)
        self.uncommitted = None
        self.promised = 0  # what is older than this place in the history is gone
        self.memory = Tier("memory")
        self.running = Running(self.memory)
        self.flight = None  # of the ordinary load: None, "runs", or its value
        self.tx_flight = None  # of T's first load: None, its ticket, or (ticket, value)
        self.must("T", self.transaction())
        steps = {"writer": self.write, "load": self.load, "joiner": self.join}
        for name in others:
            self.must(name, steps[name]())
        if outcome == "commit lands later":
            self.serves("origin", self.land())

    def transaction(self):
        if self.variant == "opened after BEGIN":
            yield "BEGIN"
            snapshot = self.history[-1]
        yield "opens, takes its tickets"
        ticket = self.running.tickets()[0]
        if self.variant != "opened after BEGIN":
            yield "BEGIN"
            snapshot = self.history[-1]
        yield from self.read_before_writing(snapshot, ticket)
        yield "writes the row"
        self.uncommitted = OWN
        yield from self.read_after_writing()
        if self.variant == "invalidated before the commit":
            yield from self.invalidate("T", None)
        yield "COMMIT" if self.outcome != "rolls back" else "ROLLBACK"
        has_committed = self.outcome in ("commits", "unknown: it did")
        if has_committed:
            self.history += (OWN,)
        if self.outcome != "commit lands later":
            self.uncommitted = None
        place = len(self.history) - 1 if has_committed else None
        if self.must_invalidate():
            yield from self.invalidate("T", place)
        else:
            self.returns(place)

    def must_invalidate(self):
        if self.variant == "invalidated before the commit" or self.outcome == "rolls back":
            return False
        is_unknown = self.outcome.startswith(("unknown", "commit lands"))
        return not (is_unknown and self.variant == "unknown is a rollback")

    def land(self):
        """The commit whose outcome was not awaited."""
        yield "commits after all", lambda: self._threads[0].is_done
        self.history += (OWN,)
        self.uncommitted = None

    def read_before_writing(self, snapshot, ticket):
        yield "reads through its handle: memory"
        if self.memory.get("K") is not None:
            self.reach("T hit")
            return
        if self.variant == "ticket of the load's start":
            yield "load starts, takes its ticket"
            ticket = self.running.tickets()[0]
        self.tx_flight = ticket
        yield "load reads the snapshot"
        value = snapshot
        self.say(f"{value}")
        yield "fills memory"
        is_stored = self.memory.fill("K", value, ("K",), ticket)
        self.say("accepted" if is_stored else "refused")
        self.reach(f"T {'accepted' if is_stored else 'refused'}")
        self.tx_flight = (ticket, value)

    def read_after_writing(self):
        yield "reads through its handle again"
        value = OWN
        entry = self.memory.get("K")
        if self.variant == "uses what it has invalidated" and entry is not None:
            value = entry
        elif self.variant == "joins after its write" and self.flight == "runs":
            yield "is handed another's result", lambda: self.flight != "runs"
            value = self.flight
        elif self.variant == "stores after its write":
            ticket = self.running.tickets()[0]
            yield "fills memory"
            self.memory.fill("K", value, ("K",), ticket)
        self.say(f"{value}")
        self.require(value == OWN, "T does not read its own write")

    def invalidate(self, who, place):
        yield "begins to invalidate K"
        self.running.begin(who)
        yield "invalidates K in memory, and returns"
        self.memory.invalidate("K")
        self.running.end(who)
        self.returns(place)

    def returns(self, place):
        if place is not None:
            self.promised = max(self.promised, place)

    def write(self):
        yield "commits 1", lambda: self.uncommitted is None
        self.history += (1,)
        place = len(self.history) - 1
        yield from self.invalidate("writer", place)

    def load(self):
        yield "takes its ticket"
        ticket = self.running.tickets()[0]
        self.flight = "runs"
        yield "reads the origin"
        value = self.history[-1]
        self.say(f"{value}")
        yield "fills memory"
        self.memory.fill("K", value, ("K",), ticket)
        self.flight = value

    def join(self):
        """Joins T's first load, and judges its result by that load's ticket."""
        yield "joins T's load", lambda: self.tx_flight is not None or self._threads[0].is_done
        arrival, promised = self.memory.number, self.promised
        if isinstance(self.tx_flight, int):
            yield "is handed the result", lambda: isinstance(self.tx_flight, tuple)
            ticket, value = self.tx_flight
            if arrival <= ticket or not self.memory.was_invalidated(("K",), ticket):
                self.reach("joined T")
                self.require(self.history.index(value) >= promised,
                             "a caller that joined T takes what was invalidated")

    def always(self):
        value = self.memory.get("K")
        if value is not None:
            self.require(value in self.history, "memory has what was not committed")
            self.require(value not in self.history[:self.promised],
                         "memory has what is older than a returned invalidation")

    def at_rest(self):
        value = self.memory.get("K")
        self.require(value in (None, self.history[-1]), "memory keeps what is not true any more")


OUTCOMES = ("commits", "rolls back", "unknown: it did", "unknown: it did not")


def starts(variant, outcomes=OUTCOMES):
    return [lambda outcome=outcome, others=others: Transactions(variant, outcome, *others)
            for outcome in outcomes for others in (("writer", "load"), ("writer", "joiner"))]


def main():
    suite = Suite("Transactions")
    suite.holds("opened before BEGIN; private after the first write; invalidated after COMMIT",
                starts(""), "T accepted", "T refused", "T hit", "joined T")
    stale = "memory has what is older than a returned invalidation"
    false = "memory keeps what is not true any more"
    suite.breaks("invalidated before the commit", starts("invalidated before the commit"), stale)
    suite.breaks("opened after BEGIN", starts("opened after BEGIN"), stale)
    suite.breaks("a load takes its ticket when it starts", starts("ticket of the load's start"),
                 stale)
    suite.breaks("what T loads after its first write is stored", starts("stores after its write"),
                 "memory has what was not committed")
    suite.breaks("T joins another load after its first write", starts("joins after its write"),
                 "T does not read its own write")
    suite.breaks("T uses a cached entry of what it has written",
                 starts("uses what it has invalidated"), "T does not read its own write")
    suite.breaks("an unknown outcome is taken for a rollback", starts("unknown is a rollback"),
                 "memory")
    suite.breaks("a commit of unknown outcome lands after the invalidation (see the outbox)",
                 starts("", ("commit lands later",)), false)
    suite.finish()


if __name__ == "__main__":
    main()
