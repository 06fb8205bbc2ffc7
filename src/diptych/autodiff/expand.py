"""Writing a graph out: every step in core operations, every gradient as steps of its own.

The graph is run on fake tensors by an interpreter of its nodes, with PyTorch's autograd at work; what happens below
autograd is recorded (compare AOTAutograd of PyTorch 2). Control flow is written out part by part, and is an
`autograd.Function` to the autograd above it, whose backward records the gradient of the branch or the loop.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import fx

from diptych.autodiff import own_steps
from diptych.autodiff.branch import write_cond
from diptych.autodiff.folds import write_fold
from diptych.autodiff.loop import write_while
from diptych.autodiff.recorder import Recorder
from diptych.autodiff.recursion import Recursive, write_call
from diptych.autodiff.recursion_gradient import Kept
from diptych.autodiff.values import Opaque, fresh_of
from diptych.autodiff.whole import stays_whole
from diptych.graph import walk
from diptych.graph.control import Function, Raise, cond, while_loop
from diptych.graph.fold import Fold, structure_of
from diptych.graph.spec import NumberSpec, TensorSpec

aten = torch.ops.aten
EXACT: dict[Any, Callable[..., Any]] = {o: o for o in (operator.add, operator.sub, operator.mul, operator.neg)}
"""Arithmetic on ints that sizes are made by: kept as an expression."""


def nothing() -> None:
    """Go on."""


class Writer:
    """Runs the nodes of a graph and of its regions on fake values, under a recorder."""

    def __init__(self, stop: Callable[[], None] = nothing) -> None:
        self.recorder = Recorder()
        self.stop = stop
        """Called before each step; may raise, to give up."""
        self.functions: dict[Any, Recursive] = {}
        """Functions that are written, or being written, each for operands of certain types."""
        self.kept: list[Kept] = []
        """Functions with gradients that are being written, the innermost last."""

    def run(self, module: fx.GraphModule, values: Sequence[Any]) -> tuple[Any, ...] | None:
        """What a module gives for these values; None if it ends in an exception."""
        env: dict[fx.Node, Any] = {}
        given = iter(values)
        recorder = self.recorder
        before = recorder.where
        for node in module.graph.nodes:
            self.stop()
            recorder.where = walk.where_of(node) or recorder.where
            if node.op == "placeholder":
                env[node] = next(given)
            elif node.op == "get_attr":
                found = walk.attribute(module, str(node.target))
                env[node] = recorder.constant(found) if isinstance(found, torch.Tensor) else found
            elif node.op == "call_function":
                args, kwargs = fx.map_arg((node.args, node.kwargs), lambda n: env[n])
                env[node] = self.step(node, args, kwargs)
        recorder.where = before
        if walk.diverges(module):
            return None
        return tuple(env[v] if isinstance(v, fx.Node) else v for v in walk.outputs(module))

    def step(self, node: fx.Node, args: Any, kwargs: Any) -> Any:
        """One step."""
        target = node.target
        if target is operator.getitem and isinstance(args[0], tuple | list):
            return args[0][args[1]]
        if target is cond:
            return write_cond(self, node, *args)
        if target is while_loop:
            return write_while(self, node, *args)
        if isinstance(target, Raise):
            self.recorder.emit(target, args).meta["spec"] = node.meta.get("spec")
            return None
        rule = own_steps.RULES.get(target)
        if rule is not None:
            return rule(self.recorder, *args, **kwargs)
        if isinstance(target, torch._ops.OpOverload):
            return self.operation(node, target, args, kwargs)
        spec = node.meta.get("spec")
        if isinstance(target, Fold):
            return write_fold(self, node, target, args)
        if isinstance(target, Function):
            return write_call(self, node, target, args)
        if getattr(target, "__module__", "") == "diptych_autograd":
            raise self.recorder.refuse(f"{target!r} is not written out yet")
        if isinstance(spec, NumberSpec) and spec.kind in ("bool", "int", "float"):
            return self.number(spec.kind, target, args, kwargs)
        return self.opaque(node, args, kwargs)

    def operation(self, node: fx.Node, target: Any, args: Any, kwargs: Any) -> Any:
        """An operation of ATen."""
        if target is aten.sym_size.int:
            return args[0].shape[args[1]]
        if target is aten.item.default:
            return self.number(node.meta["spec"].kind, target, args, kwargs)
        try:
            if stays_whole(target, args):
                return self.recorder.record(target, args, kwargs)
            with self.recorder:
                if target is aten.to.dtype and isinstance(args[0], bool | int | float):
                    return torch.scalar_tensor(args[0], dtype=args[1])
                made = target(*args, **kwargs)
            return self.apart(made) if target in (aten.detach.default, aten.alias.default) else made
        except (RuntimeError, TypeError, ValueError, IndexError, AssertionError) as error:
            raise self.recorder.refuse(f"{target}: {str(error).splitlines()[0] if str(error) else error!r}") from error

    def apart(self, value: torch.Tensor) -> torch.Tensor:
        """The same memory as another tensor of the program."""
        recorder = self.recorder
        node = recorder.emit(aten.alias.default, (value,))
        node.meta |= recorder.meta(value)
        recorder.stands_for(value, node)
        return value

    def number(self, kind: str, target: Any, args: Any, kwargs: Any) -> Any:
        """A step that gives a Python number."""
        parts = [*args, *kwargs.values()]
        pure = getattr(target, "__module__", "") in ("_operator", "math", "builtins")
        if pure and all(isinstance(part, bool | int | float) for part in parts):
            return target(*args, **kwargs)
        if target in EXACT and all(type(part) in (int, torch.SymInt) for part in parts):
            return EXACT[target](*args)
        node = self.recorder.emit(target, args, kwargs)
        value = self.recorder.symbols.number(kind, node)
        node.meta |= self.recorder.meta(value)
        return value

    def opaque(self, node: fx.Node, args: Any, kwargs: Any) -> Any:
        """A step that is kept as it is: a line told, a text, a draw."""
        made = self.recorder.emit(node.target, args, kwargs)
        spec = node.meta.get("spec")
        if isinstance(spec, TensorSpec):
            value = fresh_of(self.recorder, spec)
            self.recorder.name(made, value)
            return value
        made.meta |= {"spec": spec, "val": None}
        return Opaque(made)


def inputs_of(writer: Writer, module: fx.GraphModule, samples: Sequence[Any]) -> list[Any]:
    """Fake values for the inputs of a graph, like the given ones: their types, sizes, strides, and gradients."""
    recorder = writer.recorder
    made: list[Any] = []
    structure = structure_of(module)
    rows: dict[Any, Any] = {}
    for node, sample in zip(walk.placeholders(module), samples, strict=True):
        place = recorder.root.placeholder(str(node.target), {})
        if isinstance(sample, torch.Tensor):
            value: Any = recorder.fake_mode.from_tensor(sample.detach(), static_shapes=True)
            if node in structure and (sizes := open_rows(recorder, node.meta["spec"], rows)):
                value = recorder.fresh(sizes, node.meta["spec"].dtype)
            value.requires_grad_(sample.requires_grad)
            place.meta = recorder.meta(value)
            recorder.stands_for(value, place)
            recorder.symbols.sizes(place, value)
        elif isinstance(sample, bool | int | float):
            kind = type(sample).__name__
            value = recorder.symbols.number(kind, place)
            place.meta = recorder.meta(value)
        else:
            value = sample
            place.meta = recorder.meta(None)
        place.meta["where"] = None
        made.append(value)
    return made


def open_rows(recorder: Recorder, spec: TensorSpec, rows: dict[Any, Any]) -> tuple[Any, ...] | None:
    """The sizes of a tensor with another number of rows at each call; None if it is not only the rows that vary."""
    name, *rest = spec.shape
    if not isinstance(name, str) or not all(isinstance(size, int) for size in rest):
        return None
    if name not in rows:
        rows[name] = recorder.shapes.create_unbacked_symint()
    return rows[name], *rest
