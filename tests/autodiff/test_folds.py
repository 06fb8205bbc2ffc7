"""Folds that are written out run as they are, and give what the folds give: values and gradients."""

from __future__ import annotations

import random
from types import SimpleNamespace
from typing import Any

import pytest
import torch

import diptych
from diptych.autodiff.written import write_out
from diptych.graph import walk
from diptych.graph.fold import Fold
from diptych.graph.levels import fold_back, fold_levels
from diptych.hybrid import tiers
from tests.hybrid.trees import EACH_FOLDED, FOLDED

CLOSE = {"rtol": 1e-5, "atol": 1e-6}


def fed(monkeypatch: pytest.MonkeyPatch, name: str) -> list[tuple[Any, list[Any], Any]]:
    """Graphs of a program that folds, their inputs at some calls, and how they run operation by operation."""
    found: list[tuple[Any, list[Any], Any]] = []

    class Telling:
        """Stands for compiled code: tells what it is called with."""

        failures = 0
        code = SimpleNamespace(direct=None)

        def __init__(self, graph: Any, flat: Any, plain: Any, *rest: Any) -> None:
            self.graph, self.plain = graph, plain

        def __call__(self, *flat: Any) -> Any:
            found.append((self.graph, list(flat), self.plain))
            return self.plain(*flat)

    monkeypatch.setattr(tiers, "Compiled", Telling)
    model, structure = FOLDED[name]
    hybrid = diptych.hybridize(model(), backend="native")
    rng = random.Random(1)
    for _ in range(8):
        hybrid(structure(rng))
    return found


@pytest.mark.parametrize("name", EACH_FOLDED)
def test_written_folds_are_folds(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    compared = 0
    for graph, flat, plain in fed(monkeypatch, name):
        if not any(isinstance(node.target, Fold) for node in graph.module.graph.nodes):
            continue
        compared += 1
        written = write_out(graph.module, flat)
        targets = {node.target for node in walk.everything(written.forward)}
        assert fold_levels in targets
        found, expected = written.forward(*flat), plain(*flat)
        torch.testing.assert_close(found[0], expected[0], **CLOSE)
        assert written.backward is not None
        assert fold_back in {node.target for node in walk.everything(written.backward)}
        wanted = [flat[k] for k in written.wanted]
        gradients = torch.autograd.grad(expected[0], wanted, torch.tensor(2.0), allow_unused=True)
        saved = [flat[-1 - k] if k < 0 else found[k] for k in written.saved]
        for made, gradient in zip(written.backward(torch.tensor(2.0), *saved), gradients, strict=True):
            if gradient is None:  # no node of that kind: the run would have ended
                assert made is None or not made.any()
            else:
                torch.testing.assert_close(made, gradient, **CLOSE)
    assert compared
