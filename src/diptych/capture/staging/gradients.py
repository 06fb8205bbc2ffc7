"""`.grad`, and `backward()` inside the program: gradients as values of the graph, `.grad` as a place that is written.

`backward` becomes one node that asks PyTorch's autograd for the gradients of all leaves that its outputs depend on;
what it adds to their `.grad` are ordinary writes. A leaf that some paths do not reach is taken to be reached: a run in
which it is not has no answer, and falls back.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import torch
from torch import fx

from diptych.capture.guards import Guard
from diptych.capture.sources import Attribute, Source
from diptych.capture.tensors import UNREAD, Store, adopt, handle, node_of, requires_grad
from diptych.capture.trail import GradientPlace
from diptych.capture.values import Union
from diptych.graph import own
from diptych.graph.regions import Region
from diptych.graph.spec import NumberSpec, TensorSpec

aten = torch.ops.aten


def is_leaf(tensor: torch.Tensor) -> bool:
    """Whether a traced tensor is a leaf of autograd that requires a gradient, as it stands."""
    it = handle(tensor)
    if it.parent is not None or not it.store.requires_grad:
        return False
    return it.store.leaf is not None or (it.store.external is not None and it.store.external.leaf)


def read_gradient(stager: Any, tensor: torch.Tensor) -> Any:
    """`x.grad`."""
    fake = stager.traced(tensor)
    it = handle(fake)
    store = it.store
    if it.parent is not None:
        return None
    if store.grad is UNREAD:
        external = store.external
        if external is None:
            return None
        if not external.leaf and external.value.requires_grad:
            raise stager.tape.refuse("autograd-inside", f"{external.source.path}.grad: not a leaf")
        with torch._C.DisableTorchFunction():
            value = external.value.grad
        source = Source(f"{external.source.path}.grad", external.source, Attribute("grad"))
        store.grad = stager.world.enter(value, source)
    return stager.resolve(store.grad)


def write_gradient(stager: Any, tensor: torch.Tensor, value: Any) -> None:
    """`x.grad = value`."""
    fake = stager.traced(tensor)
    it = handle(fake)
    if it.parent is not None:
        raise stager.tape.refuse("autograd-inside", "the .grad of a view is assigned")
    if isinstance(value, torch.Tensor):
        given = stager.traced(value)
        if given.shape != fake.shape or given.dtype != fake.dtype:
            raise RuntimeError("assigned grad has data of a different size or type")
    if stager.tape.region is not stager.tape.root:
        read_gradient(stager, tensor)  # the other side may leave it as it is
    stager.tape.trail.write(GradientPlace(it.store), value)


def backward(
    stager: Any,
    outputs: Sequence[torch.Tensor],
    seeds: Sequence[Any] | None,
    retain_graph: bool,
    create_graph: bool,
    inputs: Sequence[torch.Tensor] | None,
) -> None:
    """`torch.autograd.backward`."""
    tape = stager.tape
    fakes = [stager.traced(o) for o in outputs]
    for index, fake in enumerate(fakes):
        if not requires_grad(fake):
            raise RuntimeError(f"element {index} of tensors does not require grad and does not have a grad_fn")
        if (seeds is None or seeds[index] is None) and fake.numel() != 1:
            raise RuntimeError("grad can be implicitly created only for scalar outputs")
    leaves = reached(stager, [node_of(tape, f) for f in fakes])
    if inputs is not None:
        wanted = [handle(stager.traced(i)).store for i in inputs]
        if any(w not in leaves for w in wanted):
            raise stager.tape.refuse("autograd-inside", "backward(inputs=...) with a tensor that is not a leaf of it")
        leaves = {store: leaf for store, leaf in leaves.items() if store in wanted}
    if not leaves:
        return
    for store in leaves:
        rely_on_no_hooks(stager, store)
    given = None if seeds is None else tuple(tape.nodes([None if s is None else stager.traced(s) for s in seeds]))
    specs = tuple(tape.spec(leaf) for leaf in leaves.values())
    roots = tuple(tape.region.use(first_node(stager, store)) for store in leaves)
    args = (tuple(tape.nodes(fakes)), roots, given, retain_graph or create_graph, create_graph)
    node = tape.emit(own.OWN["backward"], args, None, specs)
    for index, (leaf, spec) in enumerate(zip(leaves.values(), specs, strict=True)):
        blank = tape.empty(leaf.shape, leaf.dtype, leaf.device, leaf.stride())
        made = adopt(tape, blank, tape.item(node, index, spec), create_graph)
        accumulate(stager, leaf, made, create_graph)


def rely_on_no_hooks(stager: Any, store: Store) -> None:
    """Hooks on the gradient of a parameter would have to run too."""
    external = store.external
    if external is None:
        return
    if not without_hooks(external.value):
        raise stager.tape.refuse("autograd-inside", f"{external.source.path} has hooks on its gradient")
    text = f"{external.source.path} has no hooks on its gradient"
    stager.world.guards.append(Guard(external.source, text, without_hooks))


def without_hooks(tensor: torch.Tensor) -> bool:
    """Whether nothing is called when a gradient reaches a tensor."""
    with torch._C.DisableTorchFunction():
        hooks: Any = tensor._backward_hooks, tensor._post_accumulate_grad_hooks
    return not any(hooks)


def accumulate(stager: Any, leaf: torch.Tensor, made: torch.Tensor, create_graph: bool) -> None:
    """Add a gradient to what the leaf has: in place, as PyTorch does, unless the sum is to be differentiable."""

    def add(old: Any) -> None:
        if old is None:
            write_gradient(stager, leaf, made)
        elif create_graph:
            write_gradient(stager, leaf, old + made)
        else:
            with torch.no_grad():
                old.add_(made)

    old = read_gradient(stager, leaf)
    if isinstance(old, Union):  # each path keeps the very tensor that it has
        stager.distribute(add, old)
    else:
        add(old)


def first_node(stager: Any, store: Store) -> fx.Node:
    """The node of a leaf before anything was written to it: what autograd knows as the leaf."""
    return store.leaf if store.leaf is not None else store.external.node


# Which leaves a value depends on --------------------------------------------------------------------------------------


def reached(stager: Any, nodes: Iterable[fx.Node]) -> dict[Store, torch.Tensor]:
    """The leaves that gradients of some nodes may reach, in the order of the graph's inputs, each with its tensor."""
    tape = stager.tape
    externals = {e.node: e for e in stager.world.externals if isinstance(e.value, torch.Tensor)}
    made = {store.leaf: (store, tensor) for store, tensor in stager.leaves}
    found: dict[Store, torch.Tensor] = {}
    todo, seen = list(nodes), set[fx.Node]()
    while todo:
        node = todo.pop()
        if node in seen or not has_history(node):
            continue
        seen.add(node)
        if node in made:
            found[made[node][0]] = made[node][1]
        elif node in externals:
            external = externals[node]
            if not external.value.requires_grad:
                continue
            if not external.leaf:
                raise tape.refuse("autograd-inside", f"backward() through {external.source.path}, computed outside")
            fake = stager.world.inputs[id(external.value)]
            found[handle(fake).store] = fake
        elif node in tape.carried:
            store = tape.carried[node]
            if store.external is None and store.leaf is None:
                raise tape.refuse("autograd-inside", "backward() through a tensor that a loop writes")
            todo.append(first_node(stager, store))
        elif node.op == "placeholder":
            todo.append(outer_node(tape, node))
        else:
            todo += node.all_input_nodes
    order = {e.node: index for index, e in enumerate(stager.world.externals)}
    return dict(sorted(found.items(), key=lambda item: order.get(first_node(stager, item[0]), len(order))))


def has_history(node: fx.Node) -> bool:
    """Whether a gradient may flow into a node."""
    if node.meta.get("history") is False or node.op == "get_attr" or node.target is aten.detach.default:
        return False
    spec = node.meta.get("spec")
    if isinstance(spec, TensorSpec):
        return spec.dtype.is_floating_point or spec.dtype.is_complex
    return not isinstance(spec, NumberSpec)


def outer_node(tape: Any, node: fx.Node) -> fx.Node:
    """What an operand of a region is outside of it."""
    region: Region | None = tape.region
    while region is not None and region.graph is not node.graph:
        region = region.parent
    outer = next((o for o, inner in region.lifted.items() if inner is node), None) if region is not None else None
    if outer is None:
        raise tape.refuse("autograd-inside", "backward() through a value that a loop or function carries")
    return outer
