"""Explores every interleaving of a few small threads and finds the shortest that breaks a promise.

A model is a class with some shared state and some threads. A thread is a generator. It yields the
name of the step that it takes next, and what it does from there to its next yield is one atomic
step; a second item in the yield is a condition that the step waits for:

    class Lost(Model):
        def __init__(self):
            super().__init__()
            self.number = 0
            self.must("a", self.adder())
            self.must("b", self.adder())

        def adder(self):
            yield "reads"
            number = self.number
            yield "writes"
            self.number = number + 1

        def at_rest(self):
            self.require(self.number == 2, "an addition is lost")

    print(explore(Lost))

The search is breadth-first, so the first schedule that breaks something is a shortest one. A state
is the model's attributes and, of each thread, its place and its local variables; a state that was
seen before is not explored again. A generator cannot be copied, so for each but one of a state's
next steps its schedule is replayed on a new model.

What a model must keep to, since the search relies on it:
- What a thread does depends on nothing but the attributes and its local variables: no time, no
  randomness, no `for` over a sequence that contains the same thing twice (the position of a loop is
  not visible, only its variable is).
- Local variables hold values that do not change: numbers, texts, tuples. What is shared and
  changes is an attribute, or a Part that is one.
"""

import collections
import gc
import types

STATES_MAX = 100_000

MUST, SERVES, MAY = "must", "serves", "may"


class Part:
    """A piece of shared state with a name; local variables may refer to it."""

    def __init__(self, name):
        self.name = name

    def state(self):
        return tuple(freeze(item) for name, item in vars(self).items() if name[0] != "_")


class Thread:
    """One generator, the step that it takes next, and what that step waits for."""

    def __init__(self, name, generator, kind):
        self.name = name
        self.generator = generator
        self.kind = kind
        self.is_done = False
        self.advance()

    def advance(self):
        try:
            wanted = next(self.generator)
        except StopIteration:
            self.is_done = True
            self.next_step, self.condition = None, None
            return
        self.next_step, self.condition = wanted if isinstance(wanted, tuple) else (wanted, None)

    def is_enabled(self):
        return not self.is_done and (self.condition is None or self.condition())

    def state(self):
        """Where the thread is: a place and the local variables of each generator within it."""
        if self.is_done:
            return None
        places = []
        generator = self.generator
        while generator is not None:
            places.append(place_of(generator))
            generator = generator.gi_yieldfrom
        return tuple(places)


class Model:
    """What the threads share. Attributes whose names begin with _ do not belong to the state."""

    def __init__(self):
        self.broken = None
        self._threads = []
        self._notes = []
        self._reached = set()

    # The threads. One that must has to end; one that serves does what there is to do; what one may
    # do can happen or not.
    def must(self, name, generator):
        self._threads.append(Thread(name, generator, MUST))

    def serves(self, name, generator):
        self._threads.append(Thread(name, generator, SERVES))

    def may(self, name, generator):
        self._threads.append(Thread(name, generator, MAY))

    def stop(self, *names):
        """Ends threads where they are, as a crash does."""
        for thread in self._threads:
            if thread.name in names:
                thread.is_done = True

    def say(self, text):
        """Adds to the description of the step that is being taken."""
        self._notes.append(text)

    def reach(self, name):
        """Notes that something happens in some schedule; see Suite.holds."""
        self._reached.add(name)

    def require(self, holds, text):
        if not holds and self.broken is None:
            self.broken = text

    def always(self):
        """Called in each state."""

    def at_rest(self):
        """Called in each state in which nothing has to happen any more."""


def place_of(generator):
    frame = generator.gi_frame
    return frame.f_code.co_name, frame.f_lasti, freeze(frame.f_locals)


def same(value):
    return value


def freeze_all(values):
    return tuple([freeze(value) for value in values])


# What a state may hold. Models are left out, and a Part is represented by its name.
FREEZERS = {
    int: same, str: same, bool: same, type(None): same,
    tuple: freeze_all, list: freeze_all,
    set: lambda values: frozenset(map(freeze, values)),
    frozenset: lambda values: frozenset(map(freeze, values)),
    dict: lambda values: frozenset([(key, freeze(value)) for key, value in values.items()]),
    types.GeneratorType: place_of,
    type: lambda value: value.__name__,
    types.FunctionType: lambda value: value.__qualname__,
}


def freeze(value):
    """A copy that can be compared and hashed."""
    freezer = FREEZERS.get(type(value))
    if freezer is not None:
        return freezer(value)
    if isinstance(value, Model):
        return "model"
    if isinstance(value, Part):
        return value.name
    if isinstance(value, tuple):
        return freeze_all(value)
    raise TypeError(f"a state cannot hold {value!r}")


class Run:
    """A model after the steps of a schedule, which is a sequence of positions of threads."""

    def __init__(self, make, schedule):
        self.model = make()
        self.threads = self.model._threads
        for position in schedule:
            self.threads[position].advance()

    def describe_step(self, position):
        thread = self.threads[position]
        self.model._notes.clear()
        text = f"{thread.name}: {thread.next_step}"
        thread.advance()
        return text + "".join(f" ({note})" for note in self.model._notes)

    def enabled(self):
        return [i for i, thread in enumerate(self.threads) if thread.is_enabled()]

    def check(self, enabled):
        """The promise that is broken in this state, or None."""
        model = self.model
        model.always()
        if all(self.threads[i].kind == MAY for i in enabled):
            for thread in self.threads:
                model.require(thread.is_done or thread.kind != MUST,
                              f"{thread.name} waits for ever: {thread.next_step}")
            model.at_rest()
        return model.broken

    def places(self, before=None, position=None):
        """The threads' states. Only the thread that made a step, and those it stopped, differ."""
        if before is None:
            return tuple([thread.state() for thread in self.threads])
        places = [None if thread.is_done else place for thread, place in zip(self.threads, before)]
        places[position] = self.threads[position].state()
        return tuple(places)

    def shared(self):
        return tuple([value.state() if isinstance(value, Part) else freeze(value)
                      for name, value in vars(self.model).items() if name[0] != "_"])


class Found:
    """What a search has found: the number of states, the broken promise if any, and how."""

    def __init__(self):
        self.states = 0
        self.broken = None
        self.schedule = []
        self.reached = set()

    def __str__(self):
        if self.broken is None:
            return f"HOLDS, {self.states} states"
        steps = "".join(f"\n      {step}" for step in self.schedule)
        return f"BROKEN, {self.states} states: {self.broken}{steps}"


class Search:
    """A breadth-first search over the states of the models that make() makes."""

    def __init__(self, make, states_max):
        self.make = make
        self.states_max = states_max
        self.seen = set()
        self.waiting = collections.deque()
        self.found = Found()

    def visit(self, run, schedule, before=None):
        found = self.found
        found.reached |= run.model._reached
        places = run.places(before, schedule[-1] if schedule else None)
        state = (run.shared(), places)
        if state in self.seen:
            return
        if len(self.seen) == self.states_max:
            raise RuntimeError(f"more than {self.states_max} states: make the model smaller")
        self.seen.add(state)
        enabled = run.enabled()
        found.broken = run.check(enabled)
        found.schedule = schedule
        found.reached |= run.model._reached
        self.waiting.append((run, schedule, enabled, places))

    def go(self):
        self.visit(Run(self.make, ()), ())
        while self.waiting and self.found.broken is None:
            live, schedule, enabled, places = self.waiting.popleft()
            for position in enabled:
                # The last step is taken by the run that is there already.
                run = live if position == enabled[-1] else Run(self.make, schedule)
                run.threads[position].advance()
                self.visit(run, (*schedule, position), places)
                if self.found.broken is not None:
                    break
        self.found.states = len(self.seen)
        return self.found


def explore(make, states_max=STATES_MAX):
    """Searches all schedules of the model that make() makes, up to the first that breaks."""
    gc.set_threshold(100_000)  # each run is a cycle of references, and there are many
    found = Search(make, states_max).go()
    if found.broken:
        run = Run(make, ())
        found.schedule = [run.describe_step(position) for position in found.schedule]
    else:
        found.schedule = []
    return found
