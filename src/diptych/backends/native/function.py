"""The C function of a whole graph: its parameters, its steps, its results."""

from __future__ import annotations

import copy
import operator
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Any

import torch
from torch import fx
from torch._prims_common import is_contiguous_or_false

from diptych.backends.native.flow import kind_of, write_cond, write_scan, write_while
from diptych.backends.native.folds import write_back, write_levels
from diptych.backends.native.nests import needed
from diptych.backends.native.numbers import calculates, number_step
from diptych.backends.native.opaque import call_python, call_torch
from diptych.backends.native.outline import outline
from diptych.backends.native.plan import plan
from diptych.backends.native.recursion import Functions, environment, write_call
from diptych.backends.native.results import Result, is_view, outputs_of
from diptych.backends.native.shim import call_from_c, handed_over, release
from diptych.backends.native.steps import supported
from diptych.backends.native.unsupported import Unsupported
from diptych.backends.native.values import C_TYPES, Buffer, Number, Strided, Value, times
from diptych.backends.native.writer import CodeWriter
from diptych.graph import walk
from diptych.graph.control import Function, Outermost, Raise, cond, scan, while_loop, while_stack
from diptych.graph.fold import Fold
from diptych.graph.functions import AutogradFunction
from diptych.graph.levels import fold_back, fold_levels
from diptych.graph.spec import NumberSpec

MATH = re.compile(r"\b(?:exp|expm1|exp2|log|log1p|log2|sin|cos|tanh|erf|pow)f?\(")
"""Calls of C's functions that there are for several elements at once."""
aten = torch.ops.aten
BY_LAYOUT = {aten._linalg_det.default, aten._linalg_slogdet.default, aten._linalg_solve_ex.default}
"""What these give, and so their gradients, hangs on how the elements lie; called from here they lie row after row."""


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
        self.held: list[torch.Tensor] = []
        """The constants of the whole graph."""
        self.functions = Functions()

    def function(self) -> FunctionWriter:
        """What writes a function of the graph."""
        made = FunctionWriter()
        made.names, made.held, made.functions = self.names, self.held, self.functions
        made.opaque, made.kernels, made.products = self.opaque, self.kernels, self.products
        made.where, made.remark, made.looping = self.where, self.remark, 1
        return made

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
        if target in (cond, while_loop, while_stack, scan, fold_levels, fold_back):
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
        if target is fold_levels:
            return write_levels(self, node, *args[1:])
        if target is fold_back:
            return write_back(self, node, *args[1:])
        out = node.meta.get("val")
        if target is aten.sym_size.int:
            size = args[0].sizes[args[1]]
            return size if isinstance(size, int) else Number("int", f"((int64_t){size})")
        if isinstance(target, torch._ops.OpOverload) and target is not aten.item.default:
            return self.operation(node, target, out, args, kwargs)
        spec = node.meta.get("spec")
        if isinstance(target, Function | Outermost):
            return write_call(self, node, target, args)
        if isinstance(target, Fold | AutogradFunction):
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
        if target in BY_LAYOUT and not all(map(contiguous, node.all_input_nodes)):
            raise self.refuse(f"{target} of a matrix that does not lie row after row")
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
                whole = isinstance(args[0], Value) and is_contiguous_or_false(node.meta["val"])
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
            kept = next((k for k in self.held if k is value), None)
            if kept is None:
                kept = value.detach().contiguous()
                self.held.append(kept)
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
    loops = outline(writer.root, writer.buffers, top)
    first = count + len(measured)
    for tensor, constant in writer.constants.values():
        buffer, place = constant.buffer, first + next(k for k, held in enumerate(writer.held) if held is tensor)
        top.append(f"{buffer.type} *{buffer.name} = ({buffer.type} *)in[{place}];")
    top += environment(writer, first)
    for buffer in writer.buffers:
        if buffer.place is not None:
            top.append(f"{buffer.type} *{buffer.name} = {buffer.place.name};")
    for buffer, offset in offsets.items():
        top.append(f"{buffer.type} *{buffer.name} = ({buffer.type} *)(arena + {offset});")
    for k, slot in enumerate(slots):
        if slot[0] == "tensor":
            top.append(f"{C_TYPES[slot[1]]} *{slot[4]} = ({C_TYPES[slot[1]]} *)out[{k}];")
    for tape in writer.tapes:
        top.append(f"d_tape {tape} = {{0, 0}};")
    open_ = [buffer for buffer in writer.buffers if buffer.kind in ("tape", "room") and needed(buffer)]
    top += [f"{buffer.type} *{buffer.name} = 0;" for buffer in open_]
    top += ["d_pool d_rooms = {0, 0};"] if writer.rooms else []
    top += declared
    ends = ["d_end:;"] if "goto d_end" in "\n".join(writer.root.text(0)) else []
    given = {slot[2] for slot in slots if slot[0] == "tape"}
    ends += [f"if (d_failed || {int(tape not in given)}) free({tape}.data);" for tape in writer.tapes]
    ends += [*dropped, *(["d_clear(&d_rooms);"] if writer.rooms else [])]
    ends += ["d_clear(&env->pool);"] if writer.functions.names else []
    body = [*("    " + line for line in ["int d_failed = 0, d_made = 1 << 30;", *top]), *writer.root.text(1)]
    body += ["    " + line for line in [*handed_over(slots), *ends, "return d_failed;"]]
    functions = [*writer.functions.heads, *writer.functions.texts]
    wide = ["#define D_WIDE"] if MATH.search("\n".join([*loops, *functions, *body])) else []
    texts = [*wide, header("prelude.h"), *([header("aten.h")] if writer.calls_aten else [])]
    texts += [*([header("products.h"), *writer.kernels] if writer.kernels else []), *functions, *loops]
    head = f"int d_run(void **in, void **out, char *arena, d_call d_python) {{  // {name}"
    return NativeFunction(
        "\n".join([*texts, head, *body, "}", ""]),
        tuple(inputs),
        tuple(measured),
        tuple(writer.held),
        tuple(slot[:4] for slot in slots),
        tuple(results),
        max(arena, 64),
        tuple(writer.opaque),
        writer.can_fail,
        writer.random,
    )


def contiguous(node: fx.Node) -> bool:
    """Whether the elements of a value lie one after the other, row by row."""
    value = node.meta.get("val")
    return not isinstance(value, torch.Tensor) or is_contiguous_or_false(value)
