"""Loops: unrolled while Python decides, staged as `while_loop` as soon as a tensor does."""

from __future__ import annotations

import types
from collections.abc import Callable, Hashable
from typing import Any, cast

import torch

from diptych.capture.completion import BREAK, CONTINUE, END, Completion, ElseExit, Goto, Returning, Split
from diptych.capture.interpreter import Frame
from diptych.capture.refusals import Refused
from diptych.capture.regions import Region, union
from diptych.capture.staging.branching import FALL, Branching, undefined
from diptych.capture.staging.core import Diverged, Loop, StageLoop
from diptych.capture.staging.forms import ConstantForm, Form, Forms, NumberForm, TensorForm, count
from diptych.capture.staging.items import Items, items_of
from diptych.capture.staging.mixtures import Mixed, mixed_contents
from diptych.capture.tensors import Store, handle, has_handle, kin
from diptych.capture.trail import MISSING, CellPlace, ContentsPlace
from diptych.capture.values import COMPARISONS, Scalar, Undefined, Union
from diptych.graph import control

Thunk = Callable[[], Any]
UNROLL_LIMIT = 4096
RUN, LEFT, RETURNED = 0, 1, 2


class Round:
    """What a loop does in a round: its test, its body, and what it must know."""

    def __init__(self, test: Thunk, body: Thunk, frame: Frame, live: set[str]) -> None:
        self.test = test
        self.body = body
        self.frame = frame
        self.live = live


class Looping(Branching):
    """`while` and `for`."""

    def while_(
        self,
        test: Thunk,
        body: Thunk,
        orelse: Thunk | None,
        frame: Frame,
        head: tuple[str, ...],
        after: tuple[str, ...],
        rest: Thunk | None = None,
    ) -> Completion:
        """`while`: round by round until a tensor decides, then staged."""
        rounds = Round(test, body, frame, set(head) | set(after))

        def start(loop: Loop, k: int) -> Completion:
            if k > UNROLL_LIMIT:
                raise self.tape.refuse("endless-loop", f"{UNROLL_LIMIT} rounds")
            mark, layer = self.tape.region.mark(), self.tape.trail.open()
            truth = self.truth(test())
            if not isinstance(truth, bool):
                self.tape.trail.close(layer)
                self.tape.region.drop(mark)
                loop.stageable = False
                return self.stage_loop(rounds, orelse)
            self.tape.trail.close(layer, keep=True)
            if not truth:
                return self.run_else(orelse)
            return self.round(loop, body, lambda: start(loop, k + 1), lambda: self.stage_loop(rounds, orelse), frame)

        return self.loop(start, frame, rest, stageable=True)

    def for_(
        self,
        items: Any,
        assign: Callable[[Any], None],
        body: Thunk,
        orelse: Thunk | None,
        frame: Frame,
        head: tuple[str, ...],
        after: tuple[str, ...],
        rest: Thunk | None = None,
    ) -> Completion:
        """`for`: over known items round by round; over a range or rows that a tensor decides, staged."""
        items = self.resolve(items)
        if isinstance(items, Union) or mixed_contents(items) is not None:
            return self.for_each_side(items, assign, body, orelse, frame, head, after, rest)
        source = items_of(self, items)
        live = set(head) | set(after)
        limit = source.known

        def staged(k: int) -> Completion:
            if not source.indexed:
                raise self.tape.refuse("loop-items")
            return self.stage_for(source, k, assign, Round(lambda: True, body, frame, live), orelse)

        def start(loop: Loop, k: int) -> Completion:
            if limit is None and source.length is not None:
                loop.stageable = False
                return staged(k)
            try:
                item = source.take(k)
            except StopIteration:
                return self.run_else(orelse)
            if k > UNROLL_LIMIT * 16:
                raise self.tape.refuse("endless-loop", f"{k} rounds")

            def whole() -> Completion:
                assign(item)
                return body()

            return self.round(loop, whole, lambda: start(loop, k + 1), lambda: staged(k), frame)

        return self.loop(start, frame, rest, stageable=source.indexed)

    def for_each_side(
        self, items: Any, assign: Any, body: Thunk, orelse: Thunk | None, frame: Frame, head: Any, after: Any, rest: Any
    ) -> Completion:
        """A loop over items that depend on the path: a branch with a loop on each side."""
        content = items if isinstance(items, Union) else self.resolve(mixed_contents(items))

        def over(side: Any) -> Thunk:
            made = side if isinstance(items, Union) else [*side] if not isinstance(side, Union) else [Mixed(side)]
            return lambda: self.for_(
                made, assign, body, orelse, frame, head, after, never if rest is not None else None
            )

        if not isinstance(content, Union):
            return self.for_(list(content), assign, body, orelse, frame, head, after, rest)
        if rest is not None:
            raise self.tape.refuse("loop-items", "a return inside a loop over items that depend on the path")
        return self.if_(content.pred, over(content.then), over(content.orelse), frame, after, rest)

    def loop(
        self, start: Callable[[Loop, int], Completion], frame: Frame, rest: Thunk | None, stageable: bool
    ) -> Completion:
        """Run a loop with its place in the continuation chain."""
        n = len(self.chain)
        self.chain.append(rest if rest is not None else never)
        saved = self.loops
        loop = Loop(n + 1, stageable)
        self.loops = [*saved, loop]
        try:
            done = start(loop, 0)
        finally:
            self.loops = saved
            del self.chain[n:]
        if isinstance(done, ElseExit):
            return done.done
        if done in (None, BREAK) or done == Goto(n + 1):
            return rest() if rest is not None else None
        return done

    def run_else(self, orelse: Thunk | None) -> Completion:
        """The `else` of a loop: an exit in it is one of the loop around."""
        if orelse is None:
            return None
        saved, self.loops = self.loops, self.loops[:-1]
        try:
            done = self.normal(orelse(), None)
        finally:
            self.loops = saved
        return None if done == FALL else ElseExit(done) if done in (BREAK, CONTINUE) else done

    def round(self, loop: Loop, body: Thunk, following: Thunk, staged: Thunk, frame: Frame) -> Completion:
        """One round of an unrolled loop, then the next; or all of the rest as a staged loop."""
        tape = self.tape
        mark, layer = tape.region.mark(), tape.trail.open()
        paths = self.paths
        for place in frame.values():
            tape.trail.touch(place)
        base = loop.base
        depth = len(tape.trail.layers)

        def proceed() -> Completion:
            self.loops = [*[x for x in self.loops if x.base < base], loop]
            return following()

        del self.chain[base:]
        self.chain.append(proceed)
        try:
            done = body()
        except StageLoop as signal:
            self.unwind(depth, layer, mark)
            del self.chain[base:]
            if signal.loop is not loop:
                raise
            self.paths = paths
            return self.try_staged(loop, body, following, staged, frame)
        except BaseException:
            if len(tape.trail.layers) >= depth and tape.trail.layers[depth - 1] is layer:
                tape.trail.rewind(depth)
                tape.trail.close(layer, keep=True)
            raise
        tape.trail.close(layer, keep=True)
        del self.chain[base:]
        if done in (None, CONTINUE) or done == Goto(base + 1):
            return following()
        return Goto(base) if done is BREAK else done

    def unwind(self, depth: int, layer: Any, mark: Any) -> None:
        """Take back a round that was begun."""
        self.tape.trail.rewind(depth)
        self.tape.trail.close(layer)
        self.tape.region.drop(mark)

    def try_staged(self, loop: Loop, body: Thunk, following: Thunk, staged: Thunk, frame: Frame) -> Completion:
        """The staged loop; if it is refused, unrolling after all."""
        tape = self.tape
        mark, layer = tape.region.mark(), tape.trail.open()
        depth = len(tape.trail.layers)
        for place in frame.values():
            tape.trail.touch(place)
        try:
            loop.stageable = False
            done = staged()
        except Refused as refused:
            if refused.refusal not in ("loop-state", "loop-items", "data-dependent-shape", "opaque-conversion"):
                raise
            self.unwind(depth, layer, mark)
            try:
                return self.round(loop, body, following, staged, frame)
            except Refused as second:
                raise (refused if second.refusal in ("too-many-paths", "endless-loop") else second) from None
        tape.trail.close(layer, keep=True)
        return done

    # Staged loops -----------------------------------------------------------------------------------------------

    def stage_for(self, source: Items, k: int, assign: Any, rounds: Round, orelse: Thunk | None) -> Completion:
        """A `for` over indexed items as a `while` with a counter."""
        counter = CellPlace(types.CellType(k), "counter")

        def test() -> Any:
            index = counter.get()
            if self.is_traced(index) or self.is_traced(source.length):
                return self.tape.scalar_operator(COMPARISONS["lt"], index, source.length)
            return index < source.length

        def body() -> Completion:
            index = counter.get()
            assign(source.at(index))
            counter.set(self.binary("Add", index, 1))
            return rounds.body()

        frame = Frame({**rounds.frame, "<counter>": counter})
        return self.stage_loop(Round(test, body, frame, {*rounds.live, "<counter>"}), orelse)

    def stage_loop(self, rounds: Round, orelse: Thunk | None) -> Completion:
        """Trace test and body until the types of what they carry are stable, then emit the `while_loop`."""
        saved = (self.chain, self.loops, self.in_function)
        self.chain, self.loops, self.in_function = [], [], False
        try:
            done = LoopStaging(self, rounds).run()
        finally:
            self.chain, self.loops, self.in_function = saved
        return self.after_loop(done, rounds, orelse)

    def after_loop(self, done: tuple[Any, Any], rounds: Round, orelse: Thunk | None) -> Completion:
        """Where the program goes on after the loop: its `else`, what follows, or the function's end."""
        code, value = done
        base = self.loops[-1].base if self.loops else None
        gone = BREAK if base is None else Goto(base)

        def ended() -> Completion:
            return self.run_else(orelse)

        if code is None:
            return ended()
        n = len(self.chain)

        def left() -> Completion:
            if value is MISSING:
                return gone
            pred = self.scalar_compare(code, RETURNED)
            return self.stage_if(pred, lambda: Returning(value), lambda: gone, rounds.frame, None, None)

        if orelse is None:
            return left()
        pred = self.scalar_compare(code, RUN)
        result = self.stage_if(pred, ended, left, rounds.frame, None, base)
        del self.chain[n:]
        return result

    def scalar_compare(self, code: Any, value: int) -> Scalar:
        """Whether the loop ended in this way."""
        return self.tape.scalar(COMPARISONS["eq"], code, value)


class LoopStaging:
    """One staged loop in the making."""

    def __init__(self, stager: Any, rounds: Round) -> None:
        self.stager = stager
        self.tape = stager.tape
        self.rounds = rounds
        self.forms = Forms(stager)
        self.places: dict[Hashable, Any] = {}
        self.carried: dict[Hashable, Form] = {}
        self.ends: dict[Hashable, set[Store]] = {}
        self.code: Form | None = None
        self.value: Form | None = None

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
        self.origins: dict[Hashable, set[Store]] = {key: stores(place.get()) for key, place in self.s.places.items()}
        for key, form in self.s.carried.items():
            self.fill_place(key, form, self.initial)
        self.region = Region(tape.region)
        self.layer = tape.trail.open()
        depth = len(tape.trail.layers)
        self.outputs: list[Any] = []
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
            self.finals[key] = stores(place.get())
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
        if isinstance(place, ContentsPlace) and isinstance(content, list):
            return self.forms.of(content)
        return self.forms.of(undefined(place, content))

    def fill_place(self, key: Hashable, form: Form, leaves: list[Any]) -> None:
        """The leaves of a place's content now."""
        place = self.s.places[key]
        if isinstance(place, Store):
            leaves.append(self.tape.region.use(place.node))
        else:
            self.forms.fill(form, undefined(place, place.get()), leaves)

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
            self.tape.clock += 1
            place.set((node, self.tape.clock, place.requires_grad or form.grad))
            return
        value = self.forms.formal(form, self.formals)
        if not isinstance(place, ContentsPlace):
            freeze(value, self.stager.frozen)
        place.set(MISSING if isinstance(value, Undefined) else value)

    def share_formals(self) -> None:
        """A carried tensor may be what it was before the loop, or what another carried one is."""
        for key, place in self.s.places.items():
            if not isinstance(place, Store):
                origins = self.origins[key] | self.s.ends.get(key, set())
                outer = {s for s in kin(origins) if s.depth < self.tape.region.depth}
                for store in stores(place.get()):
                    store.formal = True
                    store.twins = tuple((s, s.version) for s in outer)

    def share_results(self) -> None:
        """Likewise after the loop."""
        made: list[tuple[Store, set[Store]]] = []
        for key, place in self.s.places.items():
            if not isinstance(place, Store):
                origins = self.origins[key] | self.s.ends.get(key, set()) | self.finals.get(key, set())
                made += [(store, set(kin(origins))) for store in stores(place.get())]
        for store, origins in made:
            outer = [(s, s.version) for s in origins if s.depth <= self.tape.region.depth and s is not store]
            others = [(s, s.version) for s, also in made if s is not store and also & origins]
            store.twins = tuple(dict.fromkeys((*outer, *others)))

    def emit(self) -> tuple[Any, Any]:
        """The `while_loop` node; its outputs become the contents of the places."""
        tape = self.tape
        test = Region(tape.region)
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
            tape.trail.write(place, MISSING if isinstance(value, Undefined) else value)
        for name, place in self.frame.items():
            if place.key in self.changes and place.key not in self.s.places and name not in self.s.rounds.live:
                tape.trail.write(place, MISSING)
        self.share_results()
        code = after.value(self.s.code) if self.s.code is not None else None
        value: Any = after.value(self.s.value) if self.s.value is not None else MISSING
        for index, spec in after.named.items():
            specs = (*specs[:index], spec, *specs[index + 1 :])
        node.meta["spec"] = specs
        if isinstance(value, Union):
            value = value.orelse if isinstance(value.then, Undefined) else value.then
        return code, value


class After:
    """Reads the outputs of a loop or call, one after the other, as values of forms."""

    def __init__(self, forms: Forms, node: Any, specs: tuple[Any, ...] | None) -> None:
        self.forms = forms
        self.tape = forms.tape
        self.node = node
        self.specs = specs
        self.index = 1
        self.found: list[Any] = []
        self.named: dict[int, Any] = {}

    def next(self) -> Any:
        """The node of the next output."""
        made = self.tape.item(self.node, self.index, self.specs[self.index] if self.specs is not None else None)
        self.index += 1
        return made

    def value(self, form: Form) -> Any:
        """The next value of this form."""
        start = self.index
        nodes = [self.next() for _ in range(count(form))]
        saved = self.tape.region
        self.tape.region = cast(Region, Adopted(saved, nodes))
        try:
            made = self.forms.formal(form, [])
        finally:
            self.tape.region = saved
        self.found += [node.meta["spec"] for node in nodes]
        self.named.update({start + i: node.meta["spec"] for i, node in enumerate(nodes)})
        return made


class Adopted:
    """Stands for a region while formal values are made: its next placeholder is a node that exists already."""

    def __init__(self, region: Region, nodes: list[Any]) -> None:
        self.region = region
        self.nodes = iter(nodes)
        self.depth = region.depth

    def placeholder(self, name: str, meta: dict[str, Any]) -> Any:
        """The next node."""
        node = next(self.nodes)
        node.meta["spec"] = meta["spec"]
        return node

    def sees(self, node: Any) -> bool:
        """As the region itself."""
        return self.region.sees(node)


UNSET = Undefined("the returned value")


def stores(value: Any) -> set[Store]:
    """The memory of all tensors in a value."""
    found: set[Store] = set()
    todo, seen = [value], set()
    while todo:
        part = todo.pop()
        if id(part) in seen:
            continue
        seen.add(id(part))
        if isinstance(part, torch.Tensor):
            if has_handle(part):
                found.add(handle(part).store)
        elif isinstance(part, Union):
            todo += [part.then, part.orelse]
        elif isinstance(part, list | tuple):
            todo += part
        elif isinstance(part, dict):
            todo += part.values()
    return found


def freeze(value: Any, frozen: dict[int, Any]) -> None:
    """Containers that a variable carries from round to round are copies: they must not be written to."""
    if isinstance(value, list | dict | set):
        frozen[id(value)] = value
    for part in value.values() if isinstance(value, dict) else value if isinstance(value, list | tuple) else ():
        freeze(part, frozen)


def store_form(tape: Any, content: Any) -> Form:
    """The form of a store: only its gradient flag may change."""
    return TensorForm(torch.float32, torch.device("cpu"), (), None, content[2])


def never() -> Completion:
    """Stands in the chain for what follows a loop that nothing jumps over."""
    raise AssertionError("a continuation that no exit leads to")


NUMBER_BOOL, NUMBER_INT = NumberForm("bool"), NumberForm("int")
