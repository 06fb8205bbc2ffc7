"""Recording: every ATen operation of a trace arrives here, below autograd and before it is decomposed.

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
from diptych.capture.tensors import (
    adopt,
    adopt_view,
    attach,
    handle,
    has_handle,
    leaves,
    node_of,
    requires_grad,
    shares,
    write,
)
from diptych.capture.values import Scalar
from diptych.graph import own
from diptych.graph import own_ops as own_ops  # fills the registry
from diptych.graph.spec import NumberSpec

aten = torch.ops.aten
PASSIVE = {
    torch.ops.prim.device.default, torch.ops.prim.layout.default, aten.is_contiguous.default,
    aten.is_contiguous.memory_format, aten.sym_size.int, aten.sym_size.default, aten.sym_stride.default,
    aten.sym_stride.int, aten.sym_numel.default, aten.sym_storage_offset.default, aten.size.default,
    aten.dim.default, aten.is_non_overlapping_and_dense.default, aten.is_strides_like_format.default,
}  # fmt: skip

Special = Callable[["RecordingMode", Any, tuple[Any, ...], dict[str, Any]], Any]
SPECIAL: dict[Any, Special] = {}


def special(*functions: Any) -> Callable[[Special], Special]:
    """Register how an operation is recorded that is not simply a functional node."""

    def register(recording: Special) -> Special:
        for function in functions:
            SPECIAL[function] = recording
        return recording

    return register


class RecordingMode(TorchDispatchMode):
    """Puts every operation on the tape and answers with fake tensors."""

    def __init__(self, tape: Recorder) -> None:
        super().__init__()
        self.tape = tape

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        tape = self.tape
        kwargs = kwargs or {}
        if func in PASSIVE:
            args, kwargs = pytree.tree_map_only(torch.Tensor, self.fake, (args, kwargs))
            return self.run(func, args, kwargs)
        if func is aten.lift_fresh.default:
            return self.constant(args[0])
        args, kwargs = pytree.tree_map_only(torch.Tensor, self.fake, (args, kwargs))
        if func in SPECIAL:
            return SPECIAL[func](self, func, args, kwargs)
        if func._schema.is_mutable:
            return self.mutate(func, args, kwargs)
        return self.record(func, args, kwargs, tape)

    def fake(self, tensor: torch.Tensor) -> torch.Tensor:
        """The traced tensor for an argument."""
        return tensor if isinstance(tensor, FakeTensor) and has_handle(tensor) else self.tape.fake(tensor)

    def run(self, func: Any, args: Any, kwargs: Any) -> Any:
        """The operation on fake tensors, unrecorded."""
        try:
            with self.tape.fake_mode:
                return func(*args, **kwargs)
        except (GuardOnDataDependentSymNode, DataDependentOutputException, DynamicOutputShapeException) as error:
            detail = f"{func} ({str(error).splitlines()[0]})"
            raise self.tape.refuse("data-dependent-shape", detail) from error
        except (UnsupportedOperatorException, NotImplementedError) as error:
            raise self.tape.refuse("unsupported-operation", f"{func} ({error})") from error

    def record(self, func: Any, args: Any, kwargs: Any, tape: Recorder) -> Any:
        """A functional operation or a view."""
        inputs = leaves((args, kwargs))
        outputs = self.run(func, args, kwargs)
        flat, spec = pytree.tree_flatten(outputs)
        shared = [shares(out, inputs) for out in flat]
        if any(s is not None for s in shared):
            return self.alias(func, args, kwargs, outputs, shared)
        node = tape.emit(func, *self.operands(args, kwargs))
        grad = torch.is_grad_enabled() and any(requires_grad(i) for i in inputs)
        self.name(node, flat, grad, bare=not isinstance(outputs, tuple | list))
        return pytree.tree_unflatten(flat, spec)

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

    # Writes -----------------------------------------------------------------------------------------------------

    def mutate(self, func: Any, args: Any, kwargs: Any) -> Any:
        """An in-place operation: its functional twin, and a write."""
        tape = self.tape
        written = [a for s, a in zip(func._schema.arguments, self.bound(func, args, kwargs), strict=True)
                   if s.alias_info is not None and s.alias_info.is_write and a is not None]  # fmt: skip
        twin = functional_twin(func)
        if torch.Tag.inplace_view in func.tags and twin is not None:
            return self.reshape_in_place(func, twin, args, kwargs)
        if twin is None or not written:
            raise tape.refuse("mutation", str(func))
        if "out" in [a.name for a in func._schema.arguments if a.is_out]:
            kwargs = {k: v for k, v in kwargs.items() if k != "out"}
        self.check_leaf(written)
        inputs = leaves((args, kwargs))
        value = self.run(twin, args, kwargs)
        values = list(value) if isinstance(value, tuple | list) else [value]
        targets = [t for w in written for t in (w if isinstance(w, list | tuple) else [w])]
        node = tape.emit(twin, *self.operands(args, kwargs))
        grad = any(requires_grad(i) for i in inputs)
        bare = isinstance(value, torch.Tensor)
        node.meta["spec"] = tape.spec(value) if bare else tuple(tape.spec(v) for v in values)
        for index, (target, new) in enumerate(zip(targets, values, strict=True)):
            part = node if bare else tape.item(node, index, tape.spec(new))
            if tuple(new.shape) != tuple(target.shape) and not all(
                tape.known(a == b) for a, b in zip(new.shape, target.shape, strict=True)
            ):
                self.run(func, args, kwargs)
                raise tape.refuse("mutation", f"{func} changes the shape of its argument")
            if new.dtype != target.dtype:
                part = tape.emit(aten.to.dtype, (part, target.dtype), None, tape.spec(target))
            write(tape, target, part, grad)
        return written[0] if len(written) == 1 else tuple(written)

    def reshape_in_place(self, func: Any, twin: Any, args: Any, kwargs: Any) -> Any:
        """`x.unsqueeze_(0)`: from now on `x` is the view."""
        tensor = args[0]
        known = handle(tensor)
        if known.store.depth < self.tape.region.depth or known.store.external is not None:
            raise self.tape.refuse("mutation", f"{func} of a tensor from outside")
        old = self.run(aten.alias.default, (tensor,), {})
        attach(old, known)
        with self:
            made = twin(old, *args[1:], **kwargs)
        self.run(func, args, kwargs)
        attach(tensor, handle(made))
        return tensor

    def bound(self, func: Any, args: Any, kwargs: Any) -> list[Any]:
        """The arguments in the order of the schema."""
        found: list[Any] = []
        for index, argument in enumerate(func._schema.arguments):
            found.append(args[index] if index < len(args) else kwargs.get(argument.name))
        return found

    def check_leaf(self, written: list[Any]) -> None:
        """Autograd forbids writing to a leaf that requires a gradient."""
        for target in leaves(written):
            store = handle(target).store
            if not requires_grad(target):
                continue
            external = store.external
            if external is not None and torch.is_grad_enabled() and external.leaf and store.version == 0:
                raise RuntimeError("a leaf Variable that requires grad is being used in an in-place operation.")


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


IDENTITY = {aten.to.dtype, aten.to.device, aten.to.dtype_layout, aten.to.other, aten.contiguous.default,
            aten.type_as.default, aten.expand_as.default}  # fmt: skip


def functional_twin(func: Any) -> Any:
    """The operation without the write: `add.Tensor` for `add_.Tensor` and `add.out`."""
    name = func._schema.name.split("::")[1]
    base = name[:-1] if name.endswith("_") and not name.endswith("__") else name
    if name in TWINS:
        return TWINS[name]
    packet = getattr(getattr(torch.ops, func.namespace), base, None)
    if packet is None:
        return None
    wanted = [a.name for a in func._schema.arguments if not a.is_out]
    best = getattr(packet, func._overloadname, None) if not any(a.is_out for a in func._schema.arguments) else None
    types = [str(a.type) for a in func._schema.arguments if not a.is_out]
    if best is not None and not best._schema.is_mutable and [str(a.type) for a in best._schema.arguments] == types:
        return best
    for overload in packet.overloads():
        candidate = getattr(packet, overload)
        arguments = candidate._schema.arguments
        fits = [a.name for a in arguments] == wanted and [str(a.type) for a in arguments] == types
        if fits and not candidate._schema.is_mutable:
            return candidate
    return None


TWINS: dict[str, Any] = {
    "bernoulli_": aten.bernoulli.p,
    "normal_": aten.normal_functional.default,
    "zero_": aten.zeros_like.default,
}


@special(aten.bernoulli_.Tensor)
def record_bernoulli_tensor(mode: RecordingMode, func: Any, args: Any, kwargs: Any) -> Any:
    """`x.bernoulli_(p)` with a tensor of probabilities."""
    return mode.mutate(func, args, kwargs) if functional_twin(func) else None


@special(aten.fill_.Scalar)
def record_fill(mode: RecordingMode, func: Any, args: Any, kwargs: Any) -> Any:
    """`x.fill_(v)`: a new tensor full of `v`."""
    mode.check_leaf([args[0]])
    node = mode.tape.emit(aten.full_like.default, *mode.operands(args, kwargs), mode.tape.spec(args[0]))
    write(mode.tape, args[0], node, False)
    return args[0]


@special(aten.fill_.Tensor, aten.copy_.default)
def record_copy(mode: RecordingMode, func: Any, args: Any, kwargs: Any) -> Any:
    """`x.copy_(source)`: the source in the dtype and shape of `x`."""
    target, source = args[0], args[1]
    mode.check_leaf([target])
    mode.run(func, args, {k: v for k, v in kwargs.items() if k != "non_blocking"})
    tape = mode.tape
    (node,), _ = mode.operands((source,), {})
    if source.dtype != target.dtype or source.device != target.device:
        node = tape.emit(aten.to.device, (node, target.device, target.dtype), None, tape.spec(target))
    if tuple(source.shape) != tuple(target.shape):
        node = tape.emit(aten.expand.default, (node, tape.nodes(list(target.shape))), None, tape.spec(target))
    node = tape.emit(aten.clone.default, (node,), {"memory_format": torch.contiguous_format}, tape.spec(target))
    write(tape, target, node, requires_grad(source))
    return target


@special(aten.batch_norm.default)
def record_batch_norm(mode: RecordingMode, func: Any, args: Any, kwargs: Any) -> Any:
    """Batch normalization: in training mode it also moves the running statistics, which its schema does not say."""
    x, weight, bias, mean, var, training, momentum, eps, _ = args
    if not training or mean is None:
        return mode.record(func, args, kwargs, mode.tape)
    return moving(mode, "batch_norm_training", x, weight, bias, mean, var, momentum, eps)


@special(aten.instance_norm.default)
def record_instance_norm(mode: RecordingMode, func: Any, args: Any, kwargs: Any) -> Any:
    """Instance normalization, likewise."""
    x, weight, bias, mean, var, training, momentum, eps, _ = args
    if not training or mean is None:
        return mode.record(func, args, kwargs, mode.tape)
    return moving(mode, "instance_norm_training", x, weight, bias, mean, var, momentum, eps)


def moving(mode: RecordingMode, name: str, *args: Any) -> torch.Tensor:
    """A normalization that returns its new running statistics."""
    tape = mode.tape
    x, _, _, mean, var = args[:5]
    fake = mode.run(aten.empty_like.default, (x,), {})
    placed, _ = mode.operands(args, {})
    spec = (tape.spec(fake), tape.spec(mean), tape.spec(var))
    node = tape.emit(own.OWN[name], placed, None, spec)
    grad = torch.is_grad_enabled() and any(requires_grad(a) for a in args[:3] if a is not None)
    adopt(tape, fake, tape.item(node, 0, spec[0]), grad)
    for index, buffer in ((1, mean), (2, var)):
        with torch.no_grad():
            write(tape, buffer, tape.item(node, index, spec[index]), False)
    return fake


@special(aten.detach_.default)
def record_detach(mode: RecordingMode, func: Any, args: Any, kwargs: Any) -> Any:
    """`x.detach_()` of a tensor without history does nothing."""
    if requires_grad(args[0]):
        raise mode.tape.refuse("mutation", "detach_()")
    return args[0]


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
