"""Truth, unions, and the statements that only need them."""

from __future__ import annotations

import builtins
import functools
import operator
from collections.abc import Callable
from typing import Any

import torch

from diptych.capture.completion import Returning
from diptych.capture.interpreter import Frame
from diptych.capture.staging.attributes import class_attribute
from diptych.capture.staging.mixtures import mixed_contents
from diptych.capture.staging.operators import Operators
from diptych.capture.staging.packing import holds
from diptych.capture.staging.rows import rows_of
from diptych.capture.tensors import has_handle, node_of
from diptych.capture.values import Original, Scalar, Undefined, Union
from diptych.graph import control, own
from diptych.graph.spec import NumberSpec

Thunk = Callable[[], Any]
aten = torch.ops.aten


class Logic(Operators):
    """`and`, `or`, `not`, conditional expressions, `assert`, `raise`."""

    inexact: set[Any]

    def check_texts(self) -> None:
        """A text that stands for another may only be the message of an exception."""
        for node in self.inexact:
            for user in node.users:
                if user not in self.inexact and not isinstance(user.target, control.Raise):
                    raise self.tape.refuse("opaque-conversion", "the text of an object that holds values of the graph")

    def outside(self, value: Any) -> bool:
        """Whether an object existed before the trace."""
        return self.world.known(value) and id(value) not in self.made_here

    def traced(self, tensor: torch.Tensor) -> torch.Tensor:
        """The fake tensor that stands for a tensor."""
        return tensor if has_handle(tensor) else self.tape.fake(tensor)

    def holds_traced(self, value: Any) -> bool:
        """Whether a value of the graph is somewhere inside."""
        return holds(value, self.outside)

    # Truth ------------------------------------------------------------------------------------------------------

    def truth(self, value: Any) -> bool | Scalar:
        """The truth of a value."""
        value = self.resolve(value)
        if isinstance(value, Union):
            return self.truth(self.distribute(lambda v: self.truth(v), value))
        if isinstance(value, torch.SymBool):
            known = self.tape.known(value)
            if known is not None:
                return known
            if not self.tape.unbacked(value):
                return bool(value)
        value = self.tape.as_scalar(value)
        if isinstance(value, torch.Tensor):
            return self.tensor_truth(value)
        if isinstance(value, Scalar):
            return self.scalar_truth(value)
        if mixed_contents(value) is not None:
            return self.truth(self.through_mixed(value, lambda: self.truth(value)))
        marker = rows_of(value)
        if marker is not None:
            return self.truth(self.tape.scalar_operator(operator.gt, self.length(value), 0))
        method = class_attribute(type(value), "__bool__")
        if self.transforms(method):
            return self.truth(self.call(method, value))
        method = class_attribute(type(value), "__len__")
        if self.transforms(method):
            return self.truth(self.call(method, value))
        return bool(value)

    def tensor_truth(self, value: torch.Tensor) -> bool | Scalar:
        tape = self.tape
        fake = self.traced(value)
        count: Any = 1
        for size in fake.shape:
            count = count * size
        if isinstance(count, int):
            if count > 1:
                raise RuntimeError("Boolean value of Tensor with more than one value is ambiguous")
            if count == 0:
                raise RuntimeError("Boolean value of Tensor with no values is ambiguous")
        node = node_of(tape, fake)
        known = tape.truths.get(node)
        if known is None or not tape.region.sees(known.node):
            made = tape.emit(builtins.bool, (node,), None, NumberSpec("bool"))
            known = tape.truths[node] = tape.number(made, "bool")
        return self.scalar_truth(known)

    def scalar_truth(self, value: Scalar) -> bool | Scalar:
        tape = self.tape
        if value.kind != "bool":
            known = tape.truths.get(value.node)
            if known is None or not tape.region.sees(known.node):
                known = tape.truths[value.node] = tape.scalar(builtins.bool, value)
            value = known
        if value.node in tape.assumed:
            return tape.assumed[value.node]
        if value.negated is not None and value.negated.node in tape.assumed:
            return not tape.assumed[value.negated.node]
        return value

    def negation(self, value: Scalar) -> Scalar:
        """`not value`, remembered as such."""
        if value.negated is not None and self.tape.region.sees(value.negated.node):
            return value.negated
        made = self.tape.scalar(operator.not_, value)
        made.negated = value
        return made

    # Unions -----------------------------------------------------------------------------------------------------

    def resolve(self, value: Any) -> Any:
        """A union whose side is known here, as that side."""
        while isinstance(value, Union | Original):
            if isinstance(value, Original):
                value = value.get()
                continue
            truth = self.scalar_truth(value.pred)
            if not isinstance(truth, bool):
                if isinstance(value.then, Undefined) or isinstance(value.orelse, Undefined):
                    return self.defined(value)
                return value
            value = value.then if truth else value.orelse
        if isinstance(value, Undefined):
            self.unbound(value)
        return value

    def unbound(self, value: Undefined) -> Any:
        """A variable is read that has no value on this path."""
        message = f"cannot access local variable '{value.name}' where it is not associated with a value"
        error = UnboundLocalError(message)
        vars(error)["diptych_exact"] = True
        raise error

    def defined(self, value: Union) -> Any:
        """A variable that one side did not set is read: on that path it raises."""
        missing = value.then if isinstance(value.then, Undefined) else value.orelse
        present = value.orelse if missing is value.then else value.then
        absent = value.pred if missing is value.then else self.negation(value.pred)
        self.stage_value(absent, lambda: self.unbound(missing), lambda: None)
        return self.resolve(present)

    def distribute(self, function: Callable[..., Any], *values: Any) -> Any:
        """A function of every alternative."""
        for index, value in enumerate(values):
            value = self.resolve(value)
            if isinstance(value, Union):
                part = functools.partial(self.distribute, function, *values[:index])
                return self.each_side(value, lambda side, part=part, rest=values[index + 1 :]: part(side, *rest))
        return function(*(self.resolve(v) for v in values))

    def each_side(self, value: Union, function: Callable[[Any], Any]) -> Any:
        """A function of both alternatives of a union."""
        return self.stage_value(value.pred, lambda: function(value.then), lambda: function(value.orelse))

    def settle(self, value: Any) -> Any:
        """A value that leaves the function: undefined alternatives raise here."""
        return self.resolve(value) if isinstance(value, Union | Undefined | Original) else value

    # Hooks ------------------------------------------------------------------------------------------------------

    def returning(self, value: Any) -> Any:
        """`return value`."""
        return Returning(self.settle(value))

    def and_(self, first: Any, *others: Thunk) -> Any:
        """`first and ...`."""
        if not others:
            return first
        truth = self.truth(first)
        if isinstance(truth, bool):
            return self.and_(others[0](), *others[1:]) if truth else first
        return self.stage_value(truth, lambda: self.and_(others[0](), *others[1:]), lambda: self.narrow(first, False))

    def or_(self, first: Any, *others: Thunk) -> Any:
        """`first or ...`."""
        if not others:
            return first
        truth = self.truth(first)
        if isinstance(truth, bool):
            return first if truth else self.or_(others[0](), *others[1:])
        return self.stage_value(truth, lambda: self.narrow(first, True), lambda: self.or_(others[0](), *others[1:]))

    def narrow(self, value: Any, truth: bool) -> Any:
        """A number whose truth is known here, if that says which it is."""
        value = self.resolve(value)
        return truth if isinstance(value, Scalar) and value.kind == "bool" else value

    def all_true(self, first: Any, *others: Thunk) -> Any:
        """The truth of a conjunction."""
        truth = self.truth(first)
        if not others:
            return truth
        if isinstance(truth, bool):
            return self.all_true(others[0](), *others[1:]) if truth else False
        return self.stage_value(truth, lambda: self.all_true(others[0](), *others[1:]), lambda: False)

    def any_true(self, first: Any, *others: Thunk) -> Any:
        """The truth of a disjunction."""
        truth = self.truth(first)
        if not others:
            return truth
        if isinstance(truth, bool):
            return True if truth else self.any_true(others[0](), *others[1:])
        return self.stage_value(truth, lambda: True, lambda: self.any_true(others[0](), *others[1:]))

    def not_(self, value: Any) -> Any:
        """`not value`."""
        truth = self.truth(value)
        return not truth if isinstance(truth, bool) else self.negation(truth)

    def choose(self, test: Any, then: Thunk, orelse: Thunk) -> Any:
        """`then if test else orelse`."""
        truth = self.truth(test)
        if isinstance(truth, bool):
            return then() if truth else orelse()
        return self.stage_value(truth, then, orelse)

    def plain_truth(self, value: Any) -> bool:
        """A test in a generator."""
        truth = self.truth(value)
        if isinstance(truth, bool):
            return truth
        raise self.tape.refuse("generator-decision")

    def matches(self, pattern: Callable[[], bool]) -> bool:
        """A pattern over values that Python knows."""
        return pattern()

    def stage_test(self, goes_on: Scalar, test: Thunk, frame: Frame) -> Any:
        """The test of a loop's next round, evaluated only if the loop was not left."""
        saved = (self.chain, self.loops, self.in_function)
        self.chain, self.loops, self.in_function = [], [], False
        try:
            done = self.stage_if(
                goes_on, lambda: Returning(self.truth(test())), lambda: Returning(False), frame, None, None
            )
        finally:
            self.chain, self.loops, self.in_function = saved
        assert isinstance(done, Returning)
        return done.value

    # Text -------------------------------------------------------------------------------------------------------

    def format(self, value: Any, conversion: int, spec: Any) -> Any:
        """A part of an f-string; numbers of the graph are formatted when it runs."""
        value = self.tape.as_scalar(self.resolve(value))
        if isinstance(value, Union):
            return self.distribute(lambda v: self.format(v, conversion, spec), value)
        mark = "" if conversion == -1 else chr(conversion)
        if isinstance(value, Scalar | torch.Tensor):
            if not isinstance(spec, str):
                raise self.tape.refuse("opaque-conversion", "a format that only the graph knows")
            node = value.node if isinstance(value, Scalar) else node_of(self.tape, self.traced(value))
            made = self.text(((0, mark, spec),), (node,))
            if node in self.inexact:
                self.inexact.add(made.node)
            return made
        if self.holds_traced(value):
            return self.inexact_text(f"<{type(value).__name__}>", value)
        return super().format(value, conversion, spec)

    def inexact_text(self, stand_in: str, value: Any) -> Scalar:
        """Text of an object that holds values of the graph: good for an exception, which then comes from a real run."""
        if self.tape.region is self.tape.root:
            raise self.tape.refuse(
                "opaque-conversion", f"a {type(value).__name__} that holds values of the graph is printed"
            )
        made = self.text((stand_in,), ())
        self.inexact.add(made.node)
        return made

    def join_text(self, *parts: Any) -> Any:
        """An f-string."""
        template: list[Any] = []
        operands: list[Any] = []
        for part in parts:
            if isinstance(part, Union):
                return self.distribute(self.join_text, *parts)
            if isinstance(part, Scalar):
                template.append((len(operands), "", ""))
                operands.append(part.node)
            elif template and isinstance(template[-1], str):
                template[-1] += part
            else:
                template.append(part)
        if not operands:
            return "".join(parts)
        made = self.text(tuple(template), tuple(operands))
        if any(o in self.inexact for o in operands):
            self.inexact.add(made.node)
        return made

    def text(self, template: tuple[Any, ...], operands: tuple[Any, ...]) -> Scalar:
        """Text that the graph makes."""
        node = self.tape.emit(own.OWN["text"], (template, *operands), None, NumberSpec("str"))
        return self.tape.number(node, "str")

    # Conversions ------------------------------------------------------------------------------------------------

    def number_of(self, value: torch.Tensor) -> Scalar:
        """`value.item()`."""
        fake = self.traced(value)
        size: Any = fake.numel()
        if isinstance(size, int) and size != 1:
            raise RuntimeError(f"a Tensor with {size} elements cannot be converted to Scalar")
        kind = "bool" if fake.dtype == torch.bool else "float" if fake.dtype.is_floating_point else "int"
        if fake.dtype.is_complex:
            kind = "complex"
        node = self.tape.emit(aten.item.default, (node_of(self.tape, fake),), None, NumberSpec(kind))
        return self.tape.number(node, kind)

    def to_int(self, value: torch.Tensor) -> Any:
        """A tensor as an index."""
        found = self.number_of(value)
        if found.kind == "float":
            raise TypeError("only integer tensors of a single element can be converted to an index")
        return found if found.kind == "int" else self.tape.scalar(builtins.int, found)

    def length(self, value: Any) -> Any:
        """`len(value)`."""
        value = self.resolve(value)
        if isinstance(value, Union):
            return self.distribute(self.length, value)
        if isinstance(value, torch.Tensor):
            if value.dim() == 0:
                raise TypeError("len() of a 0-d tensor")
            return self.tape.as_scalar(self.traced(value).shape[0])
        marker = rows_of(value)
        if marker is not None:
            return self.tape.as_scalar(marker.columns[0].shape[0])
        if mixed_contents(value) is not None:
            return self.through_mixed(value, lambda: self.length(value))
        method = class_attribute(type(value), "__len__")
        return self.call(method, value) if self.transforms(method) else len(value)
