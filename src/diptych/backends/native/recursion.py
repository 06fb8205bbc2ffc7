"""Functions of a graph in C, which may call themselves: each has memory of its own in every call.

| | in C |
|---|---|
| an operand | a pointer to its elements and which tensor of the program it is; a number by value |
| a result | written to memory of the caller; which tensor it is, or the number, through a pointer |
| memory of a call | a piece of a pool, taken back at the end of the call |
| what a gradient needs of a call | rows of tapes of the outermost call, and the number of the call as a result |
| too deep | the run fails before Python would raise `RecursionError`, and before C's stack is used up |
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import torch
from torch import fx

from diptych.backends.native.flow import kind_of, new_tape, places_of
from diptych.backends.native.nests import needed
from diptych.backends.native.numbers import as_number
from diptych.backends.native.outline import outline
from diptych.backends.native.plan import plan
from diptych.backends.native.shim import release
from diptych.backends.native.values import WIDTHS, Buffer, Number, Strided, Value, times
from diptych.graph import walk
from diptych.graph.control import Function, Outermost, Row

if TYPE_CHECKING:
    from diptych.backends.native.function import FunctionWriter

CALLERS = 100
"""How many calls of Python's may be around a program: recursion in C goes less deep by as many."""


@dataclass
class Functions:
    """The functions of a graph that have been written: their names, heads and texts."""

    names: dict[Function, str] = field(default_factory=dict[Function, str])
    heads: list[str] = field(default_factory=list[str])
    texts: list[str] = field(default_factory=list[str])


def write_call(
    writer: FunctionWriter, node: fx.Node, target: Function | Outermost, operands: Sequence[Any]
) -> tuple[Any, ...]:
    """A call; its results."""
    function = target.function if isinstance(target, Outermost) else target
    name = writer.functions.names.get(function) or write_body(writer, function)
    arguments, reads = handed_in(writer, operands)
    columns = len(function.rows or ()) if isinstance(target, Outermost) else 0
    count = len(node.meta["val"]) - columns
    places = places_of(writer, node, count)
    writes: list[Buffer] = []
    for place in places:
        if isinstance(place.value, Strided):
            arguments += [place.value.buffer.name, f"&{place.value.origin}"]
            writes.append(place.value.buffer)
        elif place.value is not None:
            arguments.append(f"&{place.value.text}")
    calls, kept = writer.names.fresh("calls"), writer.names.fresh("kept")
    tapes = [new_tape(writer, value) for value in node.meta["val"][count:]]
    if isinstance(target, Outermost):
        arguments += [kept, f"&{calls}"]
        listed = ", ".join(f"&{tape}" for tape, _, _ in tapes) or "0"
        writer.lines(f"int64_t {calls} = 0;", f"d_tape *{kept}[] = {{{listed}}};")
    elif function.rows is not None:
        arguments += ["kept", "calls"]
    writer.can_fail = True
    writer.lines(
        f"// {writer.remark}",
        "env->made = d_made;",
        f"d_failed = {name}({', '.join(arguments)});",
        "d_made = env->made;",
        "if (d_failed) goto d_end;",
        *(f"{buffer.name} = ({buffer.type} *){tape}.data;" for tape, buffer, _ in tapes),
        reads=reads,
        writes=writes,
    )
    if tapes:
        writer.define(node.meta["val"][count].shape[0], calls)
    return (*(place.value for place in places), *(Strided(b, (calls, *sizes)) for _, b, sizes in tapes))


def handed_in(writer: FunctionWriter, operands: Sequence[Any]) -> tuple[list[str], list[Buffer]]:
    """The arguments for the operands of a call, and the memory that is read."""
    arguments: list[str] = ["env"]
    reads: list[Buffer] = []
    for value in operands:
        if isinstance(value, Value):
            origin = writer.origin(value)
            found = writer.whole(value)
            reads.append(found.buffer)
            address = found.buffer.name if found.offset == 0 else f"{found.buffer.name} + {found.offset}"
            arguments += [address, origin, *(size for size in found.sizes if isinstance(size, str))]
        elif value is not None:
            arguments.append(as_number(value).text)
    return arguments, reads


def write_body(writer: FunctionWriter, function: Function) -> str:
    """Write a function; its name."""
    assert function.body is not None
    functions = writer.functions
    name = functions.names[function] = writer.names.fresh("function")
    inner = writer.function()
    inputs = [node.meta["val"] for node in walk.placeholders(function.body)]
    parameters: list[str] = ["d_env *env"]
    values = [parameter(inner, value, parameters) for value in inputs]
    numbers = [f"{value.type} {value.text} = " for value in values if isinstance(value, Number)]
    made = inner.run(function.body, values)
    if made is None:
        raise inner.refuse("a function that always raises")
    split = len(made) - len(function.rows or ())
    for value, place in zip(made[:split], walk.outputs(function.body)[:split], strict=True):
        give(inner, value, place, parameters)
    if function.rows is not None:
        number(inner, made[split:], function.rows, parameters)
    head = f"static int {name}({', '.join(parameters)})"
    functions.heads.append(f"{head};")
    functions.texts += finished(inner, name, f"{head} {{  // {function.name}", numbers, function.frames)
    writer.can_fail = True
    writer.random |= inner.random
    writer.calls_aten |= inner.calls_aten
    return name


def parameter(inner: FunctionWriter, value: Any, parameters: list[str]) -> Any:
    """An operand, inside of the function."""
    if isinstance(value, torch.Tensor):
        sizes = tuple(inner.names.fresh("s") if isinstance(n, torch.SymInt) else n for n in tuple(value.shape))
        for size, name in zip(value.shape, sizes, strict=True):
            if isinstance(size, torch.SymInt):
                inner.symbols.setdefault(size.node.expr, str(name))
        found = Strided(inner.buffer(value.dtype, times(*sizes), "input", "x"), sizes)
        found.origin = inner.names.fresh("origin")
        parameters += [f"{found.buffer.type} *{found.buffer.name}", f"const int {found.origin}"]
        parameters += [f"const int64_t {size}" for size in sizes if isinstance(size, str)]
        return found
    kind = kind_of(value)
    if kind is None:
        return None
    number = Number(kind, inner.names.fresh("n"))
    parameters.append(f"const {number.type} {number.text}")
    return number


def give(inner: FunctionWriter, value: Any, node: Any, parameters: list[str]) -> None:
    """A result, to where the caller wants it."""
    like = node.meta["val"] if isinstance(node, fx.Node) else node
    if isinstance(like, torch.Tensor):
        assert isinstance(value, Value)
        origin = inner.origin(value)
        target = Strided(inner.buffer(value.dtype, value.count, "output", "r"), value.sizes)
        place = inner.names.fresh("origin")
        inner.store(target, value)
        inner.lines(f"*{place} = {origin};")
        parameters += [f"{target.buffer.type} *{target.buffer.name}", f"int *{place}"]
    elif kind_of(like) is not None:
        number, place = as_number(value), inner.names.fresh("n")
        inner.lines(f"*{place} = {number.text};")
        parameters.append(f"{number.type} *{place}")
    elif value is not None:
        raise inner.refuse("a recursive function that gives something other than tensors and numbers")


def number(inner: FunctionWriter, values: Sequence[Any], rows: Sequence[Row], parameters: list[str]) -> None:
    """Keep what the gradient of the call needs, and give it a number."""
    parameters += [f"int64_t *{(place := inner.names.fresh('n'))}", "d_tape *const *kept", "int64_t *calls"]
    inner.can_fail = True
    for k, (value, (dtype, sizes)) in enumerate(zip(values, rows, strict=True)):
        found = inner.whole(inner.constant(0, dtype, sizes) if value is None else value)
        address = found.buffer.name if found.offset == 0 else f"{found.buffer.name} + {found.offset}"
        size = times(WIDTHS[dtype], *sizes)
        text = f"if (d_keep(kept[{k}], *calls, {address}, {size})) {{ d_failed = 2; goto d_end; }}"
        inner.lines(text, reads=[found.buffer])
    inner.lines(f"*{place} = (*calls)++;")


def finished(inner: FunctionWriter, name: str, head: str, numbers: list[str], frames: int) -> list[str]:
    """The text of a function whose steps have been written."""
    declared, dropped = release(inner)
    offsets, arena = plan(inner.root)
    loops = outline(inner.root, inner.buffers, numbers, f"{name}_loops")
    top = [f"if (d_too_deep(env, {frames}, {depth()})) return 7;"]
    if arena:
        top += [
            "const d_mark frame = d_marked(&env->pool);",
            f"char *arena = (char *)d_room(&env->pool, {arena});",
            f"if (!arena) {{ env->depth -= {frames}; return 2; }}",
        ]
    top += ["int d_failed = 0, d_made = env->made;", "const d_call d_python = env->python;", "(void)d_python;"]
    for tensor, constant in inner.constants.values():
        place = f"env->constants[{next(k for k, held in enumerate(inner.held) if held is tensor)}]"
        top.append(f"{constant.buffer.type} *{constant.buffer.name} = ({constant.buffer.type} *){place};")
    for buffer, offset in offsets.items():
        top.append(f"{buffer.type} *{buffer.name} = ({buffer.type} *)(arena + {offset});")
    top += [f"d_tape {tape} = {{0, 0}};" for tape in inner.tapes]
    open_ = [buffer for buffer in inner.buffers if buffer.kind in ("tape", "room") and needed(buffer)]
    top += [f"{buffer.type} *{buffer.name} = 0;" for buffer in open_]
    top += ["d_pool d_rooms = {0, 0};"] if inner.rooms else []
    ends = ["d_end:;"] if "goto d_end" in "\n".join(inner.root.text(0)) else []
    ends += [*(f"free({tape}.data);" for tape in inner.tapes), *dropped, *(["d_clear(&d_rooms);"] * inner.rooms)]
    ends += ["env->made = d_made;", *(["d_back_to(&env->pool, frame);"] if arena else [])]
    ends += [f"env->depth -= {frames};", "return d_failed;"]
    indented = ["    " + line for line in [*top, *declared]], ["    " + line for line in ends]
    return [*loops, head, *indented[0], *inner.root.text(1), *indented[1], "}"]


def depth() -> int:
    """How many calls of Python's a recursion may stand for."""
    return max(sys.getrecursionlimit() - CALLERS, 1)


def environment(writer: FunctionWriter, constants: int) -> list[str]:
    """The lines of the outermost function, in which constants are inputs from number `constants` on."""
    if not writer.functions.names:
        return []
    return [
        f"d_env d_frames = {{{{0, 0}}, in + {constants}, d_python, 0, 0, (char *)&d_failed}};",
        "d_env *const env = &d_frames;",
    ]
