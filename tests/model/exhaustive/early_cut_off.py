"""Early cut-off: a refresh that brings the same value leaves what depends on it alone.

Covers memory with a value K and a value D that was computed from it: a refresh of K that judges
whether the value it brings is the one that is there, a put of K, the eviction of K and a load that
fills it again (which invalidates nothing), and a computation of D from K. Promises: P1 for puts, an
older value never comes back over a put; and when K was replaced by a different value, no D stays
that was computed from another.

Does not cover: tiers below (all step under one lock here), and a K that is evicted and loaded anew
with a different value while no refresh runs: nobody knows then what D was computed from, and D
lives as long as its own ttl.

The origin has "A", then "B", and nobody invalidates: the values differ within their ttl.
"""

from explore import Model
from parts import Tier
from suite import Suite

PUT = "P"


class CutOff(Model):

    def __init__(self, variant, *threads):
        super().__init__()
        self.variant = variant
        self.origin = "A"
        self.memory = Tier("memory")
        self.memory.fill("K", "A", ("K",), 0)
        self.memory.fill("D", "A", ("D", "K"), 0)
        self.has_put = False
        self.replaced = False  # the refresh has put its value in the place of a different one
        steps = {"refresh": self.refresh, "put": self.put, "eviction": self.evict,
                 "change": self.change, "load": self.load, "computation": self.compute}
        for name in threads:
            (self.may if name in ("eviction", "load") else self.must)(name, steps[name]())

    def refresh(self):
        yield "starts, takes its ticket"
        ticket = self.memory.number
        seen = self.memory.get("K")
        yield "reads the origin"
        value = self.origin
        self.say(value)
        if self.variant == "judged before the lock":
            yield "compares with what is there"
            seen = self.memory.get("K")
        yield "stores"
        present = self.memory.get("K")
        is_known = self.variant in ("judged by what it saw", "judged before the lock", "unchecked")
        known = seen if is_known else present
        is_same = known == value
        if self.variant == "always an invalidation":
            is_same = False
        if self.memory.was_invalidated(("K",), ticket):
            self.say("refused")
            self.reach("refused")
            if not (is_same and self.variant == "unchecked"):
                return
        if is_same or known is None:
            self.say("the same")
            self.reach("the same")
        else:
            self.memory.invalidate("K")
            self.reach("different")
        ticket = self.memory.number
        self.memory.fill("K", value, ("K",), ticket)
        self.check_dependant(present, value)

    def check_dependant(self, present, value):
        """K was replaced in one step: D may stay only if it was computed from the same."""
        if present == value and self.variant == "always an invalidation":
            self.require(self.memory.get("D") is not None, "a refresh with the same value costs D")
        if present not in (None, value):
            dependant = self.memory.get("D")
            self.require(dependant in (None, value), "D stays, and K has a different value now")

    def put(self):
        yield f"commits {PUT} to the origin"
        self.origin = PUT
        yield f"puts {PUT}"
        self.memory.invalidate("K")
        self.memory.fill("K", PUT, ("K",), self.memory.number)
        self.has_put = True

    def change(self):
        yield "the origin changes"
        self.origin = "B"

    def evict(self):
        yield "evicts K", lambda: self.memory.get("K") is not None
        del self.memory.entries["K"]

    def load(self):
        """A load beside the refresh, of a caller that joins nobody."""
        yield "misses, takes its ticket", lambda: self.memory.get("K") is None
        ticket = self.memory.number
        yield "reads the origin"
        value = self.origin
        self.say(value)
        yield "fills K"
        self.memory.fill("K", value, ("K",), ticket)

    def compute(self):
        yield "D is made anew: takes its ticket"
        ticket = self.memory.number
        yield "reads K"
        value = self.memory.get("K")
        yield "fills D"
        if value is not None:
            self.memory.fill("D", value, ("D", "K"), ticket)

    def always(self):
        if self.has_put:
            self.require(self.memory.get("K") in (None, PUT), "an older value is back")


THREADS = (("refresh", "put"),
           ("refresh", "put", "computation"),
           ("refresh", "change", "eviction", "load", "computation"),
           ("refresh", "change"))


def starts(variant):
    return [lambda threads=threads: CutOff(variant, *threads) for threads in THREADS]


def main():
    suite = Suite("Early cut-off")
    suite.holds("compared with what is there, in the step that stores", starts(""),
                "the same", "different", "refused")
    stays = "D stays, and K has a different value now"
    suite.breaks("compared with what was there when the refresh began",
                 starts("judged by what it saw"), stays)
    suite.breaks("compared with what is there, and stored in a later step",
                 starts("judged before the lock"), stays)
    suite.breaks("the same value is stored without asking for the ticket", starts("unchecked"),
                 "an older value is back")
    suite.breaks("every refresh is an invalidation", starts("always an invalidation"),
                 "a refresh with the same value costs D")
    suite.finish()


if __name__ == "__main__":
    main()
