"""Recursion that a tensor decides: a function that comes back to itself in a staged branch becomes a graph function.

The type of the result is a least fixed point: in the first trace a recursive call is a path that never returns, so the
result has the type of the cases that do not call again; later traces use that type, widened until it is stable.
"""

from __future__ import annotations

import inspect
import types
from typing import Any

from diptych.capture.refusals import Refused
from diptych.capture.regions import Region
from diptych.capture.staging.apart import Known
from diptych.capture.staging.carried import After
from diptych.capture.staging.core import Diverged, Signal, Thrown
from diptych.capture.staging.escapes import Scope
from diptych.capture.staging.existing import Existing
from diptych.capture.staging.folding import Folding, FoldInstead
from diptych.capture.staging.form_types import Form
from diptych.capture.staging.forms import Forms
from diptych.capture.staging.outside import PLAIN
from diptych.capture.staging.packing import stores
from diptych.capture.tensors import Store, kin
from diptych.capture.trail import AttributePlace, CellPlace, ContentsPlace, GlobalPlace
from diptych.graph import control

INLINE_LIMIT = 4
DEPTH_LIMIT = 200
FRAMES_OF_MODULE = 3
"""A call of a module calls two functions of PyTorch before `forward`."""


class Activation:
    """A call of a transformed function that is being traced."""

    def __init__(self, code: types.CodeType, form: Form | None, depth: int) -> None:
        self.code = code
        self.args: tuple[Any, ...] = ()
        self.kwargs: dict[str, Any] = {}
        self.recurring: Any = None
        self.form: Any = form
        self.depth = depth
        self.target: control.Function | None = None
        self.result: Form | None = None
        self.lifted: list[Any] = []
        self.used = False
        self.outer: set[Store] = set()  # memory outside that the result may be


class MakeFunction(Signal):
    """This call must be traced again, as a graph function whose arguments have this form."""

    def __init__(self, activation: Activation, form: Form) -> None:
        self.activation = activation
        self.form = form


def complete(function: types.FunctionType, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """All arguments of a call, defaults included, so that calls that differ in how they are written are alike."""
    if not kwargs and not function.__kwdefaults__ and len(args) >= function.__code__.co_argcount:
        return args, kwargs
    try:
        bound = inspect.signature(function, follow_wrapped=False).bind(*args, **kwargs)
    except TypeError:  # the call itself will raise
        return args, kwargs
    bound.apply_defaults()
    return bound.args, bound.kwargs


class Recursion(Folding):
    """Inlining, and calls to what is being traced."""

    stack: list[Activation]

    def inline(self, original: Any, made: types.FunctionType, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Run a transformed function; a recursive call becomes a call node."""
        if made is not original:
            self.outside_cells.update(id(c) for c in original.__closure__ or ())
        if len(self.stack) > DEPTH_LIMIT:
            raise RecursionError("maximum recursion depth exceeded while tracing")
        args, kwargs = complete(made, args, kwargs)
        code = made.__code__
        active = [a for a in self.stack if a.code is code]
        if not active:
            return self.enter(made, args, kwargs, None)
        recurring = next((a.recurring for a in reversed(active) if a.recurring is not None), None)
        if recurring is not None and not isinstance(args[recurring.position], PLAIN):
            return recurring.again(args, kwargs)
        position = self.descends(active[0], args, kwargs)
        if position is not None:
            raise FoldInstead(active[0], position)
        forms = Forms(self)
        form = forms.of((args, kwargs))
        staged = [a for a in active if a.depth < self.tape.region.depth]
        for activation in reversed(staged):
            known = activation.form
            if activation.target is not None:
                wide = forms.widen(known, form)
                if repr(wide) == repr(known):
                    return self.call_again(activation, forms, args, kwargs)
                raise MakeFunction(activation, wide)
            if repr(known) == repr(form):
                raise MakeFunction(activation, form)
        if len(staged) >= INLINE_LIMIT:
            raise MakeFunction(staged[0], forms.widen(staged[0].form, form))
        return self.enter(made, args, kwargs, form)

    def enter(self, made: types.FunctionType, args: tuple[Any, ...], kwargs: dict[str, Any], form: Form | None) -> Any:
        """Trace a call in line."""
        tape = self.tape
        form = form if form is not None else Forms(self).of((args, kwargs))
        activation = Activation(made.__code__, form, tape.region.depth)
        activation.args, activation.kwargs = args, kwargs
        before = None
        if self.may_fold(made, args):
            position = self.foldable(made, args)
            if position is not None:
                return self.folded(made, args, kwargs, position, form)
            before = Known(self.world)
        mark, layer, depth = tape.region.mark(), tape.trail.open(), len(tape.trail.layers)
        chain, loops, inside = self.chain, self.loops, self.in_function
        self.stack.append(activation)
        size = len(self.stack)
        try:
            result = made(*args, **kwargs)
        except (MakeFunction, FoldInstead) as signal:
            if signal.activation is not activation:
                self.keep(layer, depth)
                raise
            tape.trail.rewind(depth)
            tape.trail.close(layer)
            tape.region.drop(mark)
            self.chain, self.loops, self.in_function = chain, loops, inside
            if isinstance(signal, FoldInstead):
                assert before is not None
                before.restore()
                return self.folded(made, args, kwargs, signal.position, form)
            return self.staged_function(made, args, kwargs, signal.form, activation)
        except BaseException:
            self.keep(layer, depth)
            raise
        finally:
            del self.stack[size - 1 :]
        tape.trail.close(layer, keep=True)
        return result

    def descends(self, activation: Activation, args: tuple[Any, ...], kwargs: dict[str, Any]) -> int | None:
        """The argument by which a call goes from one object of the outside to another, all else being the same."""
        world = self.world
        same = len(args) == len(activation.args) and list(kwargs) == list(activation.kwargs)
        if not same or activation.code in self.unfoldable or self.tape.region is not self.tape.root:
            return None
        if any(kwargs[name] is not activation.kwargs[name] for name in kwargs):
            return None
        moved = [k for k, (a, b) in enumerate(zip(args, activation.args, strict=True)) if a is not b]
        if len(moved) != 1:
            return None
        pair = (args[moved[0]], activation.args[moved[0]])
        return moved[0] if all(map(world.is_record, pair)) else None

    def may_fold(self, made: types.FunctionType, args: tuple[Any, ...]) -> bool:
        """Whether a call may turn out to recur over objects of the outside."""
        tape = self.tape
        if made.__code__ in self.unfoldable or tape.region is not tape.root or tape.speculation is not None:
            return False
        return any(map(self.world.is_record, args))

    def folded(self, made: Any, args: tuple[Any, ...], kwargs: dict[str, Any], position: int, form: Form) -> Any:
        """A call that recurs over objects: by a fold, or else in line, object after object."""
        try:
            return self.fold(made, args, kwargs, position)
        except (Exception, Thrown) as error:
            self.unfoldable.add(made.__code__)
            why = error.detail if isinstance(error, Refused) else f"{type(error).__name__}: {error}"
            self.followed.append(f"{made.__qualname__}, object by object: {why}")
        return self.enter(made, args, kwargs, form)

    def activation(self, made: types.FunctionType, recurring: Any, depth: int) -> Activation:
        """A call that is traced for a kind of node."""
        activation = Activation(made.__code__, None, depth)
        activation.recurring = recurring
        return activation

    def keep(self, layer: Any, depth: int) -> None:
        """An exception passes: what was written so far stays written."""
        layers = self.tape.trail.layers
        if len(layers) >= depth and layers[depth - 1] is layer:
            while len(layers) >= depth:
                self.tape.trail.close(layers[-1], keep=True)

    def staged_function(
        self, made: types.FunctionType, args: tuple[Any, ...], kwargs: dict[str, Any], form: Form, old: Activation
    ) -> Any:
        """Trace a function once for all its calls."""
        tape, forms = self.tape, Forms(self)
        activation = Activation(made.__code__, form, tape.region.depth)
        existing = Existing()
        for _ in range(12):
            activation.target = control.Function(made.__name__.strip("<>"))
            activation.target.frames = 1
            activation.used = False
            try:
                outcome = self.trace_function(made, forms, activation, existing)
            except MakeFunction as signal:
                if signal.activation is not activation:
                    raise
                activation.form = forms.widen(activation.form, signal.form)
                continue
            if outcome is not None:
                return self.first_call(activation, forms, outcome, args, kwargs)
        raise tape.refuse("recursion-type", f"no stable type for {made.__name__}")

    def trace_function(self, made: Any, forms: Forms, activation: Activation, existing: Existing) -> Any:
        """One trace; the finished region, or None if the types must be widened."""
        tape = self.tape
        region = Region(tape.region, repeats=True)
        layer = tape.trail.open()
        depth = len(tape.trail.layers)
        stack = len(self.stack)
        self.stack.append(activation)
        inputs: list[Any] = []
        scopes, self.scopes = self.scopes, [Scope(passes=False)]
        try:
            with tape.inside(region):
                args, kwargs = forms.formal(activation.form, inputs)
                for store in stores([args, kwargs], self.traced):
                    store.formal = True
                for node in activation.lifted:
                    region.use(node)
                try:
                    result = made(*args, **kwargs)
                except Diverged:
                    raise tape.refuse("recursion-type", f"{made.__name__} never returns") from None
                self.check_state(existing, region)
                given = kin(stores(result, self.traced))
                activation.outer |= {s for s in given if s.depth < region.depth and not s.formal}
                found = forms.of(result)
                wide = forms.widen(activation.result, found) if activation.result is not None else found
                lifted = list(dict.fromkeys([*activation.lifted, *region.operands]))
                stable = repr(wide) == repr(activation.result) and lifted == activation.lifted
                activation.result, activation.lifted = wide, lifted
                if not stable and activation.used:
                    return None
                outputs: list[Any] = []
                forms.copied = {}
                forms.fill(wide, result, outputs)
        finally:
            self.scopes = scopes
            del self.stack[stack:]
            tape.trail.rewind(depth)
            tape.trail.close(layer)
        return region, outputs

    def check_state(self, existing: Existing, region: Region) -> None:
        """A graph function has no effects."""
        for change in self.tape.trail.layers[-1].changes().values():
            place = change.place
            outer = (
                (isinstance(place, Store) and (place.formal or place.depth < region.depth))
                or (isinstance(place, AttributePlace | ContentsPlace) and place.owner in existing)
                or isinstance(place, GlobalPlace)
                or (isinstance(place, CellPlace) and place.cell in existing)
            )
            if outer:
                raise self.tape.refuse("recursion-state", getattr(place, "name", type(place).__name__))

    def first_call(self, activation: Activation, forms: Forms, outcome: Any, args: Any, kwargs: Any) -> Any:
        """Close the function and call it from outside."""
        region, outputs = outcome
        assert activation.target is not None
        activation.target.body = region.finish(outputs, activation.lifted)
        return self.emit_call(activation, forms, args, kwargs)

    def call_again(self, activation: Activation, forms: Forms, args: Any, kwargs: Any) -> Any:
        """A recursive call."""
        activation.used = True
        assert activation.target is not None
        between = self.stack[self.stack.index(activation) :]
        frames = sum(FRAMES_OF_MODULE if a.code.co_name == "forward" else 1 for a in between)
        activation.target.frames = max(activation.target.frames, frames)
        if activation.result is None:
            raise Diverged
        return self.emit_call(activation, forms, args, kwargs)

    def emit_call(self, activation: Activation, forms: Forms, args: Any, kwargs: Any) -> Any:
        """The call node and its result."""
        tape = self.tape
        leaves: list[Any] = []
        forms.copied = {}
        forms.fill(activation.form, (args, kwargs), leaves)
        lifted = [tape.region.use(node) for node in activation.lifted]
        node = tape.emit(activation.target, (*leaves, *lifted), None, None)
        assert activation.result is not None
        after = After(forms, node, None)
        after.index = 0
        value = after.value(activation.result)
        node.meta["spec"] = tuple(after.found)
        origins = [*stores([args, kwargs], self.traced), *activation.outer]
        twins = tuple((s, s.version) for s in kin(origins))
        for store in stores(value, self.traced):
            store.twins = twins
        return value
