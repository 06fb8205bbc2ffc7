"""What the parts of the stager share: the tape, the continuation chain, and what they ask of each other."""

from __future__ import annotations

import collections
from collections.abc import Callable, Hashable, Iterator
from contextlib import AbstractContextManager
from typing import Any

import torch

from diptych.capture.completion import Completion
from diptych.capture.interpreter import Frame, Interpreter, Signal
from diptych.capture.recording import Recorder
from diptych.capture.regions import Region
from diptych.capture.tensors import Store
from diptych.capture.trail import CellPlace, Change, has_attributes
from diptych.capture.values import Scalar


class Diverged(Signal):
    """The rest of this path is never reached: it has raised."""


class Thrown(Signal):
    """An exception of the program leaves this path for a handler; `done` says which, where that depends on the path."""

    def __init__(self, done: Completion) -> None:
        self.done = done


class Side:
    """One side of a branch: its region, what it changed, and how it ended.

    `diverged`: its end is never reached. `thrown`: it always ends with an exception for a handler. `escape`: on which
    of its paths there is one (True for all), and which.
    """

    def __init__(self, region: Region, holds: bool) -> None:
        self.region = region
        self.holds = holds
        self.changes: dict[Hashable, Change] = {}
        self.done: Completion = None
        self.diverged = False
        self.thrown = False
        self.escape: tuple[Any, Completion] | None = None

    @property
    def ends(self) -> bool:
        """Whether what follows is reached from here."""
        return not self.diverged and not self.thrown


class Loop:
    """A loop that is being unrolled: where its continuation stands, and whether it may be staged instead."""

    def __init__(self, base: int, stageable: bool) -> None:
        self.base = base
        self.stageable = stageable


class StageLoop(Signal):
    """A tensor decides how this loop is left: start it again as a staged one."""

    def __init__(self, loop: Loop) -> None:
        self.loop = loop


class Core(Interpreter):
    """State of the stager, and the operations that its parts provide to each other."""

    def __init__(self, tape: Recorder) -> None:
        self.tape = tape
        self.chain: list[Callable[[], Completion]] = []
        self.loops: list[Loop] = []
        self.in_function = True
        self.handlers = 0
        self.finals = 0

        self.paths = 0
        self.stages_long = True
        self.in_vain: set[Any] = set()
        self.staged_long = False
        self.born: dict[int, int] = {}
        self.kept: list[Any] = []
        self.frozen: dict[int, Any] = {}
        self.made_here: set[int] = set()
        self.written: set[Any] = set()
        self.outside_cells: set[int] = set()
        self.opaque: list[str] = []
        self.followed: list[str] = []
        self.in_inference = False
        self.inference_end: Any = None
        self.scopes: list[Any] = []
        self.frames: list[Frame] = []
        self.handling: list[BaseException] = []
        self.inexact_errors: dict[int, tuple[BaseException, bool]] = {}
        self.arrays: list[Any] = []
        self.taken: dict[int, tuple[int, Any]] = {}

    def truth(self, value: Any) -> bool | Scalar:
        """The truth of a value: known now, or a number of the graph."""
        raise NotImplementedError

    def stage_if(
        self,
        pred: Scalar,
        then: Callable[[], Completion],
        orelse: Callable[[], Completion],
        frame: Frame | None,
        live: tuple[str, ...] | None,
        position: int | None,
    ) -> Completion:
        """Trace both sides into a `cond`."""
        raise NotImplementedError

    def stage_value(self, pred: Scalar, then: Callable[[], Any], orelse: Callable[[], Any]) -> Any:
        """`then()` or `orelse()`, decided when the graph runs."""
        raise NotImplementedError

    def resolve(self, value: Any) -> Any:
        """A union whose side is known on this path, as the alternative that holds."""
        raise NotImplementedError

    def distribute(self, function: Callable[..., Any], *values: Any) -> Any:
        """`function(*values)` for every combination of the alternatives of unions among the values."""
        raise NotImplementedError

    def count_path(self) -> None:
        """Copies of what follows a branch are limited."""
        raise NotImplementedError

    def expecting(self, action: Callable[[], Any], kinds: Any, otherwise: Callable[[], Any]) -> Any:
        """`action()`, or `otherwise()` where it raises one of `kinds`."""
        raise NotImplementedError

    def percent(self, template: str, values: Any) -> Any:
        """`template % values`."""
        raise NotImplementedError

    def iterator(self, items: Any) -> Any:
        """What `iter(items)` gives of an object whose class is the program's; other objects as they are."""
        raise NotImplementedError

    def lift(self, items: Any) -> Any:
        """A lazy iterable over a union as a union of lazy iterables."""
        raise NotImplementedError

    def through_mixed(self, owner: Any, action: Any) -> Any:
        """`action()` on each side of what decides the contents of `owner`."""
        raise NotImplementedError

    def outside(self, value: Any) -> bool:
        """Whether an object existed before the trace."""
        raise NotImplementedError

    def traced(self, tensor: torch.Tensor) -> torch.Tensor:
        """The fake tensor that stands for a tensor."""
        raise NotImplementedError

    def holds_traced(self, value: Any) -> bool:
        """Whether a value of the graph is somewhere inside."""
        raise NotImplementedError

    def number_of(self, value: torch.Tensor) -> Scalar:
        """The number in a tensor of one element."""
        raise NotImplementedError

    def to_int(self, value: torch.Tensor) -> Any:
        """A tensor as an index."""
        raise NotImplementedError

    def arguments(self, value: Any) -> Any:
        """An argument for torch: numbers of the graph become torch's symbolic numbers."""
        raise NotImplementedError

    def with_updates(self, target: Any, operands: list[Any]) -> None:
        """Emit a node that raises, with the writes to the outside that came before it."""
        raise NotImplementedError

    def unrecorded_world(self) -> AbstractContextManager[None]:
        """Real computation in the middle of a trace, as if there were none."""
        raise NotImplementedError

    def newborn(self, place: Any, depth: int) -> bool:
        """Whether a place came into being inside a region deeper than `depth`: nothing outside can see it."""
        if isinstance(place, Store):
            return place.depth > depth
        owner = place.cell if isinstance(place, CellPlace) else getattr(place, "owner", None)
        return self.born.get(id(owner), 0) > depth

    def born_here(self, value: Any) -> bool:
        """Whether an object with attributes was made by the program itself."""
        return id(value) in self.born and has_attributes(value) and not callable(value)

    def birth(self, value: Any) -> Any:
        """An object was made by the program, in the current region."""
        self.born[id(value)] = self.tape.region.depth
        self.kept.append(value)
        return value

    def mine(self, value: Any) -> None:
        """An object was made by the trace."""
        if not isinstance(value, torch.Tensor | Scalar | str | int | float | type(None)):
            self.made_here.add(id(value))
            self.birth(value)

    def new_container(self, value: Any) -> Any:
        """A list, dict, set or iterator that a call has made belongs to the program."""
        mutable = isinstance(value, list | dict | set | collections.deque | Iterator)
        if mutable and not self.outside(value) and id(value) not in self.born:
            self.birth(value)
            for part in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
                self.new_container(part)
        elif type(value) is tuple:
            for part in value:
                self.new_container(part)
        return value

    def fresh_container(self, value: Any) -> Any:
        """A list, dict or set that the program writes out."""
        return self.birth(value)

    def is_traced(self, value: Any) -> bool:
        """Whether a value is known only when the graph runs."""
        return isinstance(value, Scalar | torch.SymInt | torch.SymBool | torch.SymFloat | torch.Tensor)
