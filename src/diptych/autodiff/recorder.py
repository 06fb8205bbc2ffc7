"""Recording operations below PyTorch's autograd: each becomes nodes of core operations in the current part.

Fake tensors stand for the values. The program is run on them with autograd at work above, so that the steps of
`torch.autograd.grad` are recorded like all others.
"""

from __future__ import annotations

import operator
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from typing import Any

import sympy
import torch
from torch import fx
from torch._decomp import _core_aten_decompositions_post_autograd as core_decompositions
from torch._subclasses.fake_tensor import (
    DataDependentOutputException,
    DynamicOutputShapeException,
    FakeTensor,
    FakeTensorMode,
    UnsupportedOperatorException,
)
from torch.fx.experimental.symbolic_shapes import GuardOnDataDependentSymNode
from torch.utils import _pytree as pytree
from torch.utils._python_dispatch import TorchDispatchMode, _disable_current_modes

from diptych.autodiff.cuts import Cuts
from diptych.autodiff.memory import disjoint
from diptych.autodiff.part import Part
from diptych.autodiff.reach import Reach
from diptych.autodiff.refusal import NotWrittenOut
from diptych.autodiff.symbols import Symbols
from diptych.autodiff.values import Opaque
from diptych.graph import own_ops as own_ops  # fills the registry
from diptych.graph.own import OWN
from diptych.graph.sizes import Sizes
from diptych.graph.spec import AbsentSpec, NumberSpec, Spec, TensorSpec, Where

aten = torch.ops.aten

SAME = {aten.alias.default, aten.detach.default, aten.lift_fresh.default}
"""Operations that give their argument again; without autograd there is nothing to it."""
QUERIES = {torch.ops.prim.device.default, aten.sym_size.default, aten.sym_stride.default, aten.sym_numel.default,
           aten.sym_storage_offset.default, aten.is_contiguous.default, aten.dim.default,
           aten.is_strides_like_format.default, aten.is_non_overlapping_and_dense.default,
           aten.size.default, aten.stride.default}  # fmt: skip
TWINS = {aten.bernoulli_.float: aten.bernoulli.p}
"""The operation that gives a new tensor, where its name does not tell."""
UNDECIDED = (
    *(GuardOnDataDependentSymNode, DataDependentOutputException, DynamicOutputShapeException),
    *(UnsupportedOperatorException, NotImplementedError),
)
UPSAMPLED = (*("nearest1d", "nearest2d", "nearest3d", "linear1d", "bilinear2d", "trilinear3d", "bicubic2d"),)
KEPT = {
    *(aten.addmm, aten.native_layer_norm, aten._softmax, aten._log_softmax, aten.embedding, aten.stack),
    *(aten.index_select, aten.index_add, aten.index_copy),
    *(aten.select_scatter, aten.heaviside, aten.binary_cross_entropy, aten.soft_margin_loss),
    *(aten.binary_cross_entropy_backward, aten.soft_margin_loss_backward, aten.multi_margin_loss),
    *(getattr(aten, f"upsample_{way}") for way in UPSAMPLED),
    *(getattr(aten, f"upsample_{way}_backward") for way in UPSAMPLED),
}
"""Operations that stay whole though they could be taken apart: they are faster, more exact, or check what they get."""


def pieces(x: torch.Tensor, sizes: Sequence[Any], dim: int = 0) -> list[torch.Tensor]:
    """`split_with_sizes`: the pieces are slices, which code is made for."""
    starts = [sum(sizes[:k]) for k in range(len(sizes))]
    return [x.narrow(dim, start, size) for start, size in zip(starts, sizes, strict=True)]


def smooth_l1_backward(
    seed: torch.Tensor, x: torch.Tensor, target: torch.Tensor, reduction: int, beta: float
) -> torch.Tensor:
    """The gradient of `smooth_l1_loss`; of NaN it is NaN, which PyTorch's own way to take it apart makes zero."""
    apart = x - target
    seed = seed / apart.numel() if reduction == 1 else seed
    return torch.where(apart.abs() >= beta, seed * apart.sign(), seed * apart / beta)


def decompositions() -> dict[Any, Any]:
    """What is taken apart, and how; never what draws random numbers, whose stream has to stay.

    What autograd takes apart does not get here. PyTorch's public table has that too, and takes 60 ms each time.
    """
    return {
        op: way
        for op, way in core_decompositions().items()
        if torch.Tag.nondeterministic_seeded not in getattr(op, "tags", ())
        and getattr(op, "overloadpacket", None) not in KEPT
    } | {aten.split_with_sizes.default: pieces, aten.smooth_l1_loss_backward.default: smooth_l1_backward}


class Recorder(TorchDispatchMode):
    """Records operations on fake tensors; `part` is the part that they belong to now."""

    def __init__(self) -> None:
        super().__init__()
        self.shapes = Sizes()
        self.fake_mode = FakeTensorMode(shape_env=self.shapes, allow_non_fake_inputs=False)
        self.table = decompositions()
        self.parts: dict[fx.Graph, Part] = {}
        self.root = self.part = Part(self.parts, None)
        self.known: dict[int, tuple[torch.Tensor, fx.Node]] = {}
        self.stale: set[int] = set()
        self.repeated: list[fx.Node] = []
        """Loops that are run again for a gradient; they share their regions with the first run until all is written."""
        self.uneven: list[tuple[Part, Any, bool, str]] = []
        """Conditions on which values require a gradient: the part where each was met, the number, what it has to be."""
        self.constants: dict[int, tuple[torch.Tensor, fx.Node]] = {}
        self.symbols = Symbols(self)
        self.reach = Reach(self)
        self.cuts = Cuts()
        self.assumed = 0
        self.held: set[sympy.Basic] = set()
        """Conditions on sizes that the run checks."""
        self.where: Where | None = None

    @contextmanager
    def inside(self, part: Part) -> Generator[Part]:
        """Record into `part`."""
        before, self.part = self.part, part
        try:
            yield part
        finally:
            self.part = before

    def require(self, value: Any, expected: bool, what: str) -> None:
        """What is written from here on is right only where `value` is `expected`: the run ends otherwise."""
        if isinstance(value, bool):
            if value != expected:
                raise self.refuse(what)
            return
        node = self.emit(OWN["assume"], (value, expected))
        node.meta |= {"spec": NumberSpec("int"), "val": 0}

    def hold_true(self) -> None:
        """What PyTorch has taken to be true of sizes, such as that two are equal, is a condition of the run."""
        if self.shapes.num_deferred_runtime_asserts == self.assumed:
            return
        self.assumed = self.shapes.num_deferred_runtime_asserts
        found = [one.expr for many in self.shapes.deferred_runtime_asserts.values() for one in many]
        for condition in found:
            if condition in self.held or natural(condition):
                continue
            if self.part.parent is not None:
                raise self.refuse("sizes that have to be equal, inside of a branch or a loop")
            self.held.add(condition)
            self.emit(OWN["assume"], (self.symbols.build(condition), True)).meta |= {
                "spec": NumberSpec("int"),
                "val": 0,
            }

    def refuse(self, what: str, why: str = "") -> NotWrittenOut:
        """An error at the step that is written out now."""
        return NotWrittenOut(what, self.where, why)

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        if func in QUERIES:
            return self.fake(func, args, kwargs)
        if func in PLACED and isinstance(args[PLACED[func][0]], torch.SymInt):
            with self:
                return PLACED[func][1](*args)
        if func in self.table:
            with self:
                made = self.table[func](*args, **kwargs)
            if made is not NotImplemented:
                return made
        with self:
            made = func.decompose(*args, **kwargs)
        if made is not NotImplemented:
            return made
        args, kwargs = pytree.tree_map(self.admit, (args, kwargs))
        if func._schema.is_mutable:
            return self.write(func, args, kwargs)
        return self.record(func, args, kwargs)

    def record(self, func: Any, args: Any, kwargs: Any) -> Any:
        """An operation as one step; what it gives."""
        out = self.fake(func, args, kwargs)
        leaves = pytree.tree_leaves((args, kwargs)) if self.reach.flags or func not in SAME else []
        self.reach.follow(func, leaves, out)
        if func in SAME:
            self.stands_for(out, self.node(args[0]))
            return out
        if isinstance(out, torch.Tensor) and any(out is leaf for leaf in leaves):
            return out
        self.name(self.emit(func, args, kwargs), out)
        return out

    def fake(self, func: Any, args: Any, kwargs: Any) -> Any:
        """The operation on fake tensors, unrecorded."""
        try:
            with self.fake_mode:
                return func(*args, **kwargs)
        except UNDECIDED as error:
            raise self.refuse(f"{func} depends on data: {str(error).splitlines()[0]}") from None

    def write(self, func: Any, args: Any, kwargs: Any) -> Any:
        """An operation that writes into its first argument: the tensor stands for another node from now on.

        Other tensors that see the same elements are not to be used any more.
        """
        schema = func._schema
        written = [a.alias_info is not None and a.alias_info.is_write for a in schema.arguments]
        packet = getattr(aten, schema.name.removeprefix("aten::").removesuffix("_"), None)
        twin = TWINS.get(func) or (getattr(packet, func._overloadname, None) if schema.name.endswith("_") else None)
        if twin is None or twin._schema.is_mutable or written != [True] + [False] * (len(written) - 1):
            raise self.refuse(f"{func} writes into its arguments")
        target = args[0]
        storage = target.untyped_storage()._cdata
        with self:
            if twin is aten.bernoulli.p:
                args = (args[0], args[1] if len(args) > 1 else 0.5)
            made = twin(*args, **kwargs)
            if made.dtype != target.dtype:
                made = aten.to.dtype(made, target.dtype)
        node = self.node(made)
        if made.shape != target.shape:
            if torch.Tag.inplace_view not in func.tags:
                raise self.refuse(f"{func} gives another size")
            before = self.node(target)
            before.meta |= self.meta(self.unrecorded(torch.Tensor.detach, target))
            self.fake(func, args, kwargs)
        else:
            for other, _ in list(self.known.values()):
                if other is target or other is made or other.untyped_storage()._cdata != storage:
                    continue
                if not disjoint(other, target):
                    self.stale.add(id(other))
        self.stands_for(target, node)
        return target

    def admit(self, value: Any) -> Any:
        """A tensor that was made outside becomes a constant."""
        if not isinstance(value, torch.Tensor) or isinstance(value, FakeTensor):
            return value
        return self.constant(value)

    def constant(self, value: torch.Tensor) -> torch.Tensor:
        """The fake tensor of a constant."""
        if id(value) not in self.constants:
            node = self.root.module("constant", value)
            fake = self.fake_mode.from_tensor(value, static_shapes=True)
            node.meta = self.meta(fake)
            self.stands_for(fake, node)
            self.constants[id(value)] = value, node
            self.known[id(value)] = fake, node
        return self.known[id(value)][0]

    def emit(self, target: Any, args: Any, kwargs: Any | None = None) -> fx.Node:
        """A node in the current part; its arguments may be tensors and numbers."""
        self.hold_true()
        placed = pytree.tree_map(self.place, (tuple(args), dict(kwargs or {})))
        node = self.part.graph.call_function(target, *placed)
        node.meta = {"where": self.where}
        return node

    def place(self, value: Any) -> Any:
        """An argument as it stands in a node."""
        if isinstance(value, torch.Tensor):
            return self.part.use(self.node(self.admit(value)))
        if isinstance(value, torch.SymInt | torch.SymFloat | torch.SymBool):
            return self.symbols.place(value)
        if isinstance(value, fx.Node):
            return self.part.use(value)
        return self.part.use(value.node) if isinstance(value, Opaque) else value

    def node(self, value: torch.Tensor) -> fx.Node:
        """The node of a tensor."""
        found = self.known.get(id(value))
        if found is None or found[0] is not value:
            raise self.refuse("a tensor that no step made")
        if id(value) in self.stale:
            raise self.refuse("a tensor whose memory has been written through another one")
        return found[1]

    def stands_for(self, value: torch.Tensor, node: fx.Node) -> None:
        """From now on a tensor is the value of a node."""
        self.stale.discard(id(value))
        self.known[id(value)] = value, node

    def name(self, node: fx.Node, out: Any) -> None:
        """The results of an operation get their nodes."""
        node.meta |= self.meta(out)
        if isinstance(out, torch.Tensor):
            self.stands_for(out, node)
            self.symbols.sizes(node, out)
        elif isinstance(out, tuple | list):
            for index, part in enumerate(out):
                self.name(self.item(node, index), part)
        else:
            self.symbols.define(out, node)

    def item(self, node: fx.Node, index: int) -> fx.Node:
        """Part `index` of a node with several results."""
        made = node.graph.call_function(operator.getitem, (node, index))
        made.meta = {"where": self.where}
        return made

    def meta(self, value: Any) -> dict[str, Any]:
        """What a node knows of its value."""
        if isinstance(value, tuple | list):
            return {"val": tuple(value), "spec": tuple(spec_of(part) for part in value)}
        return {"val": value, "spec": spec_of(value)}

    def unrecorded(self, func: Any, *args: Any, **kwargs: Any) -> Any:
        """Something done to fake tensors that leaves no trace."""
        with _disable_current_modes(), self.fake_mode:
            return func(*args, **kwargs)

    def fresh(self, shape: Any, dtype: torch.dtype, device: Any = "cpu", grad: bool = False) -> torch.Tensor:
        """A fake tensor of its own."""
        with torch.no_grad():
            made = self.unrecorded(torch.empty, shape, dtype=dtype, device=device)
        return made.requires_grad_(grad)

    def leaf(self, value: torch.Tensor, grad: bool) -> torch.Tensor:
        """The same value without a history."""
        made = self.unrecorded(torch.Tensor.detach, value)
        self.stands_for(made, self.node(value))
        return made.requires_grad_(grad)


def natural(condition: sympy.Basic) -> bool:
    """Whether a condition says only that a size is not negative."""
    parts = condition.args
    return (isinstance(condition, sympy.Ge) and parts[1] == 0 and isinstance(parts[0], sympy.Symbol)) or (
        isinstance(condition, sympy.Le) and parts[0] == 0 and isinstance(parts[1], sympy.Symbol)
    )


def select(x: torch.Tensor, dim: int, index: Any) -> torch.Tensor:
    """A row whose number only the graph knows."""
    return torch.index_select(x, dim, place_of(index, x.shape[dim])).squeeze(dim)


def select_scatter(x: torch.Tensor, row: torch.Tensor, dim: int, index: Any) -> torch.Tensor:
    """`x` with such a row replaced."""
    return aten.index_copy.default(x, dim, place_of(index, x.shape[dim]), row.unsqueeze(dim))


def select_backward(grad: torch.Tensor, sizes: Any, dim: int, index: Any) -> torch.Tensor:
    """The gradient of `select`."""
    return select_scatter(grad.new_zeros(sizes), grad, dim, index)


def place_of(index: Any, size: Any) -> torch.Tensor:
    """The number of a row, counted from the front, as a tensor of one element."""
    place = torch.scalar_tensor(index, dtype=torch.int64).unsqueeze(0)
    return torch.where(place < 0, place + size, place)


PLACED = {
    aten.select.int: (2, select),
    aten.select_scatter.default: (3, select_scatter),
    aten.select_backward.default: (3, select_backward),
}
"""Operations on one row: where its number stands, and what they are when only the graph knows it."""


def spec_of(value: Any) -> Spec:
    """The spec of a fake value."""
    match value:
        case torch.Tensor():
            sizes = tuple(str(size) if isinstance(size, torch.SymInt) else size for size in value.shape)
            return TensorSpec(value.dtype, sizes, str(value.device))
        case bool() | torch.SymBool():
            return NumberSpec("bool")
        case int() | torch.SymInt():
            return NumberSpec("int")
        case float() | torch.SymFloat():
            return NumberSpec("float")
        case _:
            return AbsentSpec()
