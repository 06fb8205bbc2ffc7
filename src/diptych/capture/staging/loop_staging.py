"""A staged loop in the making: traced until the types of what it carries are stable, then emitted as `while_loop`."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any

import torch

from diptych.capture.completion import BREAK, CONTINUE, END, Completion, Goto, Returning, Split
from diptych.capture.interpreter import Frame
from diptych.capture.refusals import Refused
from diptych.capture.regions import Region
from diptych.capture.staging.carried import After
from diptych.capture.staging.core import Diverged
from diptych.capture.staging.escapes import Scope
from diptych.capture.staging.form_types import ConstantForm, Form, NumberForm, TensorForm, grows
from diptych.capture.staging.forms import Forms
from diptych.capture.staging.merging import undefined
from diptych.capture.staging.mixtures import mixed_contents, mixture
from diptych.capture.staging.packing import stores
from diptych.capture.staging.rows import rows_of
from diptych.capture.tensors import Store, handle, inherit, kin
from diptych.capture.trail import MISSING, ContentsPlace
from diptych.capture.values import COMPARISONS, Scalar, Undefined, Union
from diptych.graph import control
from diptych.graph.regions import union

Thunk = Callable[[], Any]

RUN, LEFT, RETURNED = 0, 1, 2

UNSET = Undefined("the returned value")

NUMBER_BOOL, NUMBER_INT = NumberForm("bool"), NumberForm("int")


class Round:
    """What a loop does in a round: its test, its body, and what it must know; `grows`: whether lists may."""

    def __init__(self, test: Thunk, body: Thunk, frame: Frame, live: set[str], grows: bool = True) -> None:
        self.test = test
        self.body = body
        self.frame = frame
        self.live = live
        self.grows = grows


class LoopStaging:
    """One staged loop in the making."""

    def __init__(self, stager: Any, rounds: Round) -> None:
        self.stager = stager
        self.tape = stager.tape
        self.rounds = rounds
        self.forms = Forms(stager, held=True)
        self.places: dict[Hashable, Any] = {}
        self.carried: dict[Hashable, Form] = {}
        self.ends: dict[Hashable, set[Store]] = {}
        self.code: Form | None = None
        self.value: Form | None = None
        self.returned: set[Store] = set()

    def run(self) -> tuple[Any, Any]:
        """Find the carried places and their forms by tracing until nothing new turns up; then emit."""
        for _ in range(12):
            mark, layer = self.tape.region.mark(), self.tape.trail.open()
            depth = len(self.tape.trail.layers)
            try:
                attempt = Attempt(self)
                stable = attempt.trace()
            except BaseException:
                self.tape.trail.rewind(depth)
                self.tape.trail.close(layer)
                self.tape.region.drop(mark)
                raise
            if stable:
                self.tape.trail.close(layer, keep=True)
                return attempt.emit()
            self.tape.trail.close(layer)
            self.tape.region.drop(mark)
            if not self.rounds.grows and any(map(grows, self.carried.values())):
                raise self.tape.refuse("loop-state", "a loop that appends to lists")
        raise self.tape.refuse("loop-state", "no stable type after twelve rounds of tracing")


class Attempt:
    """One trace of a loop with the forms known so far."""

    def __init__(self, staging: LoopStaging) -> None:
        self.s = staging
        self.stager = staging.stager
        self.tape = staging.tape
        self.forms = staging.forms
        self.frame = staging.rounds.frame

    def trace(self) -> bool:
        """Trace the first test here and a round in a region; False if a form had to be widened."""
        tape = self.tape
        for place in self.frame.values():
            tape.trail.touch(place)
        self.first = self.as_pred(self.s.rounds.test())
        self.initial: list[Any] = []
        self.finals: dict[Hashable, set[Store]] = {}
        self.columns: dict[Hashable, list[Store]] = {}
        self.origins: dict[Hashable, set[Store]] = {
            key: self.stores(place.get()) for key, place in self.s.places.items()
        }
        self.forms.copied = {}
        for key, form in self.s.carried.items():
            self.fill_place(key, form, self.initial)
        self.region = Region(tape.region, repeats=True)
        self.layer = tape.trail.open()
        depth = len(tape.trail.layers)
        self.outputs: list[Any] = []
        scopes, self.stager.scopes = self.stager.scopes, [Scope(passes=False)]
        try:
            with tape.inside(self.region):
                self.formals: list[Any] = []
                self.again = self.forms.formal(NUMBER_BOOL, self.formals)
                for key, form in self.s.carried.items():
                    self.place_formal(key, form)
                if self.s.code is not None:
                    self.forms.formal(self.s.code, self.formals)
                if self.s.value is not None:
                    self.forms.formal(self.s.value, self.formals)
                for place in self.frame.values():
                    tape.trail.touch(place)
                # The places as they are at the head of a round; what differs at its end is carried.
                heads = {key: place.get() for key, place in self.s.places.items()}
                self.share_formals()
                stable = self.body(heads)
        finally:
            self.stager.scopes = scopes
            tape.trail.rewind(depth)
            self.changes = tape.trail.close(self.layer)
        return stable

    def as_pred(self, test: Any) -> Any:
        """A test as a Python truth or a node."""
        truth = self.stager.truth(test)
        return truth.node if isinstance(truth, Scalar) else truth

    def body(self, heads: dict[Hashable, Any]) -> bool:
        """One round: the body, then the test of the next."""
        tape = self.tape
        try:
            done = self.s.rounds.body()
        except Diverged:
            raise tape.refuse("loop-state", "every round raises") from None
        except (Refused, RecursionError):
            raise
        except Exception as error:
            raise tape.refuse("loop-state", f"every round raises {type(error).__name__}: {error}") from error
        code, value = self.code_of(done)
        stable = self.settle_code(code, value)
        if isinstance(code, int):
            again = self.as_pred(self.s.rounds.test()) if code == RUN else False
        else:
            goes_on = tape.scalar(COMPARISONS["eq"], code, RUN)
            again = self.as_pred(self.stager.stage_test(goes_on, self.s.rounds.test, self.frame))
        stable = self.settle_places(heads) and stable
        if not stable:
            return False
        self.outputs = [tape.region.use(again) if isinstance(again, torch.fx.Node) else again]
        self.forms.copied = {}
        for key, form in self.s.carried.items():
            self.fill_place(key, form, self.outputs)
        if self.s.code is not None:
            self.forms.fill(self.s.code, code, self.outputs)
        if self.s.value is not None:
            self.forms.fill(self.s.value, value, self.outputs)
        return True

    def code_of(self, done: Completion) -> tuple[Any, Any]:
        """How the round ended: a number, and the value it returns."""
        if done in (None, CONTINUE, END) or (isinstance(done, Goto) and done.position <= 0):
            return RUN, UNSET
        if done is BREAK:
            return LEFT, UNSET
        if isinstance(done, Returning):
            return RETURNED, done.value
        assert isinstance(done, Split), done
        return self.stager.stage_value(done.pred, lambda: self.code_of(done.then), lambda: self.code_of(done.orelse))

    def settle_code(self, code: Any, value: Any) -> bool:
        """Whether the forms of code and returned value were known."""
        stable = True
        if isinstance(code, int) and code == RUN and self.s.code is None:
            return True
        if self.s.code is None:
            self.s.code, stable = NUMBER_INT, False
        self.s.returned |= self.stores(value)
        if value is not UNSET or self.s.value is not None:
            form = self.forms.of(value)
            wide = self.forms.widen(self.s.value or ConstantForm(UNSET), form)
            if repr(wide) != repr(self.s.value):
                self.s.value, stable = wide, False
        return stable

    def settle_places(self, heads: dict[Hashable, Any]) -> bool:
        """Widen the forms of the carried places to what they hold now; True if they fitted already."""
        stable = True
        layer = self.tape.trail.layers[-1]
        for key, change in layer.changes().items():
            if key in self.s.places or self.stager.newborn(change.place, self.tape.region.depth - 1):
                continue
            if self.dead(change.place):
                continue
            self.s.places[key] = change.place
            self.s.carried[key] = self.form(change.place, change.before)
            stable = False
            self.s.carried[key] = self.forms.widen(self.s.carried[key], self.form(change.place, change.after))
        for key, place in self.s.places.items():
            if isinstance(place, Store) and place.node is None:
                raise self.tape.refuse("view-of-path", "a write inside a loop through a name that depends on the path")
            self.finals[key] = self.stores(place.get())
            self.columns[key] = column_stores(place.get())
            known = self.s.ends.setdefault(key, set())
            outer = {s for s in self.finals[key] if s.depth < self.tape.region.depth} - known
            stable = stable and outer <= self.origins.get(key, set())
            known |= outer
            wide = self.forms.widen(self.s.carried[key], self.form(place, place.get()))
            if repr(wide) != repr(self.s.carried[key]):
                self.s.carried[key], stable = wide, False
        return stable

    def dead(self, place: Any) -> bool:
        """Whether a variable is neither read in a later round nor after the loop."""
        own = {p.key: n for n, p in self.frame.items()}
        return place.key in own and own[place.key] not in self.s.rounds.live

    def form(self, place: Any, content: Any) -> Form:
        """The form of a place's content."""
        if isinstance(place, Store):
            return store_form(self.tape, content)
        if isinstance(place, ContentsPlace):
            return self.forms.contents(opened(content))
        return self.forms.of(undefined(place, content))

    def fill_place(self, key: Hashable, form: Form, leaves: list[Any]) -> None:
        """The leaves of a place's content now."""
        place = self.s.places[key]
        if isinstance(place, Store):
            leaves.append(self.tape.region.use(place.node))
        else:
            content = place.get()
            content = opened(content) if isinstance(place, ContentsPlace) else undefined(place, content)
            self.forms.fill(form, content, leaves)

    def place_formal(self, key: Hashable, form: Form) -> None:
        """Give a place a fresh value at the head of a round."""
        place = self.s.places[key]
        self.tape.trail.touch(place)
        if isinstance(place, Store):
            assert place.node is not None
            assert isinstance(form, TensorForm)
            spec = place.node.meta["spec"]
            node = self.tape.region.placeholder(f"c{len(self.formals)}", {"spec": spec, "where": None})
            self.formals.append(node)
            self.tape.carried[node] = place
            self.tape.clock += 1
            place.set((node, self.tape.clock, place.requires_grad or form.grad))
            return
        value = self.forms.formal(form, self.formals)
        if not isinstance(place, ContentsPlace):
            freeze(value, self.stager.frozen)
        place.set(closed(place, value))

    def stores(self, value: Any) -> set[Store]:
        """The memory of all tensors in a value."""
        return stores(value, self.stager.traced)

    def share_formals(self) -> None:
        """A carried tensor may be what it was before the loop, or what another carried one is."""
        for key, place in self.s.places.items():
            if not isinstance(place, Store):
                origins = self.origins[key] | self.s.ends.get(key, set())
                outer = {s for s in kin(origins) if s.depth < self.tape.region.depth}
                for store in self.stores(place.get()):
                    store.formal = True
                    store.twins = tuple((s, s.version) for s in outer)
                    inherit(store, origins)

    def share_results(self, value: Any) -> None:
        """Likewise after the loop, and what it returns."""
        made: list[tuple[Store, set[Store]]] = []
        for key, place in self.s.places.items():
            if isinstance(place, Store):
                continue
            before = self.origins[key] | self.s.ends.get(key, set())
            columns = column_stores(place.get())
            if columns:  # what stands in one column of a growing list is not in another
                ends = zip(columns, self.columns[key], strict=True)
                made += [(store, set(kin([*before, end]))) for store, end in ends]
            else:
                origins = before | self.finals.get(key, set())
                made += [(store, set(kin(origins))) for store in self.stores(place.get())]
        made += [(store, set(kin(self.s.returned))) for store in self.stores(value)]
        for store, origins in made:
            outer = [(s, s.version) for s in origins if s.depth <= self.tape.region.depth and s is not store]
            others = [(s, s.version) for s, also in made if s is not store and also & origins]
            store.twins = tuple(dict.fromkeys((*outer, *others)))
            inherit(store, origins)

    def emit(self) -> tuple[Any, Any]:
        """The `while_loop` node; its outputs become the contents of the places."""
        tape = self.tape
        test = Region(tape.region, repeats=True)
        for formal in self.formals:
            test.placeholder(formal.name, formal.meta)
        head = next(iter(test.graph.nodes))
        initial = [self.first, *self.initial]
        if self.s.code is not None:
            initial.append(RUN)
        if self.s.value is not None:
            self.forms.fill(self.s.value, UNSET, initial)
        operands = union([self.region])
        body = self.region.finish(self.outputs, operands)
        check = test.finish([head], operands)
        names = [tape.region.module("test", check), tape.region.module("body", body)]
        specs = tuple(f.meta["spec"] for f in self.formals)
        node = tape.emit(control.while_loop, (*names, tuple(initial), tuple(operands)), None, specs)
        return self.bind(node, specs)

    def bind(self, node: Any, specs: Any) -> tuple[Any, Any]:
        """Places, code and value after the loop."""
        tape = self.tape
        after = After(self.forms, node, specs)
        for key, form in self.s.carried.items():
            place = self.s.places[key]
            if isinstance(place, Store):
                assert isinstance(form, TensorForm)
                tape.clock += 1
                tape.trail.write(place, (after.next(), tape.clock, place.requires_grad or form.grad))
                continue
            value = after.value(form)
            tape.trail.write(place, closed(place, value))
        for name, place in self.frame.items():
            if place.key in self.changes and place.key not in self.s.places and name not in self.s.rounds.live:
                tape.trail.write(place, MISSING)
        code = after.value(self.s.code) if self.s.code is not None else None
        value: Any = after.value(self.s.value) if self.s.value is not None else MISSING
        self.share_results(value)
        for index, spec in after.named.items():
            specs = (*specs[:index], spec, *specs[index + 1 :])
        node.meta["spec"] = specs
        if isinstance(value, Union):
            value = value.orelse if isinstance(value.then, Undefined) else value.then
        return code, value


def opened(content: Any) -> Any:
    """What a container holds: the union, if it depends on the path."""
    mixed = mixed_contents(content)
    return content if mixed is None else mixed


def closed(place: Any, value: Any) -> Any:
    """A carried value as the content of its place."""
    if isinstance(value, Undefined):
        return MISSING
    return mixture(place.owner, value) if isinstance(place, ContentsPlace) and isinstance(value, Union) else value


def freeze(value: Any, frozen: dict[int, Any]) -> None:
    """Containers that a variable carries from round to round are copies: they must not be written to."""
    if isinstance(value, list | dict | set):
        frozen[id(value)] = value
    for part in value.values() if isinstance(value, dict) else value if isinstance(value, list | tuple) else ():
        freeze(part, frozen)


def store_form(tape: Any, content: Any) -> Form:
    """The form of a store: only its gradient flag may change."""
    return TensorForm(torch.float32, torch.device("cpu"), (), None, content[2])


def column_stores(value: Any) -> list[Store]:
    """The memory of the columns of a growing list; nothing for other values."""
    rows = rows_of(value)
    return [handle(column).store for column in rows.columns] if rows is not None else []
