"""Unions: values whose alternatives depend on the path, used by their alternatives."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from diptych.capture.completion import Returning
from diptych.capture.staging.attributes import has_undefined
from diptych.capture.staging.exceptions import certain
from diptych.capture.staging.truth import Truth
from diptych.capture.values import Original, Undefined, Union


class Unions(Truth):
    """What holds on this path, and functions of every alternative."""

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

    def load_local(self, read: Callable[[], Any], name: str) -> Any:
        """A variable that has no value on some path: reading it there raises."""
        try:
            value = super().load_local(read, name)
        except UnboundLocalError as error:
            raise certain(error) from None
        return self.with_value(value)

    def with_value(self, value: Any) -> Any:
        """A value on the paths that have one; the others raise."""
        if not has_undefined(value):
            return value
        value = self.resolve(value)
        return self.each_side(value, self.with_value) if has_undefined(value) else value

    def settle(self, value: Any) -> Any:
        """A value that leaves the function: undefined alternatives raise here."""
        return self.resolve(value) if isinstance(value, Union | Undefined | Original) else value

    def returning(self, value: Any) -> Any:
        """`return value`."""
        return Returning(self.settle(value))
