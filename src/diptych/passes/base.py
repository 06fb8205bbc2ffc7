"""What a pass is: a step from graph to graph, with what it relies on and what holds after it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from torch import fx

Fact = Callable[[fx.GraphModule], list[fx.Node]]
"""The steps of a graph, those in regions included, for which it does not hold."""


class PassError(AssertionError):
    """A pass was given, or has made, a graph that it should not."""


@dataclass(frozen=True)
class Pass:
    """One pass over graphs that are written out.

    Attributes:
        name: by which it is switched off.
        what: what it does, in one sentence.
        apply: changes a graph in place; how many steps it touched.
        requires: facts that have to hold before.
        ensures: facts that hold afterwards.
        exact: whether values keep every bit; else sums may be added up in another order, or zeros lose their sign.
    """

    name: str
    what: str
    apply: Callable[[fx.GraphModule], int]
    requires: tuple[Fact, ...] = ()
    ensures: tuple[Fact, ...] = ()
    exact: bool = True

    def __call__(self, module: fx.GraphModule) -> int:
        """Apply it."""
        return self.apply(module)

    def checked(self, module: fx.GraphModule) -> int:
        """Apply it to a graph of which all that it requires is true, and see that what it ensures is; PassError."""
        self.hold(self.requires, module, "was given")
        done = self.apply(module)
        self.hold(self.ensures, module, "has left")
        return done

    def hold(self, facts: tuple[Fact, ...], module: fx.GraphModule, how: str) -> None:
        """Raise PassError where one of the facts does not hold."""
        for fact in facts:
            wrong = fact(module)
            if wrong:
                said = (fact.__doc__ or fact.__name__).strip().splitlines()[0]
                raise PassError(f"the pass {self.name!r} {how} {wrong[0].format_node()}; it has to be: {said}")
