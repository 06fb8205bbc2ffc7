"""What tracing took is given back, where it is much."""

from __future__ import annotations

import gc
import weakref

import pytest

from diptych.hybrid import tidy as module
from diptych.hybrid.tidy import Tidy


class Node:
    """Something in a cycle."""

    def __init__(self) -> None:
        self.me = self


@pytest.mark.parametrize(("sizes", "done"), [((0, 1 << 30, 0), True), ((0, 1), False), ((None, None, None), True)])
def test_it_looks_only_where_the_process_has_grown(monkeypatch: pytest.MonkeyPatch, sizes, done) -> None:
    told = iter(sizes)
    monkeypatch.setattr(module, "resident", lambda: next(told))
    tidy = Tidy()
    gc.disable()
    try:
        kept = weakref.ref(Node())
        assert tidy() == done
        assert (kept() is None) == done
    finally:
        gc.enable()
