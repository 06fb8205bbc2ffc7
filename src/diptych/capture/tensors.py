"""Traced tensors: which value a tensor has now, and what a write to it (or to a view of it) means.

Every fake tensor carries a `Handle`. Tensors that share memory share a `Store`; its content is one node, replaced by
every write (functionalization). A view remembers how it was made, and is made again after a write.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import fx
from torch.utils import _pytree as pytree

from diptych.capture.recording import Recorder
from diptych.graph import own

aten = torch.ops.aten
HANDLE = "_diptych_handle"
UNREAD: Any = type("Unread", (), {"__repr__": lambda self: "<unread>"})()
"""The `.grad` of a tensor from outside that nobody has looked at."""


class Store:
    """The memory that some tensors share: `node` is its content as the shape of its first tensor.

    `leaf` is the node that made it a leaf of autograd, if the program did; `grad` is the `.grad` of its tensor.
    `copies` says that it is a column of a growing list, whose items are copies of tensors that have an identity in
    Python; `doubled` that one tensor may stand there twice.
    """

    def __init__(self, node: fx.Node | None, requires_grad: bool, external: Any = None) -> None:
        self.node = node
        self.version = 0
        self.requires_grad = requires_grad
        self.external = external
        self.constant = False
        self.twins: tuple[tuple[Store, int], ...] = ()
        self.formal = False
        self.copies = False
        self.doubled = False
        self.key = ("store", id(self))
        self.depth = 0
        self.leaf: fx.Node | None = None
        self.grad: Any = UNREAD

    def get(self) -> Any:
        """The content, as a place of the trail."""
        return (self.node, self.version, self.requires_grad, self.twins)

    def set(self, value: Any) -> None:
        """Put a content back."""
        self.node, self.version, self.requires_grad, *twins = value
        if twins:
            self.twins = twins[0]


class Handle:
    """What a traced tensor is: its store, and for a view the tensor and operation it came from.

    A view is `quiet` if it was made while autograd did not look.
    """

    __slots__ = ("arguments", "function", "node", "parent", "quiet", "store", "version")

    def __init__(self, store: Store, node: fx.Node | None = None) -> None:
        self.store = store
        self.node = node
        self.version = store.version
        self.parent: torch.Tensor | None = None
        self.function: Any = None
        self.arguments: tuple[Any, Any] = ((), {})
        self.quiet = False


def handle(tensor: torch.Tensor) -> Handle:
    """The handle of a traced tensor."""
    return tensor.__dict__[HANDLE]


def has_handle(tensor: torch.Tensor) -> bool:
    """Whether a tensor is a traced one."""
    return HANDLE in tensor.__dict__


def attach(tensor: torch.Tensor, known: Handle) -> None:
    """A fake tensor becomes a traced one."""
    vars(tensor)[HANDLE] = known


def node_of(tape: Recorder, tensor: torch.Tensor) -> fx.Node:
    """The node that holds the tensor's value now; a view of changed memory is taken again."""
    it = handle(tensor)
    check_twins(tape, it.store)
    if it.store.node is None:
        raise tape.refuse("view-of-path", "a value that a write through another name may have changed is read")
    if it.parent is None:
        return it.store.node
    if it.node is not None and it.version == it.store.version and tape.region.sees(it.node):
        return it.node
    args, kwargs = it.arguments
    it.node = tape.emit(it.function, (node_of(tape, it.parent), *args), kwargs, tape.spec(tensor))
    if not requires_grad(tensor):
        it.node.meta["history"] = False
    it.version = it.store.version
    return it.node


def check_twins(tape: Recorder, store: Store) -> None:
    """A value chosen by a branch from memory that was written since: whether it sees the write depends on the path."""
    for twin, version in store.twins:
        if twin.version != version:
            raise tape.refuse("view-of-path")


def kin(stores: Iterable[Store]) -> list[Store]:
    """The stores, and all that any of them may be."""
    found: dict[Store, None] = {}
    todo = list(stores)
    while todo:
        store = todo.pop()
        if store not in found:
            found[store] = None
            todo += [twin for twin, _ in store.twins]
    return list(found)


def copied(column: torch.Tensor, *sources: torch.Tensor) -> None:
    """`column` now holds copies of these tensors: once one of them is written to, it is not read any more."""
    store = handle(column).store
    parts = [[s for s in kin([handle(source).store]) if s is not store] for source in sources]
    found = [s for part in parts for s in part]
    store.copies = True
    store.doubled = len(set(found)) < len(found) or any(s.doubled for s in found)
    store.twins = tuple((s, s.version) for s in dict.fromkeys(found))


def inherit(store: Store, origins: Iterable[Store]) -> None:
    """A store that may be any of others is a column of copies if one of them is."""
    for origin in origins:
        store.copies = store.copies or origin.copies
        store.doubled = store.doubled or origin.doubled


def check_copies(tape: Recorder, tensors: Iterable[torch.Tensor]) -> None:
    """What leaves a graph: copies may stand for tensors only where nobody can tell them apart."""
    found = [handle(tensor).store for tensor in tensors]
    for index, store in enumerate(found):
        if not store.copies:
            continue
        mine = set(kin([store]))
        others = [other for place, other in enumerate(found) if place != index]
        shared = any(not mine.isdisjoint(kin([other])) for other in others)
        if shared or store.doubled or any(s.external is not None for s in mine):
            raise tape.refuse("view-of-path", "an item of a growing list that is reachable under another name too")


def claim(tape: Recorder, store: Store) -> None:
    """Before a write: tensors that may be the same memory, depending on the path, must not be read any more."""
    if store.formal and store.twins:
        raise tape.refuse("view-of-path", "a tensor carried by a loop is written in place")
    for twin, _ in store.twins:
        if twin.external is not None or twin.formal:
            raise tape.refuse("view-of-path")
        tape.trail.touch(twin)
        tape.clock += 1
        twin.set((None, tape.clock, twin.requires_grad, ()))
    if store.twins:
        tape.trail.touch(store)
        store.twins = ()


def requires_grad(tensor: torch.Tensor) -> bool:
    """Whether the tensor will require a gradient when the graph runs under autograd."""
    return (
        handle(tensor).store.requires_grad
        and (tensor.is_floating_point() or tensor.is_complex())
        and not detached(tensor)
    )


def detached(tensor: torch.Tensor) -> bool:
    """Whether a `detach` is among the views between a tensor and its store."""
    it = handle(tensor)
    while it.parent is not None:
        if it.function is aten.detach.default:
            return True
        it = handle(it.parent)
    return False


def adopt(tape: Recorder, fake: torch.Tensor, node: fx.Node, grad: bool) -> torch.Tensor:
    """A fresh fake tensor becomes the value of `node`; `grad` says whether it has a history under autograd."""
    if not grad:
        node.meta["history"] = False
    store = Store(node, grad)
    store.depth = tape.region.depth
    attach(fake, Handle(store, node))
    tape.bind_sizes(fake, node)
    return fake


def adopt_view(tape: Recorder, fake: torch.Tensor, parent: torch.Tensor, function: Any, args: Any, kwargs: Any) -> None:
    """A fresh fake tensor becomes the view `function(parent, *args)`."""
    made = Handle(handle(parent).store)
    made.parent, made.function, made.arguments = parent, function, (args, kwargs)
    made.version = -1
    made.quiet = not torch.is_grad_enabled()
    attach(fake, made)
    node = node_of(tape, fake)
    tape.bind_sizes(fake, node)


def write(tape: Recorder, tensor: torch.Tensor, value: fx.Node, grad: bool, forgets: bool = False) -> None:
    """`tensor` now has the value `value`: its store is rebuilt through the views between them.

    With `forgets` the value does not come from what the tensor was.
    """
    store = handle(tensor).store
    check_twins(tape, store)
    claim(tape, store)
    if store.external is not None:
        store.external.check_written(tape)
    if tape.grad_mode and not torch.is_grad_enabled() and store.requires_grad:
        value = tape.emit(own.OWN["rebind"], (node_of(tape, tensor), value), None, tape.spec(tensor))
    elif handle(tensor).parent is None and store.requires_grad and torch.is_grad_enabled() and (forgets or not grad):
        value = tape.emit(own.OWN["overwrite"], (node_of(tape, tensor), value), None, tape.spec(tensor))
    current, seen_by_autograd = tensor, torch.is_grad_enabled() and (grad or requires_grad(tensor))
    while (it := handle(current)).parent is not None or it.quiet:
        if it.quiet and seen_by_autograd:
            raise tape.refuse("mutation", "a view that was made under no_grad is written to outside of it")
        parent = it.parent
        if parent is None:
            break
        value = put_back(tape, it.function, parent, value, it.arguments[0])
        current = parent
    tape.trail.touch(store)
    tape.clock += 1
    store.set((value, tape.clock, store.requires_grad or (grad and torch.is_grad_enabled())))


Putting = Callable[[Recorder, torch.Tensor, fx.Node, tuple[Any, ...]], fx.Node]
PUT_BACK: dict[Any, Putting] = {}


def puts_back(*functions: Any) -> Callable[[Putting], Putting]:
    """Register how a write to the result of a view operation changes the tensor it views."""

    def register(putting: Putting) -> Putting:
        for function in functions:
            PUT_BACK[function] = putting
        return putting

    return register


def put_back(tape: Recorder, function: Any, parent: torch.Tensor, value: fx.Node, args: tuple[Any, ...]) -> fx.Node:
    """The value of `parent` after its view `function(parent, *args)` became `value`."""
    if function not in PUT_BACK:
        raise tape.refuse("mutation", f"a write through the view {function}")
    return PUT_BACK[function](tape, parent, value, args)


def scatter_into(function: Any) -> Putting:
    """Views of a part: the part is written into a copy of the whole."""

    def put(tape: Recorder, parent: torch.Tensor, value: fx.Node, args: tuple[Any, ...]) -> fx.Node:
        placed = tape.nodes(args)
        if parent.is_complex():  # the scatter operations have no derivative there
            name = f"write_{function._opname.removesuffix('_scatter')}"
            return tape.emit(own.OWN[name], (node_of(tape, parent), value, *placed), None, tape.spec(parent))
        return tape.emit(function, (node_of(tape, parent), value, *placed), None, tape.spec(parent))

    return put


PUT_BACK[aten.select.int] = scatter_into(aten.select_scatter.default)
PUT_BACK[aten.slice.Tensor] = scatter_into(aten.slice_scatter.default)
PUT_BACK[aten.diagonal.default] = scatter_into(aten.diagonal_scatter.default)
PUT_BACK[aten.as_strided.default] = scatter_into(aten.as_strided_scatter.default)


@puts_back(aten.view.default, aten._unsafe_view.default, aten.unsqueeze.default, aten.squeeze.dim,
           aten.squeeze.default, aten.squeeze.dims, aten.reshape.default)  # fmt: skip
def reshape_back(tape: Recorder, parent: torch.Tensor, value: fx.Node, args: tuple[Any, ...]) -> fx.Node:
    """Views of all elements in order."""
    return tape.emit(aten.reshape.default, (value, tape.nodes(list(parent.shape))), None, tape.spec(parent))


@puts_back(aten.alias.default)
def same_back(tape: Recorder, parent: torch.Tensor, value: fx.Node, args: tuple[Any, ...]) -> fx.Node:
    """The same elements with their history, as a slice of everything has them."""
    return value


@puts_back(aten.detach.default)
def detached_back(tape: Recorder, parent: torch.Tensor, value: fx.Node, args: tuple[Any, ...]) -> fx.Node:
    """The same elements; a write through `detach` is not seen by autograd."""
    if requires_grad(parent):
        return tape.emit(own.OWN["rebind"], (node_of(tape, parent), value), None, tape.spec(parent))
    return value


@puts_back(aten.transpose.int)
def transpose_back(tape: Recorder, parent: torch.Tensor, value: fx.Node, args: tuple[Any, ...]) -> fx.Node:
    """Transposition is its own inverse."""
    return tape.emit(aten.transpose.int, (value, *args), None, tape.spec(parent))


@puts_back(aten.t.default)
def t_back(tape: Recorder, parent: torch.Tensor, value: fx.Node, args: tuple[Any, ...]) -> fx.Node:
    """Likewise."""
    return tape.emit(aten.t.default, (value,), None, tape.spec(parent))


@puts_back(aten.permute.default)
def permute_back(tape: Recorder, parent: torch.Tensor, value: fx.Node, args: tuple[Any, ...]) -> fx.Node:
    """The inverse permutation."""
    order = [d % parent.dim() for d in args[0]]
    inverse = [order.index(d) for d in range(parent.dim())]
    return tape.emit(aten.permute.default, (value, inverse), None, tape.spec(parent))


@puts_back(aten.view_as_real.default)
def complex_back(tape: Recorder, parent: torch.Tensor, value: fx.Node, args: tuple[Any, ...]) -> fx.Node:
    """Pairs of reals back to complex numbers."""
    return tape.emit(aten.view_as_complex.default, (value,), None, tape.spec(parent))


def shares(out: Any, candidates: list[torch.Tensor]) -> torch.Tensor | None:
    """The first of `candidates` whose memory `out` shares."""
    if not isinstance(out, torch.Tensor) or out.layout != torch.strided:
        return None
    for candidate in candidates:
        if out is candidate or out.untyped_storage()._cdata == candidate.untyped_storage()._cdata:
            return candidate
    return None


def leaves(values: Any) -> list[torch.Tensor]:
    """All tensors in a nested argument."""
    return [v for v in pytree.tree_leaves(values) if isinstance(v, torch.Tensor)]
