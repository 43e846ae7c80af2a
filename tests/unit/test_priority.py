"""A model's own threads give way; whoever calls the model doesn't."""

from __future__ import annotations

import os
import sys
import threading

import pytest

from monitor import priority


class Model:
    """Starts a thread of its own when it is loaded, as CTranslate2 does."""

    def __init__(self) -> None:
        self.own: list[int] = []
        worker = threading.Thread(target=lambda: self.own.append(nice()))
        worker.start()
        worker.join()


def nice() -> int:
    return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())


@pytest.mark.skipif(sys.platform != "linux", reason="priorities of threads are Linux's")
@pytest.mark.parametrize("lower", [priority.FIRST, priority.SECOND])
def test_a_models_threads_give_way_and_its_caller_does_not(lower: int) -> None:
    before = nice()
    model = priority.loaded(Model, lower)
    assert model.own == [min(19, before + lower)]
    assert nice() == before


def test_second_hearings_give_way_to_first_ones() -> None:
    assert 0 < priority.FIRST < priority.SECOND


def test_what_the_loading_raises_comes_out() -> None:
    def broken() -> Model:
        raise RuntimeError("no weights")

    with pytest.raises(RuntimeError, match="no weights"):
        priority.loaded(broken, priority.FIRST)
