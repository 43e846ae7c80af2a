from __future__ import annotations

import gc
import subprocess
import sys
import weakref

from monitor.keywords.garbage import let_go, resting, unwatch
from monitor.keywords.match import Matcher
from monitor.keywords.rules import Combination, KeywordList, Kind, Rule
from monitor.model import Severity

_S = Severity.HIGH


def make(count: int) -> KeywordList:
    rules = [
        Rule(f"phrase number {i}", _S, text=f"phrase number {i}", sound=0.9 if i < 50 else None) for i in range(count)
    ]
    both = Rule("both", _S, kind=Kind.COMBINATION, combination=Combination(("one", "two")))
    return KeywordList("l", "l", ("en",), _S, (*rules, both), ("an exception",), (), (), "v1")


def test_the_collector_rests_and_goes_on() -> None:
    assert gc.isenabled()
    with resting(), resting():
        assert not gc.isenabled()
    assert gc.isenabled()
    gc.disable()
    try:
        with resting():
            pass
        assert not gc.isenabled(), "who switched it off wants it off"
    finally:
        gc.enable()


def test_what_is_unwatched_works_and_costs_collections_nothing() -> None:
    make(10)
    gc.collect()
    before = len(gc.get_objects())
    with resting():
        matcher = Matcher([make(3000)])
        assert len(gc.get_objects()) > before + 3000
        unwatch(matcher)
    assert len(gc.get_objects()) < before + 500
    gc.collect()
    assert [hit.phrase for hit in matcher.find_text("phrase number 2999, one and two", "en")] == [
        "phrase number 2999",
        "both",
    ]


def test_what_is_unwatched_is_freed_with_its_last_reference() -> None:
    class Marked(str):
        __slots__ = ("__weakref__",)

    label = Marked("marked")
    gone = weakref.ref(label)
    one = KeywordList("l", "l", (), _S, (Rule(label, _S, text="marked"),), (), (), (), "v1")
    matcher = Matcher([one])
    unwatch(matcher)
    del label, one, matcher
    assert gone() is None


def test_others_that_lean_on_what_is_unwatched_are_left_alone() -> None:
    """What only an unwatched container holds is not taken for garbage."""
    cycle: list[object] = []
    cycle.append(cycle)
    holder = [cycle]
    del cycle
    unwatch_only_the_holder(holder)
    gc.collect()
    assert holder[0][0] is holder[0]  # type: ignore[index]
    gc.collect()


def unwatch_only_the_holder(holder: list[object]) -> None:
    from monitor.keywords import garbage

    garbage._untrack(holder)


def test_lists_are_let_go_and_what_others_hold_stays() -> None:
    gone, kept = make(5000), make(10)
    lists: list[object] = [gone, kept]
    del gone
    before = len([one for one in gc.get_objects() if type(one) is Rule])
    let_go(lists)
    assert lists == []
    assert len([one for one in gc.get_objects() if type(one) is Rule]) == before - 5001
    assert len(kept.rules) == 11


HALF_MADE = """
import sys, threading
from monitor.keywords.garbage import resting

sys.setswitchinterval(1e-5)
over = threading.Event()

def make():
    while not over.is_set():
        tuple(str(n) for n in range(60))

makers = [threading.Thread(target=make) for _ in range(2)]
for maker in makers:
    maker.start()
for _ in range(2000):
    with resting():
        made = [(n, str(n)) for n in range(50)]
over.set()
for maker in makers:
    maker.join()
"""


def test_what_other_threads_are_half_way_through_making_is_not_looked_into() -> None:
    """It once ended the process; so it is tried in one of its own."""
    done = subprocess.run([sys.executable, "-c", HALF_MADE], capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
