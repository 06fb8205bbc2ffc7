"""The passes in their order."""

from __future__ import annotations

from collections.abc import Callable, Collection

from torch import fx

from diptych.passes.common import share
from diptych.passes.dead import eliminate
from diptych.passes.hoist import hoist
from diptych.passes.join import join

PASSES: dict[str, Callable[[fx.GraphModule], int]] = {"dead": eliminate, "join": join, "hoist": hoist, "common": share}
"""Every pass by name: it changes a graph in place, and says how many steps it touched."""


def optimise(module: fx.GraphModule, without: Collection[str] = ()) -> dict[str, int]:
    """Run all passes but those in `without`; what each did."""
    done: dict[str, int] = {}
    for name in (*PASSES, "dead"):
        if name not in without:
            done[name] = done.get(name, 0) + PASSES[name](module)
    refresh(module)
    return done


def refresh(module: fx.GraphModule) -> None:
    """Make the code of a graph and its regions anew."""
    for part in module.modules():
        if isinstance(part, fx.GraphModule):
            part.graph.lint()
            part.recompile()
