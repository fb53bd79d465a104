"""The floor: a bounded table of labels that forgets, and what that may cost.

Covers one tier whose table remembers two labels: a load and its fill, a waiter that joined the
load, an invalidation of the label t, two of other labels that make the table forget t, a tombstone
with a removal behind it, the loss and new beginning of the whole table, and a late reader. Two
promises: nothing older than a returned invalidation is read later (P1), and a row that nobody
invalidated stays.

Does not cover: several tiers, crashes (restart.py), and how the real table forgets (by halves; here
one label at a time, which forgets earlier).
"""

from explore import Model, Part
from suite import Suite

TABLE_SIZE = 2


class ForgetfulTier(Part):
    """A tier with a table of TABLE_SIZE labels. Entries are (value, number, labels)."""

    def __init__(self, variant):
        super().__init__("tier")
        self.variant = variant
        self.number = 5
        self.last = {}
        self.floor = 5
        self.tombstones = {}
        self.entries = {"k": (0, 5, ("k", "t")), "kept": (0, 5, ("kept",))}

    def last_of(self, label):
        unknown = 0 if self.variant == "unknown label is 0" else self.floor
        return self.last.get(label, unknown)

    def invalidated_after(self, labels, ticket):
        return any(self.last_of(label) > ticket for label in labels)

    def forget_oldest(self):
        label = min(self.last, key=self.last.get)
        if self.variant != "no floor":
            self.floor = self.last[label]
        if self.variant == "tombstone forgotten":
            self.tombstones.pop(label, None)
        del self.last[label]

    def raise_number(self, label):
        self.number += 1
        if label not in self.last and len(self.last) == TABLE_SIZE:
            self.forget_oldest()
        self.last[label] = self.number

    def begin_anew(self):
        """The table is lost. Nothing is known of what was invalidated before."""
        self.last = {}
        if self.variant == "recreated at 0":
            self.number = self.floor = 0
        else:
            self.floor = self.number

    def is_covered(self, entry):
        _, number, labels = entry
        if self.variant == "floor for rows" and number < self.floor:
            return True
        return any(number < self.tombstones.get(label, 0) for label in labels)

    def read(self, key):
        entry = self.entries.get(key)
        return None if entry is None or self.is_covered(entry) else entry[0]

    def fill(self, key, value, labels, ticket):
        if self.invalidated_after(labels, ticket):
            return False
        self.entries[key] = (value, self.number, labels)
        return True


class Floor(Model):

    def __init__(self, variant, loses_table=False):
        super().__init__()
        self.variant = variant
        self.origin = 0
        self.promised = 0
        self.tier = ForgetfulTier(variant)
        self.load_ticket = None
        self.load_result = None
        self.must("load", self.load())
        self.may("waiter", self.waiter())
        self.must("writer", self.writer())
        self.must("reader", self.late_reader())
        self.serves("removal", self.removal())
        if loses_table:
            self.may("table", self.lost_table())
        else:
            self.must("others", self.others())

    def load(self):
        yield "takes its ticket"
        self.load_ticket = self.tier.number
        yield "reads the origin"
        value = self.origin
        self.say(f"v{value}")
        yield "fills"
        is_stored = self.tier.fill("k", value, ("k", "t"), self.load_ticket)
        self.say("accepted" if is_stored else "refused")
        self.reach(f"fill {'accepted' if is_stored else 'refused'}")
        self.load_result = value

    def waiter(self):
        yield "joins", lambda: self.load_ticket is not None and self.load_result is None
        arrival = self.tier.number
        promised = self.promised
        yield "is handed the result", lambda: self.load_result is not None
        ticket = self.load_ticket
        if arrival <= ticket or not self.tier.invalidated_after(("k", "t"), ticket):
            self.reach("joined")
            self.require(self.load_result >= promised, "a waiter takes what was invalidated")

    def writer(self):
        yield "commits v1"
        self.origin = 1
        yield "invalidates t"
        self.tier.raise_number("t")
        self.tier.tombstones["t"] = self.tier.number
        yield "returns"
        self.promised = 1

    def others(self):
        for label in ("x", "y"):
            yield f"invalidates {label}"
            self.tier.raise_number(label)
            self.tier.tombstones[label] = self.tier.number

    def removal(self):
        """Deletes what tombstones cover and takes the tombstones away, after the call returned."""
        while True:
            yield "deletes what is covered", lambda: bool(self.tier.tombstones)
            numbers = tuple(sorted(self.tier.tombstones.items()))
            for key, entry in tuple(self.tier.entries.items()):
                if self.tier.is_covered(entry):
                    del self.tier.entries[key]
            yield "takes the tombstones away"
            for label, number in numbers:
                if self.tier.tombstones.get(label) == number:
                    del self.tier.tombstones[label]

    def lost_table(self):
        yield "is lost and made anew"
        self.tier.begin_anew()

    def late_reader(self):
        yield "reads", lambda: self.promised == 1
        value = self.tier.read("k")
        if value is not None:
            self.reach("late hit")
            self.require(value >= 1, "a later read returns what was invalidated")

    def at_rest(self):
        self.require(self.tier.read("kept") is not None, "a row that nobody invalidated is lost")


def main():
    suite = Suite("The floor: a table of labels that forgets")
    reached = ("fill accepted", "fill refused", "joined", "late hit")
    suite.holds("forgetting raises the floor", lambda: Floor(""), *reached)
    suite.holds("a table made anew knows nothing below its number",
                lambda: Floor("", loses_table=True), *reached)
    suite.breaks("forgetting leaves the floor where it is", lambda: Floor("no floor"),
                 "a later read returns what was invalidated")
    suite.breaks("a label that is not in the table reads as 0", lambda: Floor("unknown label is 0"),
                 "a later read returns what was invalidated")
    suite.breaks("the floor is applied to stored rows", lambda: Floor("floor for rows"),
                 "a row that nobody invalidated is lost")
    suite.breaks("a label with a live tombstone is forgotten", lambda: Floor("tombstone forgotten"),
                 "a later read returns what was invalidated")
    suite.breaks("a table made anew begins at 0",
                 lambda: Floor("recreated at 0", loses_table=True),
                 "a later read returns what was invalidated")
    suite.finish()


if __name__ == "__main__":
    main()
