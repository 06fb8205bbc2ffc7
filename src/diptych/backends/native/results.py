"""The results of the C function of a graph: where it writes them, and what they are to the caller."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import torch
from torch import fx

from diptych.backends.native.in_place import STOP, compute_in_place
from diptych.backends.native.numbers import as_number
from diptych.backends.native.opaque import Held
from diptych.backends.native.shim import can_hand_over, handed_slot
from diptych.backends.native.values import Buffer, Number, Strided, Value
from diptych.graph import walk

if TYPE_CHECKING:
    from diptych.backends.native.function import FunctionWriter

Result = tuple[Any, ...]
"""What an output is: ("input", k), ("view", k, sizes, strides, offset), ("tensor", slot, sizes, strides, offset,
origin),
("chosen", slot, sizes, strides, offset, slot of its origin), ("tape", slot, sizes), ("number", slot), ("held", k),
("again", k), or ("constant", value)."""


def outputs_of(
    writer: FunctionWriter,
    module: fx.GraphModule,
    values: Sequence[Any],
    places: dict[Buffer, int],
    into: Mapping[int, Strided],
) -> tuple[list[tuple[Any, ...]], list[Result]]:
    """Write the results to where the caller finds them."""
    slots: list[tuple[Any, ...]] = []
    results: list[Result] = []
    known: dict[Buffer, int] = {}
    seen: dict[fx.Node, int] = {}
    for k, (place, value) in enumerate(zip(walk.outputs(module), values, strict=True)):
        if k in into:
            results.append(("input", places[into[k].buffer]))
            continue
        if isinstance(place, fx.Node) and place in seen:
            results.append(("again", seen[place]))
            continue
        if isinstance(place, fx.Node):
            seen[place] = len(results)
        if isinstance(value, Number):
            number = len(slots)
            writer.lines(f"*({value.type} *)out[{number}] = {as_number(value).text};")
            slots.append(("number", value.kind, None))
            results.append(("number", number))
        elif isinstance(value, Value):
            results.append(tensor_result(writer, place, value, places, known, slots))
        elif isinstance(value, Held):
            results.append(("held", value.index))
        else:
            results.append(("constant", value))
    origins = [(result[0], writer.origin(v)) for result, v in zip(results, values, strict=True) if isinstance(v, Value)]
    chosen = [origin for kind, origin in origins if kind == "chosen"]
    if chosen:
        listed = ", ".join([*chosen, *(origin for kind, origin in origins if kind not in ("chosen", "again"))])
        inputs, count = 1 + max(places.values(), default=-1), listed.count(",") + 1
        check = f"d_shared((const int[]){{{listed}}}, {len(chosen)}, {count}, {inputs})"
        writer.lines(f"if ({check}) {{ d_failed = 5; goto d_end; }}")
    overwrite(writer, [(target, values[k]) for k, target in into.items()])
    return slots, results


def overwrite(writer: FunctionWriter, pairs: Sequence[tuple[Strided, Value]]) -> None:
    """Write values into inputs; what is read of inputs is read before any of it is written to."""
    changed = {target.buffer for target, _ in pairs}
    ready = []
    for target, value in pairs:
        others = (leaf for leaf, same in value.leaves() if not (same and leaf.same(target)))
        if any(leaf.buffer in changed for leaf in others):
            own = Strided(writer.buffer(value.dtype, value.count), value.sizes)
            writer.store(own, value)
            ready.append((target, own))
        else:
            ready.append((target, value))
    stored = [(target, value) for target, value in ready if isinstance(value, Strided)]
    done = compute_in_place(writer.root, stored)
    left = [(target, value) for target, value in ready if target.buffer not in done]
    if left:
        writer.lines(STOP)
    for target, value in left:
        writer.store(target, value)


def tensor_result(
    writer: FunctionWriter,
    node: Any,
    value: Value,
    places: dict[Buffer, int],
    known: dict[Buffer, int],
    slots: list[Any],
) -> Result:
    """Write a tensor to where the caller finds it."""
    found = writer.realised(value)
    origin = value.origin
    if origin and not origin.lstrip("-").isdigit():
        return chosen_result(writer, found, origin, known, slots)
    if found.buffer in places:
        if node.op == "placeholder":
            return ("input", places[found.buffer])
        if is_view(node):
            return ("view", places[found.buffer], found.sizes, found.strides, found.offset)
    found = kept_rows(writer, laid_out(writer, node, found))
    if found.buffer.kind == "tape":
        slots.append(rows_slot(writer, found, slots))
        return ("tape", len(slots) - 1, found.sizes[1:])
    if can_hand_over(found):
        known[found.buffer] = len(slots)
        slots.append(handed_slot(writer, found))
    if found.buffer.kind != "arena" and found.buffer not in known:
        target = Strided(writer.buffer(found.dtype, found.count), found.sizes)
        writer.store(target, found)
        found = target
    if found.buffer not in known:
        known[found.buffer] = len(slots)
        found.buffer.kind = "output"
        slots.append(new_slot(found))
    return ("tensor", known[found.buffer], found.sizes, found.strides, found.offset, int(origin or 0))


def rows_slot(writer: FunctionWriter, found: Strided, slots: Sequence[tuple[Any, ...]]) -> tuple[Any, ...]:
    """Hand memory of open size to the caller, or a copy if it is a part of it, or handed over already; its slot."""
    handed = {slot[2] for slot in slots if slot[0] == "tape"}
    if not found.whole() or found.offset != 0 or tape_of(found.buffer) in handed:
        target = writer.new_rows(found.dtype, found.sizes)
        writer.store(target, found)
        found = target
    writer.lines(f"((int64_t *)out[{len(slots)}])[0] = {found.sizes[0]};")
    writer.lines(f"((void **)out[{len(slots)}])[1] = {found.buffer.name};", reads=[found.buffer])
    return "tape", found.dtype, tape_of(found.buffer)


def tape_of(buffer: Buffer) -> str:
    """The memory of open size that a buffer is."""
    return str(buffer.count).removesuffix("_rows")


def kept_rows(writer: FunctionWriter, found: Strided) -> Strided:
    """A tensor with as many rows as only the run knows, in memory that is handed to the caller."""
    if not all(isinstance(size, int) for size in found.sizes[1:]):
        raise writer.refuse("a result whose later sizes only the graph knows")
    if found.buffer.kind == "tape" or not found.sizes or isinstance(found.sizes[0], int):
        return found
    target = writer.new_rows(found.dtype, found.sizes)
    writer.store(target, found)
    return target


def new_slot(found: Strided) -> tuple[Any, ...]:
    """An output pointer for the memory of a tensor: made as that tensor, if it is all of it."""
    sizes, strides = found.sizes, found.strides
    fits = found.offset == 0 and found.count == found.buffer.count
    return ("tensor", found.dtype, *((sizes, strides) if fits else ((found.buffer.count,), (1,))), found.buffer.name)


def laid_out(writer: FunctionWriter, node: Any, found: Strided) -> Strided:
    """A tensor with its elements in the order in which PyTorch would lay them out."""
    value = node.meta["val"]
    if found.buffer.kind == "tape" or not all(isinstance(n, int) for n in (*value.shape, *value.stride())):
        return found
    strides = tuple(value.stride())
    if all(n <= 1 or a == b for n, a, b in zip(value.shape, found.strides, strides, strict=True)) or 0 in value.shape:
        return found
    extent = 1 + sum((n - 1) * s for n, s in zip(value.shape, strides, strict=True))
    target = Strided(writer.buffer(found.dtype, extent), found.sizes, strides)
    writer.store(target, found)
    return target


def chosen_result(
    writer: FunctionWriter, found: Strided, origin: str, known: dict[Buffer, int], slots: list[Any]
) -> Result:
    """Write a tensor that control flow gives: its origin tells which tensor of the program it is."""
    writer.can_fail = True
    number = len(slots)
    writer.lines(f"*(int64_t *)out[{number}] = {origin};")
    slots.append(("number", "int", None))
    if found.buffer.kind != "arena" or found.buffer in known:
        target = Strided(writer.buffer(found.dtype, found.count), found.sizes)
        writer.store(target, found)
        found = target
    known[found.buffer] = len(slots)
    found.buffer.kind = "output"
    slots.append(new_slot(found))
    return ("chosen", len(slots) - 1, found.sizes, found.strides, found.offset, number)


VIEWS = ("alias", "view", "permute", "t", "transpose", "expand", "slice", "select", "unsqueeze", "squeeze", "detach")


def is_view(node: fx.Node) -> bool:
    """Whether PyTorch would give a view for it."""
    target: Any = node.target
    return isinstance(target, torch._ops.OpOverload) and target._schema.name.rpartition("::")[2] in VIEWS
