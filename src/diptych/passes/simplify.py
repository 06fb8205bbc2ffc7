"""Algebraic simplification, where it keeps every bit: NaN, infinities and the signs of zeros included.

`x + 0` is not among the rules: of `-0.0` it makes `0.0`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import fx

from diptych.passes.common import results
from diptych.passes.facts import fixed, inside

aten = torch.ops.aten
Rule = Callable[[fx.Node], Any]
"""For a step, the value that it may be replaced by: a node, or a target with arguments; None if there is none."""
RULES: dict[Any, list[Rule]] = {}


def rule(*targets: Any) -> Callable[[Rule], Rule]:
    """Decorator: a rule for steps of these operations."""

    def enter(function: Rule) -> Rule:
        for target in targets:
            RULES.setdefault(target, []).append(function)
        return function

    return enter


def simplify(module: fx.GraphModule) -> int:
    """Apply the rules, in each region; how many steps changed."""
    return sum(one_region(part) for part in inside(module))


def unsimplified(module: fx.GraphModule) -> list[fx.Node]:
    """No step can be written more simply."""
    return [node for part in inside(module) for node, _ in candidates(part)]


def one_region(module: fx.GraphModule) -> int:
    """Apply the rules from the first step to the last, until none applies."""
    done = before = 0
    while True:
        for node, value in candidates(module):
            if not isinstance(value, fx.Node):
                target, args = value
                with module.graph.inserting_before(node):
                    value = module.graph.call_function(target, args)
                value.meta = dict(node.meta)
            node.replace_all_uses_with(value)
            module.graph.erase_node(node)
            done += 1
        if done == before:
            return done
        before = done


def candidates(module: fx.GraphModule) -> Iterator[tuple[fx.Node, Any]]:
    """Steps with what they may be replaced by; results stay tensors of their own."""
    apart = results(module)
    for node in list(module.graph.nodes):
        if node in apart or not node.users:
            continue
        found = (function(node) for function in RULES.get(node.target, ()))
        value = next((value for value in found if value is not None and fits(node, value)), None)
        if value is not None:
            yield node, value


def fits(node: fx.Node, value: Any) -> bool:
    """Whether a value has the sizes, strides and dtype of what it replaces."""
    if not isinstance(value, fx.Node):
        return isinstance(value, tuple)
    old, new = node.meta.get("val"), value.meta.get("val")
    if not isinstance(old, torch.Tensor) or not isinstance(new, torch.Tensor):
        return False
    return (old.dtype, old.device) == (new.dtype, new.device) and layout(old) == layout(new)


def layout(value: torch.Tensor) -> tuple[list[str], list[str]]:
    """Sizes and strides."""
    return [*map(str, value.shape)], [*map(str, value.stride())]


def is_number(value: Any, number: int) -> bool:
    """Whether an argument is this number, or a tensor of it."""
    if isinstance(value, fx.Node):
        return value.target is aten.full.default and is_number(value.args[1], number)
    return type(value) in (int, float) and value == number and str(value) not in ("-0.0",)


@rule(aten.mul.Tensor, aten.mul.Scalar)
def times_one(node: fx.Node) -> Any:
    """`x * 1` is x."""
    args: Any = node.args
    a, b = args[:2]
    return a if is_number(b, 1) else b if is_number(a, 1) else None


@rule(aten.div.Tensor, aten.div.Scalar)
def by_one(node: fx.Node) -> Any:
    """`x / 1` is x, if it is not a whole number."""
    args: Any = node.args
    return args[0] if is_number(args[1], 1) and not node.kwargs else None


@rule(aten.sub.Tensor, aten.sub.Scalar)
def minus_zero(node: fx.Node) -> Any:
    """`x - 0` is x."""
    args: Any = node.args
    return args[0] if is_number(args[1], 0) and len(args) == 2 and not node.kwargs else None


@rule(aten.pow.Tensor_Scalar)
def power(node: fx.Node) -> Any:
    """`x ** 1` is x, `x ** 2` is x * x."""
    args: Any = node.args
    x, exponent = args
    if is_number(exponent, 1):
        return x
    val: Any = node.meta.get("val")
    square = is_number(exponent, 2) and isinstance(x, fx.Node) and isinstance(val, torch.Tensor)
    return (aten.mul.Tensor, (x, x)) if square and val.dtype == x.meta["val"].dtype else None


@rule(aten.neg.default, aten.logical_not.default, aten.bitwise_not.default)
def twice(node: fx.Node) -> Any:
    """`-(-x)` is x."""
    inner: Any = node.args[0]
    return inner.args[0] if isinstance(inner, fx.Node) and inner.target is node.target else None


@rule(aten.where.self)
def same_sides(node: fx.Node) -> Any:
    """`where(c, x, x)` is x."""
    return node.args[1] if node.args[1] is node.args[2] else None


@rule(aten.clone.default, aten._to_copy.default, aten.to.dtype, aten.view.default, aten.expand.default,
      aten.permute.default, aten.slice.Tensor, aten.squeeze.dims, aten.repeat.default)  # fmt: skip
def nothing(node: fx.Node) -> Any:
    """A copy of a value that nobody writes to, or a view of all of it in the same order, is the value itself."""
    source = node.args[0]
    if node.target is aten.permute.default:
        dims: Any = node.args[1]
        return source if [d % max(len(dims), 1) for d in dims] == list(range(len(dims))) else None
    if node.target is aten.slice.Tensor:
        rest: Any = (*node.args[1:], *(None,) * 4)
        return source if rest[1] in (None, 0) and rest[3] in (None, 1) else None
    return source


@rule(aten.view.default)
def viewed_again(node: fx.Node) -> Any:
    """A view of a view is one view."""
    inner: Any = node.args[0]
    seen = isinstance(inner, fx.Node) and inner.target is aten.view.default
    whole = seen and known_contiguous(inner.args[0])
    return (aten.view.default, (inner.args[0], node.args[1])) if whole else None


@rule(aten.permute.default)
def permuted_again(node: fx.Node) -> Any:
    """A permutation of a permutation is one permutation."""
    inner: Any = node.args[0]
    if not isinstance(inner, fx.Node) or inner.target is not aten.permute.default:
        return None
    first: Any = inner.args[1]
    second: Any = node.args[1]
    rank = len(first)
    return aten.permute.default, (inner.args[0], [first[d % rank] % rank for d in second])


def known_contiguous(node: Any) -> bool:
    """Whether the elements of a value are known to lie one after the other."""
    value: Any = node.meta.get("val")
    return isinstance(value, torch.Tensor) and fixed(value) and value.is_contiguous()
