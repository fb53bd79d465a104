"""Tiers as several models need them: numbers, entries, and the file behind its pending writes."""

import collections

from explore import Part

# `number` is the tier's number when it accepted the value.
Entry = collections.namedtuple("Entry", "value labels number")


class Tier(Part):
    """A tier in which comparing, storing, raising and removing are steps under one lock."""

    def __init__(self, name):
        super().__init__(name)
        self.number = 0
        self.last = {}
        self.entries = {}

    def get(self, key):
        entry = self.entries.get(key)
        return None if entry is None else entry.value

    def was_invalidated(self, labels, ticket):
        return any(self.last.get(label, 0) > ticket for label in labels)

    def raise_number(self, label):
        self.number += 1
        self.last[label] = self.number

    def remove(self, label):
        self.entries = {key: entry for key, entry in self.entries.items()
                        if label not in entry.labels}

    def invalidate(self, label):
        self.raise_number(label)
        self.remove(label)

    def fill(self, key, value, labels, ticket):
        if self.was_invalidated(labels, ticket):
            return False
        self.entries[key] = Entry(value, labels, self.number)
        return True


class FileTier(Tier):
    """A tier whose file is written behind it.

    `entries` are the rows. A pending record is visible at once, a tombstone covers the rows that
    are still to be deleted, and both go only after the commit.
    """

    TRIES = (1, 2)

    def __init__(self, name):
        super().__init__(name)
        self.pending = {}
        self.tombstones = {}
        self.retired = 0

    def is_covered(self, entry):
        return any(entry.number < self.tombstones.get(label, 0) for label in entry.labels)

    def invalidate(self, label):
        self.raise_number(label)
        self.tombstones[label] = self.number
        self.pending = {key: entry for key, entry in self.pending.items()
                        if label not in entry.labels}

    def fill(self, key, value, labels, ticket):
        if self.was_invalidated(labels, ticket):
            return False
        self.pending[key] = Entry(value, labels, self.number)
        return True

    def read(self, key):
        """The steps of a read. Returns the entry or None."""
        for attempt in self.TRIES:
            yield f"{self.name}: looks at the pending writes"
            if key in self.pending:
                return self.pending[key]
            retired = self.retired
            yield f"{self.name}: selects"
            row = self.entries.get(key)
            if row is None:
                return None
            yield f"{self.name}: looks at the tombstones"
            if self.is_covered(row):
                return None
            if retired == self.retired:
                return row
        return None

    def writer(self):
        """The steps of the thread that writes the file."""
        while True:
            yield "commits", lambda: bool(self.pending or self.tombstones)
            stored, removed = tuple(self.pending.items()), tuple(self.tombstones.items())
            rows = {key: row for key, row in self.entries.items() if not self.is_covered(row)}
            self.entries = {**rows, **self.pending}
            yield "retires what is committed"
            for key, entry in stored:
                if self.pending.get(key) == entry:
                    del self.pending[key]
            for label, number in removed:
                if self.tombstones.get(label) == number:
                    del self.tombstones[label]
                    self.retired += 1


class Running(Part):
    """The invalidations that run, with the numbers of the tiers before the first step of each."""

    def __init__(self, *tiers):
        super().__init__("running")
        self._tiers = tiers
        self.marks = {}

    def positions(self):
        return tuple(tier.number for tier in self._tiers)

    def begin(self, who):
        self.marks[who] = self.positions()

    def end(self, who):
        del self.marks[who]

    def tickets(self):
        """The low-water mark: the positions before the oldest invalidation that runs."""
        return tuple(min(numbers) for numbers in zip(self.positions(), *self.marks.values()))
