"""Texts: f-strings and formatting; what depends on the graph is made when it runs."""

from __future__ import annotations

from typing import Any

import torch

from diptych.capture.staging.core import Core
from diptych.capture.staging.mixtures import behind, mixed_contents
from diptych.capture.staging.rows import rows_of
from diptych.capture.tensors import handle, node_of, requires_grad
from diptych.capture.values import Scalar, Union
from diptych.graph import control, own
from diptych.graph.spec import NumberSpec

PLAIN_TEXTS = (BaseException.__str__, KeyError.__str__)
"""How exceptions are shown by Python itself: as what they were raised with."""


class Texts(Core):
    """Text that the graph makes."""

    inexact: set[Any]

    def format(self, value: Any, conversion: int, spec: Any) -> Any:
        """A part of an f-string; numbers of the graph are formatted when it runs."""
        value = self.tape.as_scalar(self.resolve(value))
        if isinstance(value, Union):
            return self.distribute(lambda v: self.format(v, conversion, spec), value)
        mark = "" if conversion == -1 else chr(conversion)
        if mixed_contents(value) is not None and behind(value) is value:
            return self.through_mixed(value, lambda: self.format(value, conversion, spec))
        if isinstance(value, BaseException) and mark != "r" and type(value).__str__ in PLAIN_TEXTS and value.args:
            bare = len(value.args) == 1
            inner = "r" if isinstance(value, KeyError) or not bare else "s"
            text = self.format(value.args[0] if bare else value.args, ord(inner), "")
            return self.format(text, -1, spec)
        if isinstance(value, Scalar | torch.Tensor):
            if not isinstance(spec, str):
                raise self.tape.refuse("opaque-conversion", "a format that only the graph knows")
            node = value.node if isinstance(value, Scalar) else node_of(self.tape, self.traced(value))
            made = self.text(((0, mark, spec),), (node,))
            if node in self.inexact:
                self.inexact.add(made.node)
            return made
        if self.holds_traced(value):
            parts = self.display(value) if spec == "" else None
            if parts is not None:
                return self.join_text(*parts)
            return self.inexact_text(f"<{type(value).__name__}>", value)
        return super().format(value, conversion, spec)

    def display(self, value: Any) -> list[Any] | None:
        """The parts of a container's text, if they are all known or numbers of the graph; else None."""
        if type(value) not in (list, tuple, dict) or rows_of(value) is not None or mixed_contents(value) is not None:
            if isinstance(value, Union) or (isinstance(value, torch.Tensor) and requires_grad(self.traced(value))):
                return None
            if isinstance(value, Scalar | torch.Tensor):
                return [self.format(value, ord("r"), "")]
            return None if self.holds_traced(value) else [repr(value)]
        start, end = {list: "[]", tuple: "()", dict: "{}"}[type(value)]
        if isinstance(value, dict) and not all(type(key) in (str, int, float, bool) for key in value):
            return None
        parts: list[Any] = [start]
        for index, item in enumerate(value):
            shown = self.display(self.tape.as_scalar(value[item] if isinstance(value, dict) else item))
            if shown is None:
                return None
            parts += [", "] if index else []
            parts += [f"{item!r}: "] if isinstance(value, dict) else []
            parts += shown
        return [*parts, ",)" if type(value) is tuple and len(value) == 1 else end]

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

    def inexact_text(self, stand_in: str, value: Any) -> Scalar:
        """Text of an object that holds values of the graph: good for an exception, which then comes from a real run."""
        if self.tape.region is self.tape.root:
            raise self.tape.refuse(
                "opaque-conversion", f"a {type(value).__name__} that holds values of the graph is printed"
            )
        made = self.text((stand_in,), ())
        self.inexact.add(made.node)
        return made

    def check_arrays(self, results: list[Any]) -> None:
        """Tensors of an array's memory are constants: neither is written, and arrays of the outside stay with it."""
        stores = {id(handle(self.traced(result)).store) for result in results if isinstance(result, torch.Tensor)}
        for shared in self.arrays:
            if shared.written() or (shared.outside and id(shared.store) in stores):
                raise self.tape.refuse("tensor-to-numpy", "the memory of an array is written, or leaves the program")

    def check_texts(self) -> None:
        """A text that stands for another may only be the message of an exception."""
        for node in self.inexact:
            for user in node.users:
                if user not in self.inexact and not isinstance(user.target, control.Raise):
                    raise self.tape.refuse("opaque-conversion", "the text of an object that holds values of the graph")
