"""Variables outside the function: globals and cells, guarded where they are read, effects where they are written."""

from __future__ import annotations

import types
from typing import Any

import torch

from diptych.capture.sources import CellSource, GlobalSource, Source
from diptych.capture.staging.core import Core
from diptych.capture.staging.outside import World
from diptych.capture.staging.packing import holds
from diptych.capture.tensors import has_handle
from diptych.capture.trail import MISSING, AttributePlace, CellPlace, ContentsPlace, GlobalPlace
from diptych.capture.values import Original, Scalar, Union


def looked_at(value: Any) -> Any:
    """A value that is read: what a place held before now matters."""
    if isinstance(value, Original):
        return value.get()
    if isinstance(value, Union):
        then, orelse = looked_at(value.then), looked_at(value.orelse)
        if then is not value.then or orelse is not value.orelse:
            return Union(value.pred, then, orelse)
    return value


class Names(Core):
    """Globals and cells."""

    world: World

    def load_global(self, table: dict[str, Any], name: str) -> Any:
        """A global: guarded, unless it is a built-in or a module."""
        if name not in table:
            return super().load_global(table, name)
        value = table[name]
        if isinstance(value, Original | Union):
            return looked_at(value)
        if isinstance(value, types.ModuleType | type):
            return value
        key = (id(table), name)
        if key in self.world.reads:
            known = self.world.reads[key]
            return known[1] if known[0] is value else value
        if self.fresh(value):
            return value
        entered = self.world.enter(value, Source(name, None, GlobalSource(table, name)))
        if id(value) in self.world.unread:
            return entered
        self.world.reads[key] = (value, entered)
        if entered is not value:
            self.world.stand_for(GlobalPlace(table, name), value, entered)
        return entered

    def fresh(self, value: Any) -> bool:
        """Whether a value was made by the trace itself."""
        if isinstance(value, torch.Tensor):
            return has_handle(value)
        return isinstance(value, Scalar | Union | Original) or id(value) in self.made_here

    def outside(self, value: Any) -> bool:
        """Whether an object existed before the trace."""
        return self.world.known(value) and id(value) not in self.made_here

    def traced(self, tensor: torch.Tensor) -> torch.Tensor:
        """The fake tensor that stands for a tensor."""
        return tensor if has_handle(tensor) else self.tape.fake(tensor)

    def holds_traced(self, value: Any) -> bool:
        """Whether a value of the graph is somewhere inside."""
        return holds(value, self.outside)

    def set_global(self, table: dict[str, Any], name: str, value: Any) -> None:
        """Assign a global: an effect."""
        if name in table and (id(table), name) not in self.world.reads and not self.fresh(table[name]):
            before = table[name]
            source = Source(name, None, GlobalSource(table, name))
            if not isinstance(before, Original | types.ModuleType):
                self.set_aside(GlobalPlace(table, name), before, lambda: self.world.enter(before, source))
        elif name not in table and self.first_on_a_path(GlobalPlace(table, name)):
            self.refuse_absent(GlobalPlace(table, name))
        self.tape.trail.write(GlobalPlace(table, name), value)

    def load_cell(self, reader: Any, name: str) -> Any:
        """A variable of a function outside the trace: guarded."""
        cell = reader.__closure__[0]
        value = reader()
        if isinstance(value, Original | Union):
            return looked_at(value)
        key = (id(cell), "cell")
        if key in self.world.reads:
            known = self.world.reads[key]
            return known[1] if known[0] is value else value
        if self.fresh(value) or isinstance(value, types.ModuleType):
            return value
        entered = self.world.enter(value, Source(name, None, CellSource(cell)))
        if id(value) in self.world.unread:
            return entered
        self.world.reads[key] = (value, entered)
        if entered is not value:
            self.world.stand_for(CellPlace(cell, name), value, entered)
        return entered

    def touch(self, reader: Any) -> None:
        """A variable of an outer function is about to be written."""
        code, cells = reader.__code__, reader.__closure__
        place = CellPlace(cells[0], code.co_freevars[0])
        before = place.get()
        if (
            id(cells[0]) in self.outside_cells
            and before is not MISSING
            and (id(cells[0]), "cell") not in self.world.reads
        ):
            source = Source(place.name, None, CellSource(cells[0]))
            if not self.fresh(before) and not isinstance(before, Original):
                self.set_aside(place, before, lambda: self.world.enter(before, source))
        if id(cells[0]) in self.outside_cells and before is MISSING and self.first_on_a_path(place):
            self.refuse_absent(place)
        self.tape.trail.touch(CellPlace(cells[0], code.co_freevars[0]))

    def put(self, frame: Any, name: str, value: Any) -> Any:
        """`(name := value)`."""
        self.tape.trail.write(frame[name], value)
        return value

    def watch(self, place: Any) -> None:
        """What is written to was made by the program, or it is known where in the world outside it is found."""
        if not isinstance(place, AttributePlace | ContentsPlace):
            return
        owner = place.owner
        if id(owner) not in self.born and id(owner) not in self.made_here and not self.world.known(owner):
            raise self.tape.refuse(
                "outside-world", f"a {type(owner).__name__} that was reached in an unknown way changes"
            )

    def first_on_a_path(self, place: Any) -> bool:
        """Whether this is the first write to a place, and other paths leave the place as it is."""
        return place.key not in self.written and self.tape.region is not self.tape.root

    def refuse_absent(self, place: Any) -> None:
        """What has no value before the call is set on some paths only, and later calls may find it set."""
        raise self.tape.refuse("structure-in-branch", f"{place.name} has no value before the call, and gets one here")

    def set_aside(self, place: Any, before: Any, enter: Any) -> None:
        """A place outside is written before it was read: what it held matters only if it is read later."""
        if place.key not in self.world.baseline:
            self.world.stand_for(place, before, Original(enter))
