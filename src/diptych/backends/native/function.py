"""The C function of a whole graph: its parameters, its steps, its results."""

from __future__ import annotations

import copy
import operator
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Any

import torch
from torch import fx

from diptych.backends.native.flow import kind_of, write_cond, write_scan, write_while
from diptych.backends.native.numbers import as_number, calculates, number_step
from diptych.backends.native.opaque import Held, call_python, call_torch
from diptych.backends.native.outline import outline
from diptych.backends.native.plan import plan
from diptych.backends.native.shim import call_from_c, can_hand_over, handed_over, handed_slot, release
from diptych.backends.native.steps import supported
from diptych.backends.native.unsupported import Unsupported
from diptych.backends.native.values import C_TYPES, Buffer, Number, Strided, Value, times
from diptych.backends.native.writer import CodeWriter
from diptych.graph import walk
from diptych.graph.control import Function, Raise, cond, scan, while_loop, while_stack
from diptych.graph.fold import Fold
from diptych.graph.functions import AutogradFunction
from diptych.graph.spec import NumberSpec

Result = tuple[Any, ...]
"""What an output is: ("input", k), ("view", k, sizes, strides, offset), ("tensor", slot, sizes, strides, offset,
origin),
("chosen", slot, sizes, strides, offset, slot of its origin), ("tape", slot, sizes), ("number", slot), ("held", k),
("again", k), or ("constant", value)."""


@dataclass(frozen=True)
class NativeFunction:
    """C text, and how to call what it defines.

    `measured` are sizes that are passed after the inputs: number of the input, dimension. `slots` are the output
    pointers: ("tensor", dtype, sizes, strides), ("tape", dtype) or ("number", kind).
    """

    source: str
    inputs: tuple[Any, ...]
    measured: tuple[tuple[int, int], ...]
    constants: tuple[torch.Tensor, ...]
    slots: tuple[tuple[Any, ...], ...]
    results: tuple[Result, ...]
    arena: int
    calls: tuple[Any, ...]
    can_fail: bool
    random: bool


class FunctionWriter(CodeWriter):
    """Writes the function of a graph."""

    def __init__(self) -> None:
        super().__init__()
        self.constants: dict[int, tuple[torch.Tensor, Strided]] = {}

    def run(self, module: fx.GraphModule, values: Sequence[Any]) -> tuple[Any, ...] | None:
        """Write the steps of a module; its outputs, or None if it raises."""
        env: dict[fx.Node, Any] = {}
        given = iter(values)
        for node in module.graph.nodes:
            if node.op == "placeholder":
                env[node] = next(given)
            elif node.op == "get_attr":
                found = walk.attribute(module, str(node.target))
                env[node] = self.constant_tensor(found) if isinstance(found, torch.Tensor) else None
            elif node.op == "call_function":
                before = self.where
                self.at(walk.where_of(node))
                if isinstance(node.target, Raise):
                    self.can_fail = True
                    self.lines("d_failed = 4; goto d_end;")
                    self.where = before
                    return None
                env[node] = self.step(node, env)
        if walk.diverges(module):
            return None
        return tuple(env[v] if isinstance(v, fx.Node) else v for v in walk.outputs(module))

    def step(self, node: fx.Node, env: dict[fx.Node, Any]) -> Any:
        """Write one step."""
        target: Any = node.target
        if target in (cond, while_loop, while_stack, scan):
            for source in node.all_input_nodes:
                env[source] = self.ready(env[source])
        placed: Any = fx.map_arg((node.args, node.kwargs), lambda n: env[n])
        args, kwargs = placed
        if target is operator.getitem and isinstance(args[0], tuple):
            return args[0][args[1]]
        if target is cond:
            return write_cond(self, node, args[0], args[3])
        if target in (while_loop, while_stack):
            return write_while(self, node, args[2], args[3])
        if target is scan:
            return write_scan(self, node, *args[1:])
        out = node.meta.get("val")
        if target is torch.ops.aten.sym_size.int:
            size = args[0].sizes[args[1]]
            return size if isinstance(size, int) else Number("int", f"((int64_t){size})")
        if isinstance(target, torch._ops.OpOverload) and target is not torch.ops.aten.item.default:
            return self.operation(node, target, out, args, kwargs)
        spec = node.meta.get("spec")
        if isinstance(target, Function | Fold | AutogradFunction):
            raise self.refuse(repr(target))
        if isinstance(spec, NumberSpec) and not kwargs and calculates(target):
            return number_step(self, target, args, spec.kind)
        return call_python(self, target, spec, args, kwargs)

    def operation(self, node: fx.Node, target: Any, out: Any, args: Any, kwargs: Any) -> Any:
        """An operation of ATen: its own code, or a call of PyTorch."""
        code = supported(target)
        if code is not None:
            mark = len(self.block.statements)
            try:
                made = code(self, out, *args, **kwargs)
            except (Unsupported, TypeError):
                if len(self.block.statements) != mark:
                    raise
            else:
                return self.told_apart(node, made, args) if isinstance(made, Value) else made
        try:
            return call_from_c(self, target, out, args, kwargs)
        except Unsupported:
            return call_torch(self, target, out, args, kwargs)

    def told_apart(self, node: fx.Node, made: Value, args: Any) -> Value:
        """The result of an operation as a tensor of its own."""
        made.remark = made.remark or self.remark
        found = self.settle(made, len(node.users))
        if is_view(node) or any(found is arg for arg in args):
            found = copy.copy(found)
            found.origin, found.base = "", None
            if is_view(node):
                whole = isinstance(args[0], Value) and node.meta["val"].is_contiguous()
                found.origin, found.base = ("", args[0]) if whole else ("-1", None)
        return found

    def ready(self, value: Any) -> Any:
        """An operand of control flow: computed before, not in each round."""
        if isinstance(value, Value) and not isinstance(value, Strided) and value.cost > 0:
            self.origin(value)
            made = self.realised(value)
            made.origin = value.origin
            return made
        return value

    def constant_tensor(self, value: torch.Tensor) -> Strided:
        """A tensor that the graph holds."""
        if id(value) not in self.constants:
            buffer = self.buffer(value.dtype, value.numel(), "constant", "c")
            kept = value.detach().contiguous()
            self.constants[id(value)] = kept, Strided(buffer, tuple(value.shape))
        return self.constants[id(value)][1]


NOTHING: Mapping[int, int] = {}


def header(name: str) -> str:
    """A text that stands before the function."""
    return resources.files("diptych.backends.native").joinpath(name).read_text("utf-8")


def write_function(module: fx.GraphModule, name: str, written: Mapping[int, int] = NOTHING) -> NativeFunction:
    """The C function of a graph that is written out; `Unsupported` if there is a step without code.

    Result `k` is not a tensor of its own but written into input `written[k]`, after everything else has succeeded.
    """
    writer = FunctionWriter()
    inputs: list[tuple[Any, ...]] = []
    values: list[Any] = []
    top: list[str] = []
    places: dict[Buffer, int] = {}
    measured: list[tuple[int, int]] = []
    count = len(walk.placeholders(module))
    for k, node in enumerate(walk.placeholders(module)):
        value = node.meta["val"]
        if isinstance(value, torch.Tensor):
            for dim, size in enumerate(value.shape):
                symbol = size.node.expr if isinstance(size, torch.SymInt) else None
                if symbol is not None and symbol.is_Symbol and symbol not in writer.symbols:
                    name_ = writer.symbols[symbol] = writer.names.fresh("s")
                    top.append(f"const int64_t {name_} = *(const int64_t *)in[{count + len(measured)}];")
                    measured.append((k, dim))
            sizes = writer.sizes(value)
            strides = tuple(writer.size(s) for s in value.stride())
            buffer = writer.buffer(value.dtype, times(*sizes), "input", "x")
            places[buffer] = k
            top.append(f"{buffer.type} *{buffer.name} = ({buffer.type} *)in[{k}];  // {node.target}")
            values.append(Strided(buffer, sizes, strides))
            values[-1].origin = str(k + 1)
            inputs.append(("tensor", value.dtype, sizes, strides))
        elif (kind := kind_of(value)) is not None:
            number = Number(kind, writer.names.fresh("n"))
            top.append(f"const {number.type} {number.text} = *(const {number.type} *)in[{k}];  // {node.target}")
            values.append(number)
            inputs.append(("number", kind))
        else:
            values.append(None)
            inputs.append(("none",))
    made = writer.run(module, values)
    if made is None:
        raise writer.refuse("a graph that always raises")
    into = {k: values[place] for k, place in written.items()}
    slots, results = outputs_of(writer, module, made, places, into)
    declared, dropped = release(writer)
    offsets, arena = plan(writer.root)
    loops = outline(writer.root, writer.buffers)
    for k, (_, constant) in enumerate(writer.constants.values()):
        buffer = constant.buffer
        top.append(f"{buffer.type} *{buffer.name} = ({buffer.type} *)in[{count + len(measured) + k}];")
    for buffer, offset in offsets.items():
        top.append(f"{buffer.type} *{buffer.name} = ({buffer.type} *)(arena + {offset});")
    for k, slot in enumerate(slots):
        if slot[0] == "tensor":
            top.append(f"{C_TYPES[slot[1]]} *{slot[4]} = ({C_TYPES[slot[1]]} *)out[{k}];")
    for tape in writer.tapes:
        top.append(f"d_tape {tape} = {{0, 0}};")
    top += [f"{buffer.type} *{buffer.name} = 0;" for buffer in writer.buffers if buffer.kind == "tape"]
    top += declared
    ends = ["d_end:;"] if "goto d_end" in "\n".join(writer.root.text(0)) else []
    given = {slot[2] for slot in slots if slot[0] == "tape"}
    ends += [f"if (d_failed || {int(tape not in given)}) free({tape}.data);" for tape in writer.tapes]
    ends += dropped
    body = [*("    " + line for line in ["int d_failed = 0, d_made = 1 << 30;", *top]), *writer.root.text(1)]
    body += ["    " + line for line in [*handed_over(slots), *ends, "return d_failed;"]]
    texts = [header("prelude.h"), *([header("aten.h")] if writer.calls_aten else [])]
    texts += [*([header("products.h"), *writer.kernels] if writer.kernels else []), *loops]
    head = f"int d_run(void **in, void **out, char *arena, d_call d_python) {{  // {name}"
    return NativeFunction(
        "\n".join([*texts, head, *body, "}", ""]),
        tuple(inputs),
        tuple(measured),
        tuple(tensor for tensor, _ in writer.constants.values()),
        tuple(slot[:4] for slot in slots),
        tuple(results),
        max(arena, 64),
        tuple(writer.opaque),
        writer.can_fail,
        writer.random,
    )


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
    if ready:
        writer.lines("if (d_failed) goto d_end;")
    for target, value in ready:
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
    found = laid_out(writer, node, found)
    if found.buffer.kind == "tape":
        tape = str(found.buffer.count).removesuffix("_rows")
        writer.lines(f"((int64_t *)out[{len(slots)}])[0] = {found.sizes[0]};")
        writer.lines(f"((void **)out[{len(slots)}])[1] = {found.buffer.name};")
        slots.append(("tape", found.dtype, tape))
        if not found.whole() or found.offset != 0:
            raise writer.refuse("a view of the rows of a loop as a result")
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
