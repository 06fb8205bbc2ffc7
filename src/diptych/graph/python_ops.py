"""How operations are written in Python: operators where they are exact, then methods, torch functions, overloads.

The tables below are data. `torch.f` stands for `aten.f` only where both are one binding, so that the written call
reaches the same operator.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import fx
from torch._ops import OpOverload

from diptych.graph import vocabulary
from diptych.graph.spec import TensorSpec


@dataclass(frozen=True)
class Expression:
    """Source text and how tightly it binds: operands that bind less tightly need parentheses."""

    text: str
    level: int = 13

    def within(self, level: int) -> str:
        """The text as an operand where `level` is needed."""
        return self.text if self.level >= level else f"({self.text})"


CONDITIONAL, NOT, ATOM = 0, 3, 13
COMPARE, OR, XOR, AND, SHIFT, SUM, PRODUCT, UNARY, POWER = 4, 5, 6, 7, 8, 9, 10, 11, 12

_SYMBOLS: dict[str, tuple[str, int]] = {
    **dict.fromkeys(("operator.add", "aten.add.Tensor", "aten.add.Scalar"), ("+", SUM)),
    **dict.fromkeys(("operator.sub", "aten.sub.Tensor", "aten.sub.Scalar"), ("-", SUM)),
    **dict.fromkeys(("operator.mul", "aten.mul.Tensor", "aten.mul.Scalar"), ("*", PRODUCT)),
    **dict.fromkeys(("operator.truediv", "aten.div.Tensor", "aten.div.Scalar"), ("/", PRODUCT)),
    **dict.fromkeys(("operator.floordiv", "aten.floor_divide.default", "aten.floor_divide.Scalar"), ("//", PRODUCT)),
    **dict.fromkeys(("operator.mod", "aten.remainder.Tensor", "aten.remainder.Scalar"), ("%", PRODUCT)),
    **dict.fromkeys(("aten.matmul.default", "aten.mm.default"), ("@", PRODUCT)),
    **dict.fromkeys(("operator.pow", "aten.pow.Tensor_Tensor", "aten.pow.Tensor_Scalar"), ("**", POWER)),
    **{f"operator.{n}": (s, COMPARE) for n, s in zip(("eq", "ne", "lt", "le"), ("==", "!=", "<", "<="), strict=True)},
    "operator.gt": (">", COMPARE),
    "operator.ge": (">=", COMPARE),
    **{
        f"aten.{n}.{o}": (s, COMPARE)
        for n, s in (("eq", "=="), ("ne", "!="), ("lt", "<"))
        for o in ("Tensor", "Scalar")
    },
    **{
        f"aten.{n}.{o}": (s, COMPARE)
        for n, s in (("le", "<="), ("gt", ">"), ("ge", ">="))
        for o in ("Tensor", "Scalar")
    },
    **dict.fromkeys(("operator.and_", "aten.bitwise_and.Tensor", "aten.bitwise_and.Scalar"), ("&", AND)),
    **dict.fromkeys(("operator.or_", "aten.bitwise_or.Tensor", "aten.bitwise_or.Scalar"), ("|", OR)),
    **dict.fromkeys(("operator.xor", "aten.bitwise_xor.Tensor", "aten.bitwise_xor.Scalar"), ("^", XOR)),
    "operator.lshift": ("<<", SHIFT),
    "operator.rshift": (">>", SHIFT),
}
"""Name of an operation on two values -> its operator and how tightly that binds."""

_PREFIXES: dict[str, tuple[str, int]] = {
    **dict.fromkeys(("operator.neg", "aten.neg.default"), ("-", UNARY)),
    "operator.pos": ("+", UNARY),
    "operator.not_": ("not ", NOT),
    **dict.fromkeys(("operator.invert", "aten.bitwise_not.default"), ("~", UNARY)),
}
"""Name of an operation on one value -> its operator and how tightly that binds."""

_METHODS = frozenset(
    (
        *("all", "any", "argmax", "argmin", "clone", "contiguous", "detach", "expand", "expand_as", "flatten", "item"),
        *("max", "mean", "min", "new_full", "new_ones", "new_zeros", "permute", "repeat", "reshape", "squeeze", "sum"),
        *("t", "to", "transpose", "unsqueeze", "view", "view_as"),
    )
)
"""ATen operators that read best as methods of their first argument."""

_SILENT: dict[str, object] = {"pin_memory": False, "layout": torch.strided}
"""Keywords whose value is what leaving them out means."""

Render = Callable[[Any], Expression]


def expression(node: fx.Node, render: Render) -> Expression:
    """The expression of a node that calls an operator or one of Python's functions."""
    if isinstance(node.target, OpOverload):
        return _operator(node, node.target, render)
    name = (vocabulary.name_of(node.target) or "").partition(":")[2]
    if (written := _infix(name, node, render)) is not None:
        return written
    if name == "operator.getitem":
        whole, index = map(render, node.args)
        return Expression(f"{whole.within(ATOM)}[{index.text}]")
    arguments = ", ".join(render(value).text for value in node.args)
    name = name.removeprefix("builtins.")
    return Expression(f"{'abs' if name == 'operator.abs' else name}({arguments})")


def _infix(name: str, node: fx.Node, render: Render) -> Expression | None:
    if node.kwargs:
        return None
    if name in _SYMBOLS and len(node.args) == 2:
        symbol, level = _SYMBOLS[name]
        left, right = map(render, node.args)
        if symbol == "**":
            return Expression(f"{left.within(ATOM)} ** {right.within(UNARY)}", level)
        step = 1 if level == COMPARE else 0
        return Expression(f"{left.within(level + step)} {symbol} {right.within(level + 1)}", level)
    if name in _PREFIXES and len(node.args) == 1:
        symbol, level = _PREFIXES[name]
        return Expression(f"{symbol}{render(node.args[0]).within(level)}", level)
    return None


def _operator(node: fx.Node, target: OpOverload, render: Render) -> Expression:
    name = f"{target.namespace}.{target._opname}.{target._overloadname}"
    if not _is_tensor(node.args[0] if node.args else None):
        tensors = target._schema.arguments and str(target._schema.arguments[0].type) == "Tensor"
        return _overload(node, name, render) if tensors else _call(node, target, render)
    if (written := _infix(name, node, render)) is not None:
        return written
    if (rule := _SPECIAL.get(name)) is not None and (written := rule(node, render)) is not None:
        return written
    return _call(node, target, render)


def _call(node: fx.Node, target: OpOverload, render: Render) -> Expression:
    name, short = f"{target.namespace}.{target._opname}.{target._overloadname}", target._opname
    if target.namespace != "aten" or name in _UNBOUND or _leaves_out_tensors(node):
        return _overload(node, name, render)
    positional, keywords = _arguments(node, target, render)
    if short in _METHODS and _is_tensor(node.args[0]):
        return Expression(f"{positional[0].within(ATOM)}.{short}({_joined(positional[1:], keywords)})")
    if (prefix := _binding(short)) is not None:
        return Expression(f"{prefix}.{short}({_joined(positional, keywords)})")
    return _overload(node, name, render)


_UNBOUND = frozenset({"aten.bernoulli.Tensor"})
"""Overloads that torch's function of the name does not take."""


def _leaves_out_tensors(node: fx.Node) -> bool:
    """Whether a list of tensors among the arguments has gaps, which torch's bindings do not take."""
    return any(isinstance(value, list | tuple) and None in value for value in node.args)


def _is_tensor(value: object) -> bool:
    return isinstance(value, fx.Node) and isinstance(value.meta.get("spec"), TensorSpec)


def _binding(name: str) -> str | None:
    """`torch` or `F` if the function of that name there is the binding of the ATen operator itself."""
    compiled: Any = torch._C
    for prefix, module, bindings in (("torch", torch, compiled._VariableFunctions), ("F", F, compiled._nn)):
        found = getattr(module, name, None)
        if found is not None and found is getattr(bindings, name, None):
            return prefix
    return None


def _arguments(node: fx.Node, target: OpOverload, render: Render) -> tuple[list[Expression], dict[str, Expression]]:
    """Arguments without a default in their order, the others by keyword where they differ from the default."""
    positional: list[Expression] = []
    keywords: dict[str, Expression] = {}
    for index, argument in enumerate(target._schema.arguments):
        name = argument.name
        if name == "reduction":  # its default in Python is not always that of the operator
            given = node.args[index] if index < len(node.args) else node.kwargs.get(name, argument.default_value)
            keywords[name] = render(given)
            continue
        if index >= len(node.args) and name not in node.kwargs:
            continue
        value: Any = node.args[index] if index < len(node.args) else node.kwargs[name]
        if not argument.has_default_value() and not argument.kwarg_only:
            positional.append(render(value))
        elif _tells(name, value, argument.default_value):
            keywords[name] = render(value)
    return positional, keywords


def _tells(name: str, value: object, default: object) -> bool:
    if isinstance(value, fx.Node):
        return True
    if name in _SILENT and value == _SILENT[name]:
        return False
    return not (type(value) is type(default) and value == default)


def _joined(positional: list[Expression], keywords: dict[str, Expression]) -> str:
    return ", ".join([*(e.text for e in positional), *(f"{name}={e.text}" for name, e in keywords.items())])


def _overload(node: fx.Node, name: str, render: Render) -> Expression:
    keywords = {key: render(value) for key, value in node.kwargs.items()}
    return Expression(f"torch.ops.{name}({_joined([render(value) for value in node.args], keywords)})")


def _size(node: fx.Node, render: Render) -> Expression | None:
    return Expression(f"{render(node.args[0]).within(ATOM)}.shape[{render(node.args[1]).text}]")


def _select(node: fx.Node, render: Render) -> Expression | None:
    if node.args[1] != 0:
        return Expression(f"torch.select({', '.join(render(value).text for value in node.args)})")
    return Expression(f"{render(node.args[0]).within(ATOM)}[{render(node.args[2]).text}]")


def _slice(node: fx.Node, render: Render) -> Expression | None:
    dim, start, end, step = (*node.args[1:], *(0, None, None, 1)[len(node.args) - 1 :])
    if node.kwargs or not isinstance(dim, int) or not 0 <= dim <= 3:
        return None
    first = "" if start in (None, 0) else render(start).text
    last = "" if end is None or (isinstance(end, int) and end >= 2**62) else render(end).text
    rest = "" if step == 1 else f":{render(step).text}"
    return Expression(f"{render(node.args[0]).within(ATOM)}[{':, ' * dim}{first}:{last}{rest}]")


def _index(node: fx.Node, render: Render) -> Expression | None:
    indices: Any = node.args[1]
    for index in indices:
        spec = index.meta.get("spec") if isinstance(index, fx.Node) else None
        if index is not None and not (isinstance(spec, TensorSpec) and spec.shape):
            return None
    inside = ", ".join(":" if index is None else render(index).text for index in indices)
    return Expression(f"{render(node.args[0]).within(ATOM)}[{inside}]")


def _copy(node: fx.Node, render: Render) -> Expression | None:
    if set(node.kwargs) != {"dtype"}:
        return None
    return Expression(f"{render(node.args[0]).within(ATOM)}.to({render(node.kwargs['dtype']).text}, copy=True)")


def _reversed_subtraction(node: fx.Node, render: Render) -> Expression | None:
    if node.kwargs or len(node.args) != 2:
        return None
    right, left = map(render, node.args)
    return Expression(f"{left.within(SUM)} - {right.within(PRODUCT)}", SUM)


_SPECIAL: dict[str, Callable[[fx.Node, Render], Expression | None]] = {
    "aten.sym_size.int": _size,
    "aten.select.int": _select,
    "aten.slice.Tensor": _slice,
    "aten.index.Tensor": _index,
    "aten._to_copy.default": _copy,
    "aten.rsub.Scalar": _reversed_subtraction,
    "aten.rsub.Tensor": _reversed_subtraction,
}
"""Name of an operator -> how it is written, or None where the overload has to be named."""
