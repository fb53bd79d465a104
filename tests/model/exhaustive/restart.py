"""A restart: rows, marks in the journal and numbers, with kill -9 at any step.

Covers the file tier with its pending writes, tombstones and journal over three lives of a process:
an invalidation, a put that waits for its commit, a load, the writer of the file, a kill at any
step, and in the next life the opening, a late reader, a second invalidation, and a second kill.
Between two lives somebody may remove the journal. Promises: P1 and P4, a read returns nothing older
than an invalidation that returned, in whatever life; an acknowledged put survives.

Does not cover: the memory tier, which dies with the process; a loss of power, torn pages and
damaged marks; a full journal; several labels of one call.
"""

from explore import Model
from parts import Entry, FileTier
from suite import Suite

LABELS = {"k": ("k", "t"), "p": ("p", "t")}


class Journalled(FileTier):
    """A file tier whose rows and marks outlive the process."""

    def __init__(self, variant):
        super().__init__("file")
        self.variant = variant
        self.number = 5
        self.entries["k"] = Entry(0, LABELS["k"], 5)
        self.marks = {}
        self.has_journal = True

    def die(self):
        self.number, self.retired = None, 0
        self.last, self.pending, self.tombstones = {}, {}, {}

    def set_number(self):
        if not self.has_journal and self.variant != "journal not missed":
            self.entries = {}
        self.has_journal = True
        numbers = [entry.number for entry in self.entries.values()] + list(self.marks.values())
        self.number = 0 if self.variant == "numbers begin again" else max(numbers, default=0)

    def load_marks(self):
        self.tombstones = dict(self.marks)
        if self.variant == "marks cleared when loaded":
            self.marks = {}

    def invalidate_marked(self, label):
        number = self.number + 1
        if self.variant != "mark after the return":
            yield f"writes the mark of {label}"
            self.marks[label] = number
        yield f"raises {label}, sets the tombstone"
        self.invalidate(label)

    def put(self, key, value):
        """A put is an invalidation of the key by the number that the new row gets."""
        ticket = self.number
        self.marks[key] = self.number + 1
        self.invalidate(key)
        number = ticket if self.variant == "put has its ticket's number" else self.number
        self.pending[key] = Entry(value, LABELS[key], number)

    def is_durable(self, key, value):
        return key in self.entries and self.entries[key].value == value

    def is_covered(self, entry, reader_number=None):
        number = entry.number if reader_number is None else reader_number
        covers = self.variant == "tombstones without numbers"
        return any(label in self.tombstones and (covers or number < self.tombstones[label])
                   for label in entry.labels)

    def read(self, key):
        if self.variant != "judged by the reader's number":
            return (yield from super().read(key))
        yield "begins"
        reader_number = self.number
        yield "selects"
        row = self.entries.get(key)
        yield "looks at the tombstones"
        return None if row is None or self.is_covered(row, reader_number) else row

    def writer(self, lives):
        while True:
            yield "begins to write", lambda: lives() and bool(self.pending or self.tombstones)
            stored, removed = tuple(self.pending.items()), tuple(self.tombstones.items())
            if self.variant == "mark cleared before the commit":
                self.clear_marks(removed)
            yield "commits"
            rows = {key: row for key, row in self.entries.items() if not self.covers(removed, row)}
            self.entries = {**rows, **dict(stored)}
            yield "clears the marks"
            self.clear_marks(removed)
            yield "retires what is committed"
            self.retire(stored, removed)

    def covers(self, removed, row):
        if self.variant == "tombstones without numbers":
            return any(label in row.labels for label, _ in removed)
        return any(label in row.labels and row.number < number for label, number in removed)

    def clear_marks(self, removed):
        for label, number in removed:
            if self.marks.get(label) == number:
                del self.marks[label]

    def retire(self, stored, removed):
        for key, entry in stored:
            if self.pending.get(key) == entry:
                del self.pending[key]
        for label, number in removed:
            if self.tombstones.get(label) == number:
                del self.tombstones[label]
                self.retired += 1


class Restart(Model):

    def __init__(self, variant, *does):
        """`does` says what happens, each in a life: "invalidates 1", "reads 2" and so on."""
        super().__init__()
        self.variant = variant
        self.origin = 0
        self.promised = 0
        self.life = 1
        self.is_open = True
        self.acknowledged = False
        self.file = Journalled(variant)
        lives = range(1, 1 + max(int(what[-1]) for what in does))
        for life in lives:
            self.serves(f"file {life}", self.file.writer(lambda life=life: self.lives(life)))
        for life in lives[1:]:
            self.may(f"kill {life - 1}", self.kill(life - 1))
            self.may(f"open {life}", self.open(life))
        for what in does:
            steps = {"invalidates": self.invalidates, "puts": self.puts, "loads": self.loads,
                     "reads": self.reads, "removes the journal before": self.remove_journal}
            self.may(what, steps[what[:-2]](int(what[-1])))
        self.life_of = tuple((what, int(what[-1])) for what in does)

    def lives(self, life):
        return self.life == life and self.is_open

    def kill(self, life):
        yield "kill -9", lambda: self.lives(life)
        self.stop(f"file {life}", *(name for name, its_life in self.life_of if its_life == life))
        self.file.die()
        self.life += 1
        self.is_open = False

    def remove_journal(self, life):
        yield "done", lambda: self.life == life and self.file.number is None
        self.file.marks = {}
        self.file.has_journal = False
        self.acknowledged = False

    def open(self, life):
        yield "reads the numbers of file and journal", lambda: self.life == life
        self.file.set_number()
        if self.variant == "marks loaded after the first read":
            self.is_open = True
        yield "loads the marks"
        self.file.load_marks()
        self.is_open = True

    def invalidates(self, life):
        yield "commits to the origin", lambda: self.lives(life)
        version = self.origin + 1
        self.origin = version
        self.acknowledged = False
        yield from self.file.invalidate_marked("t")
        yield "returns"
        self.promised = version
        if self.variant == "mark after the return":
            yield "writes the mark of t"
            self.file.marks["t"] = self.file.last["t"]

    def puts(self, life):
        yield "puts p", lambda: self.lives(life) and self.promised == self.origin
        origin = self.origin
        self.file.put("p", 9)
        yield "returns", lambda: self.file.is_durable("p", 9)
        self.acknowledged = self.origin == origin  # unless t was invalidated meanwhile

    def loads(self, life):
        yield "takes its ticket", lambda: self.lives(life)
        ticket = self.file.number
        yield "reads the origin"
        value = self.origin
        yield "fills"
        is_stored = self.file.fill("k", value, LABELS["k"], ticket)
        if is_stored and self.variant == "fill has its ticket's number":
            self.file.pending["k"] = Entry(value, LABELS["k"], ticket)
        self.reach(f"fill {'accepted' if is_stored else 'refused'}")

    def reads(self, life):
        yield "begins", lambda: self.lives(life)
        promised = self.promised
        entry = yield from self.file.read("k")
        if entry is not None:
            self.reach("hit after a restart")
            self.say(f"v{entry.value}")
            self.require(entry.value >= promised, "a read returns what was invalidated")

    def at_rest(self):
        if not self.acknowledged or not self.is_open:
            return
        row = self.file.pending.get("p") or self.file.entries.get("p")
        self.reach("put kept")
        self.require(row is not None and not self.file.is_covered(row),
                     "an acknowledged put is lost")


STARTS = (("invalidates 1", "loads 1", "reads 2"),
          ("invalidates 1", "loads 2", "reads 2"),
          ("invalidates 1", "invalidates 2", "reads 2"),
          ("invalidates 1", "reads 3"),
          ("invalidates 1", "puts 1", "reads 2"),
          ("invalidates 1", "removes the journal before 2", "reads 2"))


def starts(variant):
    return [lambda does=does: Restart(variant, *does) for does in STARTS]


def main():
    suite = Suite("A restart")
    stale, lost = "a read returns what was invalidated", "an acknowledged put is lost"
    suite.holds("mark before the return, cleared after the commit, loaded before the first read",
                starts(""), "fill accepted", "fill refused", "hit after a restart", "put kept")
    suite.holds("the same, but a fill's row has its ticket's number",
                starts("fill has its ticket's number"), "fill accepted", "put kept")
    suite.breaks("the mark is written after the return", starts("mark after the return"), stale)
    suite.breaks("the mark is cleared before the commit", starts("mark cleared before the commit"),
                 stale)
    suite.breaks("numbers begin again at 0", starts("numbers begin again"), stale)
    suite.breaks("the marks are loaded after the first read",
                 starts("marks loaded after the first read"), stale)
    suite.breaks("the marks are cleared when they are loaded", starts("marks cleared when loaded"),
                 stale)
    suite.breaks("a row is judged by the reader's number", starts("judged by the reader's number"),
                 stale)
    suite.breaks("a put's row has the number of its ticket", starts("put has its ticket's number"),
                 lost)
    suite.breaks("marks and tombstones have no numbers", starts("tombstones without numbers"), lost)
    suite.breaks("a file is trusted without its journal", starts("journal not missed"), stale)
    suite.finish()


if __name__ == "__main__":
    main()
