"""What a program wrote before it raised is written by its graph too, saved and loaded or not."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

import diptych
from diptych.graph.program import SymbolicGraph


class Rejected(Exception):
    """An exception of a user's own."""

    def __init__(self, reason: str, code: int) -> None:
        super().__init__(reason)
        self.code = code


def program(x: torch.Tensor) -> torch.Tensor:
    x.mul_(2)
    if x.sum() > 10:
        raise Rejected("too much", 7)
    return x + 1


@pytest.mark.parametrize("saved", [False, True])
def test_writes_before_an_exception(saved: bool, tmp_path: Path) -> None:
    graph = diptych.capture(program, torch.ones(3))
    if saved:
        graph.save(tmp_path / "graph.diptych")
        graph = SymbolicGraph.load(tmp_path / "graph.diptych")
    for start in (1.0, 4.0):
        x, y = torch.full((3,), start), torch.full((3,), start)
        caught: list[BaseException] = []
        for run, given in ((program, x), (graph, y)):
            try:
                run(given)
            except Rejected as error:
                caught.append(error)
        assert x.equal(y)
        assert [(e.args, getattr(e, "code", None)) for e in caught] == [(("too much",), 7)] * (2 if start == 4 else 0)
        assert not any("diptych_raised" in vars(e) for e in caught)
