"""The explorer itself: it finds what is broken, by a shortest schedule, and nothing else."""

import contextlib
import io
import unittest

from explore import Model, Part, explore
from suite import Suite


class Adders(Model):
    """Threads that add to a number in two steps, or in one."""

    def __init__(self, threads, atomic=False):
        super().__init__()
        self.number = 0
        self.count = threads
        for index in range(threads):
            self.must(f"adder {index}", self.atomic_adder() if atomic else self.adder())

    def adder(self):
        yield "reads"
        number = self.number
        self.say(str(number))
        yield "writes"
        self.number = number + 1

    def atomic_adder(self):
        yield "adds"
        self.number += 1

    def at_rest(self):
        self.require(self.number == self.count, "an addition is lost")


class Locked(Model):
    """Two threads that take two locks, in the same order or not."""

    def __init__(self, second_order):
        super().__init__()
        self.taken = Part("taken")
        self.taken.locks = set()
        self.must("a", self.locker("xy"))
        self.must("b", self.locker(second_order))

    def locker(self, order):
        for lock in order:
            yield f"takes {lock}", lambda: lock not in self.taken.locks
            self.taken.locks.add(lock)
        yield "lets go"
        self.taken.locks -= set(order)


class Optional(Model):
    """A light that somebody may put out, and that must be on or off at the end."""

    def __init__(self, promise):
        super().__init__()
        self.promise = promise
        self.light = False
        self.must("a", self.switch())
        self.may("b", self.put_out())
        self.serves("nobody", self.nothing())

    def switch(self):
        yield "on"
        self.light = True
        self.reach("light")

    def put_out(self):
        yield "off", lambda: self.light
        self.light = False
        self.reach("dark again")

    def nothing(self):
        yield "never", lambda: False

    def at_rest(self):
        self.require(self.light in self.promise, "the light")


class Stopped(Model):
    """A thread that is killed at any step."""

    def __init__(self):
        super().__init__()
        self.done = 0
        self.must("worker", self.work())
        self.may("kill", self.kill())

    def work(self):
        for step in range(3):
            yield f"step {step}"
            self.done += 1

    def kill(self):
        yield "kill"
        self.stop("worker")

    def at_rest(self):
        self.reach(f"{self.done} done")


class Nested(Model):
    """Two threads in a shared piece, at the same place of it but with other local variables."""

    def __init__(self):
        super().__init__()
        self.sum = 0
        self.must("a", self.outer(1))
        self.must("b", self.outer(2))

    def outer(self, number):
        got = yield from self.inner(number)
        yield "adds"
        self.sum += got

    def inner(self, number):
        yield "doubles"
        return 2 * number

    def at_rest(self):
        self.require(self.sum == 6, "the sum")


class Passing(Model):
    """A number that is 1 only for a moment."""

    def __init__(self):
        super().__init__()
        self.number = 0
        self.must("a", self.count())

    def count(self):
        for number in (1, 2):
            yield f"sets {number}"
            self.number = number

    def always(self):
        self.require(self.number != 1, "one")


class Explore(unittest.TestCase):

    def test_a_lost_update_is_found_by_a_shortest_schedule(self):
        found = explore(lambda: Adders(2))
        self.assertEqual(found.broken, "an addition is lost")
        self.assertEqual(len(found.schedule), 4)
        self.assertIn("adder 0: reads (0)", found.schedule)
        self.assertIn("adder 1: writes", found.schedule)

    def test_what_is_atomic_holds(self):
        self.assertIsNone(explore(lambda: Adders(2, atomic=True)).broken)

    def test_equal_states_are_explored_once(self):
        # A thread is done or not, and the number follows from that: two to the power of five.
        self.assertEqual(explore(lambda: Adders(5, atomic=True)).states, 32)

    def test_a_deadlock_is_a_thread_that_waits_for_ever(self):
        self.assertIsNone(explore(lambda: Locked("xy")).broken)
        found = explore(lambda: Locked("yx"))
        self.assertIn("waits for ever", found.broken)
        self.assertEqual(len(found.schedule), 2)

    def test_what_may_happen_happens_in_some_schedules_and_not_in_others(self):
        self.assertIsNone(explore(lambda: Optional((True, False))).broken)
        self.assertEqual(explore(lambda: Optional((True,))).schedule, ["a: on", "b: off"])
        self.assertEqual(explore(lambda: Optional((False,))).schedule, ["a: on"])

    def test_what_was_reached_is_known(self):
        found = explore(lambda: Optional((True, False)))
        self.assertEqual(found.reached, {"light", "dark again"})

    def test_a_stopped_thread_stays_where_it_is(self):
        found = explore(Stopped)
        self.assertIsNone(found.broken)
        self.assertEqual(found.reached, {"0 done", "1 done", "2 done", "3 done"})

    def test_local_variables_are_part_of_the_state(self):
        self.assertIsNone(explore(Nested).broken)
        self.assertEqual(explore(Nested).states, 9)

    def test_what_must_hold_always_is_looked_at_in_each_state(self):
        self.assertEqual(explore(Passing).schedule, ["a: sets 1"])

    def test_too_many_states_are_an_error(self):
        with self.assertRaises(RuntimeError):
            explore(lambda: Adders(5, atomic=True), states_max=31)

    def test_what_cannot_be_compared_is_refused(self):
        class Odd(Model):

            def __init__(self):
                super().__init__()
                self.thing = object()

        with self.assertRaises(TypeError):
            explore(Odd)


class Variants(unittest.TestCase):
    """A suite fails in both directions."""

    def failures(self, check):
        with contextlib.redirect_stdout(io.StringIO()):
            suite = Suite("a suite")
            check(suite)
            with self.assertRaises(SystemExit) as end:
                suite.finish()
        self.assertEqual(end.exception.code, 1 if suite.failures else 0)
        return suite.failures

    def lossy(self):
        return Adders(2)

    def sound(self):
        return Adders(2, atomic=True)

    def test_what_should_hold_and_what_should_break_do(self):
        self.assertEqual(self.failures(lambda suite: suite.holds("one", self.sound)), 0)
        self.assertEqual(self.failures(
            lambda suite: suite.breaks("one", self.lossy, "an addition is lost")), 0)

    def test_what_should_hold_and_breaks_is_a_failure(self):
        self.assertEqual(self.failures(lambda suite: suite.holds("one", self.lossy)), 1)
        self.assertEqual(self.failures(
            lambda suite: suite.holds("one", [self.sound, self.lossy])), 1)

    def test_what_should_break_and_holds_is_a_failure(self):
        self.assertEqual(self.failures(
            lambda suite: suite.breaks("one", self.sound, "an addition is lost")), 1)

    def test_what_breaks_for_another_reason_is_a_failure(self):
        self.assertEqual(self.failures(
            lambda suite: suite.breaks("one", self.lossy, "a deadlock")), 1)

    def test_what_holds_because_nothing_happens_is_a_failure(self):
        self.assertEqual(self.failures(
            lambda suite: suite.holds("one", self.sound, "a fill is accepted")), 1)


if __name__ == "__main__":
    unittest.main()
