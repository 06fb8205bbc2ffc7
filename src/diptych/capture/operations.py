"""Recording functional operations and views: a node for each, and fake tensors that stand for its results.

With the autograd keys excluded, composite operations (`linear`, `layer_norm`, `dropout`) reach the dispatch mode whole.
They are kept whole unless their result shares memory with an argument; then they are taken apart into basic views.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import fx
from torch._subclasses.fake_tensor import (
    DataDependentOutputException,
    DynamicOutputShapeException,
    FakeTensor,
    UnsupportedOperatorException,
)
from torch.fx.experimental.symbolic_shapes import GuardOnDataDependentSymNode
from torch.utils import _pytree as pytree
from torch.utils._python_dispatch import TorchDispatchMode

from diptych.capture.recording import Recorder
from diptych.capture.refusals import Refused
from diptych.capture.tensors import adopt, adopt_view, handle, leaves, node_of, requires_grad, shares
from diptych.capture.values import Scalar
from diptych.graph.spec import NumberSpec

aten = torch.ops.aten

IDENTITY = {aten.to.dtype, aten.to.device, aten.to.dtype_layout, aten.to.other, aten.contiguous.default,
            aten.type_as.default, aten.expand_as.default}  # fmt: skip


FORGETFUL = {getattr(getattr(aten, name), overload)
             for name in ("zeros_like", "ones_like", "full_like", "empty_like", "rand_like", "randn_like",
                          "randint_like", "new_zeros", "new_ones", "new_full", "new_empty", "new_empty_strided")
             for overload in getattr(aten, name).overloads()}  # fmt: skip
"""Operations that take only sizes and types from their arguments: their results have no history."""

MISTYPED = {aten._pack_padded_sequence.default}
"""Operations whose results have other types on fake tensors than on real ones."""


def gives_scalar(func: Any, args: Any, kwargs: Any) -> bool:
    """Whether an operation is a loss summed up to one number, of however many rows."""
    names = [a.name for a in func._schema.arguments]
    if not func._schema.name.endswith("_loss") or "reduction" not in names:
        return False
    given = dict(zip(names, args, strict=False)) | kwargs
    default = func._schema.arguments[names.index("reduction")].default_value
    return given.get("reduction", default) in (1, 2)


class Operations(TorchDispatchMode):
    """Puts operations on the tape and answers with fake tensors."""

    def __init__(self, tape: Recorder) -> None:
        super().__init__()
        self.tape = tape

    def run(self, func: Any, args: Any, kwargs: Any) -> Any:
        """The operation on fake tensors, unrecorded."""
        if func in MISTYPED:
            raise self.tape.refuse("data-dependent-shape", str(func))
        try:
            with self.tape.fake_mode:
                return func(*args, **kwargs)
        except (GuardOnDataDependentSymNode, DataDependentOutputException, DynamicOutputShapeException) as error:
            detail = f"{func} ({str(error).splitlines()[0]})"
            raise self.tape.refuse("data-dependent-shape", detail) from error
        except (UnsupportedOperatorException, NotImplementedError) as error:
            raise self.tape.refuse("unsupported-operation", f"{func} ({error})") from error
        except RuntimeError as error:
            if "its data is not allocated yet" not in str(error):
                raise
            raise self.tape.refuse("data-dependent-shape", f"{func} looks at the values of a tensor") from error

    def record(self, func: Any, args: Any, kwargs: Any, tape: Recorder) -> Any:
        """A functional operation or a view."""
        inputs = leaves((args, kwargs))
        try:
            outputs = self.run(func, args, kwargs)
        except Refused:
            if tape.speculation is not None:
                return self.record_example(func, args, kwargs, inputs)
            if not gives_scalar(func, args, kwargs):
                raise
            outputs = tape.empty([], args[0].dtype, args[0].device)
        flat, spec = pytree.tree_flatten(outputs)
        shared = [shares(out, inputs) for out in flat]
        if any(s is not None for s in shared):
            return self.alias(func, args, kwargs, outputs, shared)
        node = self.emit(func, args, kwargs)
        if tape.speculation is not None and any(tape.has_open_sizes(out) for out in flat):
            flat = self.sized(node, flat)
        grad = torch.is_grad_enabled() and func not in FORGETFUL and any(requires_grad(i) for i in inputs)
        self.name(node, flat, grad, bare=not isinstance(outputs, tuple | list))
        if not torch.is_grad_enabled() and composite(func):  # its last step may be a view
            for out in leaves(flat):
                handle(out).quiet = True
        return pytree.tree_unflatten(flat, spec)

    def record_example(self, func: Any, args: Any, kwargs: Any, inputs: list[torch.Tensor]) -> Any:
        """An operation whose results have types that only data decide: those that they have for the example."""
        tape = self.tape
        node = self.emit(func, args, kwargs)
        found = tape.speculation.value(node)
        values, spec = pytree.tree_flatten(found)
        if not all(isinstance(v, torch.Tensor) for v in values) or any(v.layout != torch.strided for v in values):
            raise tape.refuse("unsupported-operation", str(func))
        flat = [tape.empty(v.shape, v.dtype, v.device, v.stride()) for v in values]
        bare = isinstance(found, torch.Tensor)
        grad = torch.is_grad_enabled() and func not in FORGETFUL and any(requires_grad(i) for i in inputs)
        self.name(node, list(flat), grad, bare=bare)
        for index, value in enumerate(values):
            part = node if bare else tape.item(node, index, tape.spec(flat[index]))
            for dim in range(value.dim()):
                tape.speculation.assume(tape.emit(aten.sym_size.int, (part, dim), None, NumberSpec("int")))
        return pytree.tree_unflatten(flat, spec)

    def sized(self, node: fx.Node, outputs: list[Any]) -> list[Any]:
        """The outputs with the sizes that they have for the example."""
        tape = self.tape
        found, _ = pytree.tree_flatten(tape.speculation.value(node))
        made: list[Any] = []
        for index, (value, out) in enumerate(zip(found, outputs, strict=True)):
            if not tape.has_open_sizes(out):
                made.append(out)
                continue
            known = tape.empty(value.shape, out.dtype, out.device, value.stride())
            part = node if len(outputs) == 1 else tape.item(node, index, tape.spec(known))
            for dim, size in enumerate(out.shape):
                if isinstance(size, torch.SymInt):
                    tape.speculation.assume(tape.emit(aten.sym_size.int, (part, dim), None, NumberSpec("int")))
            made.append(known)
        return made

    def emit(self, func: Any, args: Any, kwargs: Any) -> fx.Node:
        """The node of an operation; one that draws from a generator holds it."""
        stream = kwargs.get("generator")
        if stream is not None:
            func = self.tape.drawn_from(stream, func)
            kwargs = {name: value for name, value in kwargs.items() if name != "generator"}
        return self.tape.emit(func, *self.operands(args, kwargs))

    def operands(self, args: Any, kwargs: Any) -> tuple[Any, Any]:
        """Arguments as nodes; inside `no_grad`, tensors are cut off from their history."""
        cut = self.tape.grad_mode and not torch.is_grad_enabled()

        def place(value: Any) -> Any:
            if isinstance(value, torch.Tensor):
                node = node_of(self.tape, value)
                if cut and (value.is_floating_point() or value.is_complex()) and requires_grad(value):
                    return self.tape.emit(aten.detach.default, (node,), None, self.tape.spec(value))
                return node
            return self.tape.nodes(value)

        return pytree.tree_map(place, (args, kwargs), is_leaf=lambda v: isinstance(v, torch.Tensor | Scalar))

    def name(self, node: fx.Node, outputs: list[Any], grad: bool, bare: bool) -> None:
        """The outputs of `node` become traced tensors."""
        tape = self.tape
        if bare:
            node.meta["spec"] = tape.spec(outputs[0])
            if isinstance(outputs[0], torch.Tensor):
                adopt(tape, outputs[0], node, grad)
            else:
                self.numbers(node, outputs[0])
            return
        node.meta["spec"] = tuple(tape.spec(out) for out in outputs)
        for index, out in enumerate(outputs):
            if isinstance(out, torch.Tensor):
                adopt(tape, out, tape.item(node, index, tape.spec(out)), grad)
            elif out is not None:
                self.numbers(tape.item(node, index, tape.spec(out)), out)

    def numbers(self, node: fx.Node, value: Any) -> None:
        """An operation that gives a number: its symbol stands for the node."""
        if isinstance(value, torch.SymInt | torch.SymFloat | torch.SymBool):
            expression = value.node.expr
            if expression.is_Symbol and expression not in self.tape.symbols:
                node.meta["spec"] = NumberSpec("float" if isinstance(value, torch.SymFloat) else "int")
                self.tape.symbols[expression] = (node, None)

    def alias(self, func: Any, args: Any, kwargs: Any, outputs: Any, shared: list[torch.Tensor | None]) -> Any:
        """An operation whose result shares memory with an argument."""
        if isinstance(outputs, torch.Tensor):
            source = shared[0]
            assert source is not None
            if outputs is source:
                return source
            if func.has_kernel_for_dispatch_key(torch.DispatchKey.CompositeImplicitAutograd):
                if same_geometry(outputs, source) and func in IDENTITY:
                    return source
                with self:
                    return func.decompose(*args, **kwargs)
            if args and args[0] is source:
                rest = self.operands(args[1:], kwargs)
                if self.tape.grad_mode and not torch.is_grad_enabled() and func is not aten.detach.default:
                    bare = self.run(aten.detach.default, (source,), {})
                    adopt_view(self.tape, bare, source, aten.detach.default, (), {})
                    source = bare
                adopt_view(self.tape, outputs, source, func, *rest)
                return outputs
        if func in UNROLLED:
            with self:
                return UNROLLED[func](*args, **kwargs)
        if func.has_kernel_for_dispatch_key(torch.DispatchKey.CompositeImplicitAutograd):
            with self:
                return func.decompose(*args, **kwargs)
        raise self.tape.refuse("unsupported-operation", f"{func} returns views")

    def constant(self, value: torch.Tensor) -> torch.Tensor:
        """A tensor made from Python data during the trace."""
        tape = self.tape
        if isinstance(value, FakeTensor):
            return value
        root = tape.root
        node = root.module("constant", value.clone())
        fake = tape.fake_mode.from_tensor(value, static_shapes=True)
        node.meta = {"spec": tape.spec(fake), "where": tape.where()}
        adopt(tape, fake, node, False)
        handle(fake).store.constant = True
        return fake


def same_geometry(a: torch.Tensor, b: torch.Tensor) -> bool:
    """Whether two tensors of the same memory are the same elements in the same order."""
    return (
        a.dtype == b.dtype
        and a.dim() == b.dim()
        and all(
            x is y or x == y
            for x, y in zip((*a.shape, *a.stride()), (*b.shape, *b.stride()), strict=True)
            if not isinstance(x, torch.SymInt) and not isinstance(y, torch.SymInt)
        )
    )


def unbind(x: torch.Tensor, dim: int = 0) -> tuple[torch.Tensor, ...]:
    """`torch.unbind` by selects."""
    return tuple(torch.select(x, dim, i) for i in range(x.shape[dim]))


def split(x: torch.Tensor, size: Any, dim: int = 0) -> tuple[torch.Tensor, ...]:
    """`torch.split` by narrows."""
    if isinstance(size, int | torch.SymInt):
        whole: Any = x.shape[dim]
        count = max(-(-whole // size), 1)
        size = [min(size, whole - k * size) for k in range(int(count))]
    made: list[torch.Tensor] = []
    start: Any = 0
    for length in size:
        made.append(torch.narrow(x, dim, start, length))
        start = start + length
    return tuple(made)


UNROLLED: dict[Any, Callable[..., Any]] = {
    aten.unbind.int: unbind,
    aten.split.Tensor: split,
    aten.split_with_sizes.default: split,
}


def composite(func: Any) -> bool:
    """Whether torch makes an operation of others."""
    return torch._C._dispatch_has_kernel_for_dispatch_key(func.name(), "CompositeImplicitAutograd")
