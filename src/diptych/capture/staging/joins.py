"""Where two sides of a branch meet: what each place holds, chosen by the predicate."""

from __future__ import annotations

import collections
import contextlib
import dataclasses
import enum
import operator
from collections.abc import Generator
from typing import Any

import torch
from torch import fx

from diptych.capture.staging.exceptions import with_args
from diptych.capture.staging.mixtures import mixed_contents, mixture
from diptych.capture.staging.packing import Packer
from diptych.capture.staging.rows import RowsOf, rows_of
from diptych.capture.tensors import Handle, Store, attach, handle, has_handle, inherit, kin, node_of
from diptych.capture.trail import attributes, has_attributes
from diptych.capture.values import Original, Scalar, Undefined, Union, kind_of
from diptych.graph.layout import mapping, sequence, setting

ABSENT: Any = type("Absent", (), {"__repr__": lambda self: "<absent>"})()


class StoreContent:
    """The new content of a store, once the branch has been emitted."""

    def __init__(self, like: Any) -> None:
        self.spec = like.meta["spec"]
        self.node: Any = None


class Join:
    """The values of two sides as values of the region around them; collects what the sides must return.

    Where one side has diverged (`only` names the other), the values are those of the other side.
    """

    def __init__(self, stager: Any, pred: Scalar, only: int | None = None) -> None:
        self.stager = stager
        self.tape = stager.tape
        self.pred = pred
        self.only = only
        self.choosing = False
        self.pairs: list[tuple[Any, Any]] = []
        self.made: list[Any] = []
        self.memo: dict[tuple[int, int], Any] = {}
        self.alive: list[Any] = []
        self.shared: list[tuple[Store, list[Store]]] = []
        self.partners: dict[tuple[int, int], int] = {}
        self.sizes: dict[tuple[Any, ...], torch.SymInt] = {}

    def value(self, a: Any, b: Any) -> Any:
        """The joined value of `a` (from the first side) and `b` (from the second)."""
        if self.only is not None:
            a = b = (a, b)[self.only]
        key = (id(a), id(b))
        if key in self.memo:
            return self.memo[key]
        self.alive += [a, b]
        made = self.memo[key] = self.join(self.scalar(a), self.scalar(b))
        return made

    def scalar(self, value: Any) -> Any:
        """A size as a number; one that only its side knows is taken there."""
        return value if self.tape.local_size(value) else self.tape.as_scalar(value)

    def join(self, a: Any, b: Any) -> Any:
        tape = self.tape
        if isinstance(a, Original) and a is b:
            return a
        if a is b and not isinstance(a, torch.Tensor | Scalar | torch.SymInt):
            older = mutable(a) and self.older(a)
            if self.only is None or older or self.stager.outside(a):
                return a
        if isinstance(a, torch.Tensor) and isinstance(b, torch.Tensor):
            if a is b and self.outer(a) and not self.local_view(a):
                return a
            one, two = self.stager.traced(a), self.stager.traced(b)
            return self.tensor(one, two) if same_type(tape, one, two) or self.open(one, two) else self.union(a, b)
        kinds = tuple("int" if isinstance(v, torch.SymInt) else kind_of(v) for v in (a, b))
        texts = isinstance(a, str) and isinstance(b, str) and a != b
        if kinds[0] is not None and kinds[0] == kinds[1] and not texts:
            return self.number(a, b, kinds[0])
        if isinstance(a, Union) and isinstance(b, Union) and a.pred is b.pred and self.outer(a.pred):
            return Union(a.pred, self.value(a.then, b.then), self.value(a.orelse, b.orelse))
        if type(a) is type(b) and not isinstance(a, Scalar | torch.SymInt):
            joined = self.structure(a, b)
            if joined is not ABSENT:
                made = joined is not a and joined is not b and mutable(joined)
                return self.stager.birth(joined) if made else joined
        return self.union(a, b)

    def open(self, a: torch.Tensor, b: torch.Tensor) -> bool:
        """Whether two tensors differ in nothing but sizes that only data decide."""
        tape = self.tape
        if a.dtype != b.dtype or a.device != b.device or a.dim() != b.dim():
            return False
        pairs = [(x, y) for x, y in zip(a.shape, b.shape, strict=True) if not tape.known(x == y)]
        return packed(tape, a) and packed(tape, b) and all(tape.data_decides(s) for pair in pairs for s in pair)

    def outer(self, leaf: Any) -> bool:
        """Whether a leaf exists outside the sides."""
        if isinstance(leaf, Scalar):
            return self.tape.region.sees(leaf.node)
        if not has_handle(leaf):
            return True
        node = handle(leaf).store.node
        return node is None or self.tape.region.sees(node)

    def local_view(self, leaf: torch.Tensor) -> bool:
        """Whether a view was taken on a side, and may still be chosen: it stays the one tensor that it is there."""
        if not self.choosing or not has_handle(leaf):
            return False
        node = handle(leaf).node
        return handle(leaf).parent is not None and node is not None and not self.tape.region.sees(node)

    def number(self, a: Any, b: Any, kind: str) -> Any:
        """Two numbers of one kind."""
        if isinstance(a, Scalar) and a is b and self.outer(a):
            return a
        plain = not any(isinstance(v, Scalar | torch.SymInt) for v in (a, b))
        if plain and (a == b and repr(a) == repr(b)):
            return a
        if plain and kind == "bool" and self.only is None:
            return self.pred if a else self.stager.negation(self.pred)
        pending: Any = None  # known when the branch is emitted
        made = Scalar(self.tape, pending, kind)
        self.output(a, b, made)
        return made

    def tensor(self, a: Any, b: Any) -> torch.Tensor:
        """Two tensors of one type."""
        fake = self.blank(a, b)
        attach(fake, Handle(self.memory(a, b)))
        self.output(a, b, fake)
        return fake

    def memory(self, a: torch.Tensor, b: torch.Tensor) -> Store:
        """The memory of one of two tensors."""
        store = Store(None, handle(a).store.requires_grad or handle(b).store.requires_grad)
        store.depth = self.tape.region.depth
        sources = [handle(side).store for side in (a, b)]
        if self.only is not None:
            sources = sources[self.only : self.only + 1]
        twins = [(source, source.version) for source in kin(sources) if source.depth <= store.depth]
        for other, others in self.shared:
            if any(source in others for source in sources):  # one memory under two names on a side
                twins.append((other, 0))
                other.twins = (*other.twins, (store, 0))
        store.twins = tuple(twins)
        inherit(store, sources)
        self.shared.append((store, sources))
        return store

    def blank(self, a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        """A fresh fake tensor for both; sizes that differ, or that only a side knows, get new names."""
        sizes = [self.size(x, y) for x, y in zip(a.shape, b.shape, strict=True)]
        same = all(new is old for new, old in zip(sizes, a.shape, strict=True))
        return self.tape.empty(sizes, a.dtype, a.device, a.stride() if same else None)

    def size(self, a: Any, b: Any) -> Any:
        """A size of both sides; the same two sizes are always the same one."""
        tape = self.tape
        if tape.known(a == b) and not tape.local_size(a):
            return a
        key = (self.only, str(a), str(b))
        if key not in self.sizes:
            self.sizes[key] = tape.shape_env.create_unbacked_symint()
        return self.sizes[key]

    def output(self, a: Any, b: Any, made: Any) -> None:
        """Both sides return a leaf; `made` gets its node when the branch is emitted."""
        if self.only is not None:
            a, b = (a, ABSENT) if self.only == 0 else (ABSENT, b)
        self.pairs.append((a, b))
        self.made.append(made)

    @contextlib.contextmanager
    def seen_from(self, only: int | None) -> Generator[None]:
        """Join values of one side, or (None) of both."""
        saved, self.only = self.only, only
        memo, self.memo = self.memo, {}
        try:
            yield
        finally:
            self.only, self.memo = saved, memo

    def one_sided(self, value: Any, side: int) -> Any:
        """A value that exists on one side only."""
        with self.seen_from(side):
            return self.value(value, value)

    def union(self, a: Any, b: Any) -> Any:
        """Two values that cannot be one."""
        if self.only is not None:
            raise self.tape.refuse("structure-in-branch", f"{type(a).__name__}")
        self.stager.count_path()
        saved, self.choosing = self.choosing, True
        try:
            return Union(self.pred, self.one_sided(a, 0), self.one_sided(b, 1))
        finally:
            self.choosing = saved

    def structure(self, a: Any, b: Any) -> Any:
        """Containers and objects of one type: item by item, if they have the same items."""
        if isinstance(a, Union):
            if a is not b:
                return ABSENT
            return Union(self.value(a.pred, a.pred), self.value(a.then, a.then), self.value(a.orelse, a.orelse))
        if isinstance(a, BaseException):
            return self.error(a, b)
        if not isinstance(a, tuple | frozenset) and a is not b and not self.apart(a, b):
            return ABSENT
        if mixed_contents(a) is not None or mixed_contents(b) is not None:
            one, two = mixed_contents(a), mixed_contents(b)
            content = self.value(a if one is None else one, b if two is None else two)
            return mixture(a, content) if isinstance(content, Union) else content
        if isinstance(a, list | tuple):
            return self.sequence(a, b)
        if isinstance(a, collections.deque):
            return self.sequence(a, b)
        if isinstance(a, dict):
            if list(a) != list(b) or setting(a) != setting(b):
                return ABSENT
            return mapping(type(a), [(key, self.value(a[key], b[key])) for key in a], setting(a))
        if isinstance(a, set | frozenset):
            return a if a == b else ABSENT
        if isinstance(a, Undefined):
            return a
        return self.instance(a, b)

    def older(self, value: Any) -> bool:
        """Whether a mutable object was there before the sides were entered."""
        born = self.stager.born.get(id(value))
        if born is not None:
            return born <= self.tape.region.depth
        packer = Packer(self.tape, self.stager.outside)
        packer.pack(value)
        return all(self.outer(leaf) for leaf in packer.leaves if isinstance(leaf, torch.Tensor | Scalar))

    def apart(self, a: Any, b: Any) -> bool:
        """Whether two mutable objects may become one new one: both made inside the sides, and known as nothing else."""
        if not mutable(a):
            return True
        if any(self.older(v) for v in (a, b)):
            return False
        for side, (v, other) in enumerate(((a, b), (b, a))):
            if self.partners.setdefault((side, id(v)), id(other)) != id(other):
                raise self.tape.refuse(
                    "view-of-path", f"one {type(a).__name__} under two names on one side of a branch"
                )
        return True

    def sequence(self, a: Any, b: Any) -> Any:
        first, second = rows_of(a), rows_of(b)
        if first is not None or second is not None:
            return [self.rows(first or self.stager.as_rows(a, second), second or self.stager.as_rows(b, first))]
        if len(a) != len(b) or setting(a) != setting(b):
            return ABSENT
        items = [self.value(x, y) for x, y in zip(a, b, strict=True)]
        return sequence(type(a), items, setting(a))

    def rows(self, a: RowsOf, b: RowsOf) -> RowsOf:
        """Two lists of unknown length."""
        if a is b and all(self.outer(c) for c in a.columns):
            return a
        if a.numbers != b.numbers or a.item != b.item:
            raise self.tape.refuse("loop-state", "a list whose items differ in type from path to path")
        columns: list[torch.Tensor] = []
        for x, y in zip(a.columns, b.columns, strict=True):
            count = self.tape.shape_env.create_unbacked_symint()
            fake = self.tape.empty([count, *x.shape[1:]], x.dtype, x.device)
            attach(fake, Handle(self.memory(x, y)))
            self.output(x, y, fake)
            columns.append(fake)
        return RowsOf(columns, a.numbers, a.item)

    def error(self, a: BaseException, b: BaseException) -> Any:
        """Two exceptions of one class, or one that leaves its side."""
        names = list(vars(a))
        if len(a.args) != len(b.args) or names != list(vars(b)):
            return ABSENT
        if a is b and not self.stager.holds_traced((a.args, vars(a))):
            return a
        made = with_args(a, tuple(self.value(x, y) for x, y in zip(a.args, b.args, strict=True)))
        vars(made).update({name: self.value(vars(a)[name], vars(b)[name]) for name in names})
        known = [self.stager.inexact_errors[id(e)][1] for e in (a, b) if id(e) in self.stager.inexact_errors]
        if known:
            self.stager.inexact_errors[id(made)] = (made, all(known))
        self.stager.mine(made)
        return made

    def instance(self, a: Any, b: Any) -> Any:
        """Two objects of one class, made on the two sides."""
        if a is b and self.only is None:
            return a
        if (
            isinstance(a, torch.nn.Module | type | enum.Enum)
            or callable(a)
            or self.stager.outside(a)
            or self.stager.outside(b)
        ):
            return ABSENT if a is not b else a
        one, two = attributes(a), attributes(b)
        if not (one or dataclasses.is_dataclass(a)) or list(one) != list(two):
            try:
                return a if a == b else ABSENT
            except Exception:
                return ABSENT
        made = object.__new__(type(a))
        for name in one:
            object.__setattr__(made, name, self.value(one[name], two[name]))
        return made

    # After both sides are known -----------------------------------------------------------------------------------

    def specs(self) -> tuple[Any, ...]:
        """The types of the outputs."""
        found: list[Any] = []
        for made in self.made:
            found.append(made.spec if isinstance(made, StoreContent) else self.tape.spec(made))
        return tuple(found)

    def side_outputs(self, side: int) -> list[Any]:
        """What side `side` (0 or 1) returns, as nodes or numbers; called with that side's state in force."""
        return [None if pair[side] is ABSENT else self.node(pair[side]) for pair in self.pairs]

    def node(self, leaf: Any) -> Any:
        if isinstance(leaf, fx.Node):
            return self.tape.region.use(leaf)
        if isinstance(leaf, torch.Tensor):
            return self.tape.region.use(node_of(self.tape, self.stager.traced(leaf)))
        if isinstance(leaf, str):  # a graph returns numbers and what its nodes compute
            leaf = self.stager.text((leaf,), ())
        leaf = self.tape.as_scalar(leaf)
        return self.tape.region.use(leaf.node) if isinstance(leaf, Scalar) else leaf

    def bind(self, result: fx.Node) -> None:
        """The outputs of the emitted branch become the joined values."""
        specs = self.specs()
        result.meta["spec"] = specs
        for index, (made, spec) in enumerate(zip(self.made, specs, strict=True)):
            node = self.tape.emit(operator.getitem, (result, index), None, spec)
            if isinstance(made, Scalar | StoreContent):
                made.node = node
            elif isinstance(made, torch.Tensor):
                store = handle(made).store
                store.node = node
                handle(made).node = node
                self.tape.bind_sizes(made, node)

    def settle(self) -> None:
        """All places hold their joined content: a value that may be a tensor from outside is current as of now."""
        for made in self.made:
            if isinstance(made, torch.Tensor):
                store = handle(made).store
                store.twins = tuple((source, source.version) for source, _ in store.twins)


def mutable(value: Any) -> bool:
    """Whether an object can be written to."""
    if isinstance(value, Union | Undefined | Original | RowsOf | Scalar):
        return False
    return isinstance(value, list | dict | set | collections.deque) or has_attributes(value)


def same_type(tape: Any, a: torch.Tensor, b: torch.Tensor) -> bool:
    """Whether two tensors have the same type, so that one of them can stand for both."""
    if a.dtype != b.dtype or a.device != b.device or a.dim() != b.dim():
        return False
    if not all(tape.known(x == y) for x, y in zip(a.shape, b.shape, strict=True)):
        return False
    strides = zip(a.stride(), b.stride(), a.shape, strict=True)
    return all(tape.known(n == 1) or tape.known(x == y) for x, y, n in strides)


def packed(tape: Any, value: torch.Tensor) -> bool:
    """Whether the rows of a tensor follow each other in memory, whatever its sizes are."""
    step: Any = 1
    for size, stride in zip(reversed(value.shape), reversed(value.stride()), strict=True):
        if not (tape.known(size == 1) or tape.known(stride == step)):
            return False
        step = step * size
    return True
