"""Which steps only compute, and which may fail: those that do neither may be left out, or done elsewhere."""

from __future__ import annotations

from typing import Any

import torch
from torch import fx

from diptych.graph import walk
from diptych.graph.control import Raise

NUMBERS = ("_operator", "math", "builtins")


def computes(node: fx.Node) -> bool:
    """Whether a step has no effect but its result: it tells nothing, draws nothing, and is no `raise`."""
    if node.op == "get_attr":
        return True
    if node.op != "call_function":
        return False
    target: Any = node.target
    if inner := walk.regions(node):
        return all(computes(step) for module in inner for step in walk.steps(module))
    if isinstance(target, torch._ops.OpOverload):
        return torch.Tag.nondeterministic_seeded not in target.tags and not target._schema.is_mutable
    if isinstance(target, Raise):
        return False
    return getattr(target, "__module__", "") in NUMBERS


def fails(node: fx.Node) -> bool:
    """Whether a step may fail on some values."""
    target: Any = node.target
    if isinstance(target, torch._ops.OpOverload):
        value = node.meta.get("val")
        whole = isinstance(value, torch.Tensor) and not value.dtype.is_floating_point
        return target._schema.name in CHECKING or (whole and target._schema.name in DIVIDING)
    return getattr(target, "__name__", "") in ("truediv", "floordiv", "mod", "pow", "int", "sqrt", "log", "getitem")


CHECKING = {
    f"aten::{name}"
    for name in (
        *("index", "index_select", "gather", "scatter", "embedding", "index_put", "index_add", "index_copy"),
        *("one_hot", "binary_cross_entropy", "nll_loss_forward", "nll_loss2d_forward"),
    )
} | {"aten::multinomial", "aten::_linalg_check_errors", "aten::bernoulli", "aten::scatter_add"}
"""Operations that look at values and may find them wrong."""
DIVIDING = {f"aten::{name}" for name in ("div", "remainder", "fmod", "floor_divide")}
"""Operations that may find that they divide a whole number by zero."""

VIEWS = {
    f"aten::{name}"
    for name in ("view", "permute", "t", "transpose", "expand", "slice", "select", "unsqueeze", "squeeze", "alias")
}
"""Operations whose results share memory with their first argument."""


def is_view(node: fx.Node) -> bool:
    """Whether a step gives a view."""
    target: Any = node.target
    return isinstance(target, torch._ops.OpOverload) and target._schema.name in VIEWS


def may_fail(node: fx.Node) -> bool:
    """Whether a step, or one inside of it, may fail on some values."""
    inner = walk.regions(node)
    return any(may_fail(step) for module in inner for step in walk.steps(module)) if inner else fails(node)
