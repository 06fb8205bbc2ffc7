"""The passes in their order."""

from __future__ import annotations

from collections.abc import Collection

from torch import fx

from diptych.graph import walk
from diptych.passes.base import Pass
from diptych.passes.batch import apart, batch
from diptych.passes.common import share, shared
from diptych.passes.constants import fold, unfolded
from diptych.passes.dead import eliminate, unused
from diptych.passes.facts import in_order, written_out
from diptych.passes.hoist import hoist, unhoisted
from diptych.passes.join import join, unjoined
from diptych.passes.linear import linear, separate
from diptych.passes.simplify import simplify, unsimplified

SOUND = (written_out, in_order)
DEAD = Pass("dead", "leaves out steps that nobody uses", eliminate, SOUND, (*SOUND, unused))
ORDER = (
    DEAD,
    Pass("fold", "computes what constants alone give", fold, SOUND, (*SOUND, unfolded)),
    Pass("simplify", "leaves out steps that give what they are given", simplify, SOUND, (*SOUND, unsimplified)),
    Pass("join", "writes sums of slices in zeros as one cat", join, SOUND, (*SOUND, unjoined), exact=False),
    Pass("batch", "puts products of one matrix in loops together", batch, SOUND, (*SOUND, apart), exact=False),
    Pass("hoist", "moves out of loops what is the same in each round", hoist, SOUND, (*SOUND, unhoisted)),
    Pass("common", "does equal steps once", share, SOUND, (*SOUND, shared)),
    Pass("linear", "begins products with what is added to them", linear, SOUND, (*SOUND, separate), exact=False),
)
PASSES: dict[str, Pass] = {each.name: each for each in ORDER}
"""Every pass by name."""


def optimise(module: fx.GraphModule, without: Collection[str] = (), check: bool = False) -> dict[str, int]:
    """Run all passes but those in `without`; what each did. With `check`, PassError where one is not what it says."""
    unknown = set(without) - set(PASSES)
    if unknown:
        raise ValueError(f"there is no pass {sorted(unknown)[0]!r}; there are {', '.join(PASSES)}")
    done: dict[str, int] = {}
    bodies = [function.body for function in walk.functions(module) if function.body is not None]
    for part in (*bodies, module):
        for each in (*ORDER, DEAD):
            if each.name not in without:
                run = each.checked if check else each.apply
                done[each.name] = done.get(each.name, 0) + run(part)
        refresh(part)
    return done


def refresh(module: fx.GraphModule) -> None:
    """Make the code of a graph and its regions anew."""
    for part in module.modules():
        if isinstance(part, fx.GraphModule):
            part.graph.lint()
            part.recompile()
