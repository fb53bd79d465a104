"""The graph of explicit dependencies: `derived -> source` edges, and values that carry d only.

Covers memory and a lower tier: a value that is loaded, promoted, or computed from a cached one, an
edge that is added, removed and added again, added twice at the same time, or closes a cycle, and an
invalidation of the source. A value is stored with its labels closed over the graph. Promise: when
the adding and the invalidation of the source have returned, in whatever order they overlapped, no
tier has what was loaded before the origin changed.

Does not cover: the bounds of depth and reach (a closure that is cut), the pending writes of the
file (three_tiers.py), restarts (records carry closed labels, and the edges are gone), and two
processes with two graphs.
"""

from explore import Model
from parts import Entry, Running, Tier
from suite import Suite


def closure(labels, edges):
    """The labels and all their sources, breadth first; cycles are harmless."""
    closed = list(labels)
    for label in closed:
        closed += sorted({source for derived, source in edges if derived == label} - set(closed))
    return tuple(closed)


def remembered_closure(label, edges, memory):
    """A depth-first closure that remembers what it found, also while a cycle is still open."""
    if label not in memory:
        memory[label] = (label,)
        for derived, source in sorted(edges):
            if derived == label:
                found = remembered_closure(source, edges, memory)
                memory[label] += tuple(one for one in found if one not in memory[label])
    return memory[label]


class Graph(Model):

    def __init__(self, variant, scene):
        super().__init__()
        self.variant = variant
        self._scene = scene
        self.edges = frozenset(scene.edges)
        self.adding = 0
        self.origin = 0
        self.returned = frozenset()
        self.memory, self.lower = Tier("memory"), Tier("lower")
        self.running = Running(self.memory, self.lower)
        for tier in (self.memory, self.lower) if scene.in_memory else (self.lower,):
            labels = closure(("K", scene.label), self.edges)
            tier.entries["K"] = Entry(0, labels, 0)
        self.must("load", self.load())
        if not scene.in_memory:
            self.must("promotion", self.promote())
        self.must("adder", self.remove_and_add() if scene.removes else self.add("adder"))
        if scene.repeats:
            self.must("second adder", self.add("second adder"))
        self.must("writer", self.write())

    def close(self, labels):
        if self.variant != "remembered":
            return closure(labels, self.edges)
        memory = {}
        remembered_closure("d", self.edges, memory)  # of another value, a little earlier
        return sum((remembered_closure(label, self.edges, memory) for label in labels), ())

    def load(self):
        labels = ("K", self._scene.label)
        if self.variant == "closed before the ticket":
            yield "closes the labels"
            labels = self.close(labels)
        yield "takes its tickets"
        tickets = self.running.tickets()
        if self.variant in ("closed at the start", "closed at the start, not compared"):
            yield "closes the labels"
            labels = self.close(labels)
        entry = None
        if self._scene.derives:
            yield "reads K in memory"
            entry = self.memory.entries.get("K")
        if entry is None:
            yield "reads the origin"
            value = self.origin
        else:
            value, labels = entry.value, ("D", *entry.labels)
        self.say(f"v{value}")
        if self.variant == "closed before the fills":
            yield "closes the labels"
            labels = self.close(labels)
        key = "D" if self._scene.derives else "K"
        yield from self.fill(self.lower, key, value, labels, tickets[1])
        yield from self.fill(self.memory, key, value, labels, tickets[0])

    def fill(self, tier, key, value, labels, ticket):
        yield f"fills {tier.name}"
        if not self.variant.startswith("closed"):
            labels = self.close(labels)
        compared = labels
        if self.variant == "closed at the start, not compared":
            compared = ("K",)
        is_stored = not tier.was_invalidated(compared, ticket)
        if is_stored:
            tier.entries[key] = Entry(value, labels, tier.number)
        self.say("accepted" if is_stored else "refused")
        self.reach(f"{tier.name} {'accepted' if is_stored else 'refused'}")

    def promote(self):
        """A look-up that finds K below; a promotion does not close the labels again."""
        yield "takes its tickets"
        ticket = self.running.positions()[0]
        yield "reads K in the lower tier"
        entry = self.lower.entries.get("K")
        if entry is not None:
            yield "promotes to memory"
            self.memory.fill("K", entry.value, entry.labels, ticket)

    def invalidate(self, who, label):
        yield f"invalidates {label} in {self.lower.name}"
        self.running.begin(who)
        self.lower.invalidate(label)
        yield f"invalidates {label} in {self.memory.name}, and is done"
        self.memory.invalidate(label)
        self.running.end(who)

    def add(self, who):
        edge = self._scene.added
        if self.variant == "invalidated first":
            yield from self.invalidate(who, edge[0])
        if self.variant == "adding takes turns":
            yield "takes its turn", lambda: self.adding == 0
            self.adding = 1
        yield "makes the edge visible"
        is_new = edge not in self.edges
        self.edges |= {edge}
        if self.must_invalidate(is_new):
            yield from self.invalidate(who, edge[0])
        self.adding = 0
        self.returned |= {who}

    def must_invalidate(self, is_new):
        if self.variant in ("invalidated first", "not invalidated"):
            return False
        return is_new or self.variant == "repeats invalidate too"

    def remove_and_add(self):
        yield "removes the edge"
        self.edges -= {self._scene.added}
        if self.variant != "known edge":
            yield from self.add("adder")
            return
        yield "makes the edge visible, which it was before"
        self.edges |= {self._scene.added}
        self.returned |= {"adder"}

    def write(self):
        # The program that adds the edge again is the one that writes then.
        yield "commits v1", lambda: not self._scene.repeats or "second adder" in self.returned
        self.origin = 1
        yield from self.invalidate("writer", self._scene.invalidated)
        self.returned |= {"writer"}

    def always(self):
        if not {"writer", "second adder" if self._scene.repeats else "adder"} <= self.returned:
            return
        for tier in (self.memory, self.lower):
            for entry in tier.entries.values():
                self.reach("late hit")
                self.require(entry.value >= 1, f"{tier.name} has what the source has changed")


class Scene:
    """Which edges there are, which is added, which label the value has, what is invalidated."""

    def __init__(self, edges, added, label="d", invalidated="s", **flags):
        self.edges = edges
        self.added = added
        self.label = label
        self.invalidated = invalidated
        self.in_memory = flags.get("in_memory", False)
        self.derives = flags.get("derives", False)
        self.removes = flags.get("removes", False)
        self.repeats = flags.get("repeats", False)


EDGE = ("d", "s")
SCENES = (Scene((), EDGE), Scene((), EDGE, in_memory=True),
          Scene((), EDGE, in_memory=True, derives=True),
          Scene((("d", "m"),), ("m", "s")))
CYCLES = (Scene((EDGE,), ("s", "d"), label="s", invalidated="d"), Scene((("s", "d"),), EDGE),
          Scene((("d", "m"), EDGE), ("m", "d"), label="m"))
REMOVAL = (Scene((EDGE,), EDGE, removes=True),)
REPEATED = (Scene((), EDGE, repeats=True), Scene((), EDGE, repeats=True, in_memory=True))


def starts(variant, scenes=SCENES):
    return [lambda scene=scene: Graph(variant, scene) for scene in scenes]


def main():
    suite = Suite("The graph of explicit dependencies")
    stale = "has what the source has changed"
    reached = tuple(f"{tier} {what}" for tier in ("memory", "lower")
                    for what in ("accepted", "refused")) + ("late hit",)
    everything = SCENES + CYCLES + REMOVAL
    suite.holds("closed under each tier's lock; visible, then invalidated", starts("", everything),
                *reached)
    suite.holds("closed once, outside the locks, before the fills",
                starts("closed before the fills", everything), *reached)
    suite.holds("closed at the start of the load, after its tickets",
                starts("closed at the start"), *reached)
    suite.holds("repeated adds take turns", starts("adding takes turns", REPEATED), *reached)
    suite.holds("a repeated add invalidates too", starts("repeats invalidate too", REPEATED),
                *reached)
    suite.breaks("a repeated add returns at once", starts("", REPEATED), stale)
    suite.breaks("invalidated first, then made visible", starts("invalidated first"), stale)
    suite.breaks("adding invalidates nothing", starts("not invalidated"), stale)
    suite.breaks("closed before the tickets are taken", starts("closed before the ticket"), stale)
    suite.breaks("closed at the start, and only the key is compared",
                 starts("closed at the start, not compared"), stale)
    suite.breaks("an edge that is added again invalidates nothing", starts("known edge", REMOVAL),
                 stale)
    suite.breaks("closures are remembered while a cycle is open", starts("remembered", CYCLES),
                 stale)
    suite.finish()


if __name__ == "__main__":
    main()
