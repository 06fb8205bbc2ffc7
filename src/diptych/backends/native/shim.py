"""Calls of ATen from C, without Python: through the stable C interface of PyTorch's library, if it has all of it.

Each argument is written as a word of 64 bits by its type in the operation's schema, as torch's own
`stableivalue_conversions.h` does; results are handles whose memory the rest of the function uses where it is.
"""

from __future__ import annotations

import ctypes
import functools
import importlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import torch

from diptych.backends.native.nests import Lines
from diptych.backends.native.numbers import as_number
from diptych.backends.native.opaque import fixed
from diptych.backends.native.plan import last_uses
from diptych.backends.native.unsupported import Unsupported
from diptych.backends.native.values import C_TYPES, Buffer, Number, Strided, Value, contiguous_strides, times

if TYPE_CHECKING:
    from diptych.backends.native.function import FunctionWriter

FUNCTIONS = (
    "torch_call_dispatcher",
    "torch_new_list_reserve_size",
    "torch_list_push_back",
    "torch_new_stable_ivalue",
    "aoti_torch_create_tensor_from_blob",
    "aoti_torch_delete_tensor_object",
    "aoti_torch_get_data_ptr",
    "aoti_torch_get_numel",
    "aoti_torch_get_dtype",
    "aoti_torch_is_contiguous",
    "aoti_torch_grad_mode_is_enabled",
    "aoti_torch_grad_mode_set_enabled",
)
"""What `aten.h` calls, in its order."""
NEW = {torch.ops.aten.lstm.input, torch.ops.aten.one_hot.default}
"""Operations made of others whose results are new tensors all the same."""
DROP = "aoti_torch_delete_tensor_object"
FAILED = 6
"""The code of a run in which an operation raised."""


@functools.cache
def library() -> ctypes.CDLL:
    """PyTorch's library."""
    return ctypes.CDLL(f"{torch.__path__[0]}/lib/libtorch_cpu.so")


@functools.cache
def functions() -> tuple[int, ...] | None:
    """The addresses of `FUNCTIONS`; None if one is missing."""
    try:
        found = [ctypes.cast(getattr(library(), name), ctypes.c_void_p).value or 0 for name in FUNCTIONS]
    except (OSError, AttributeError):
        return None
    return tuple(found)


@functools.cache
def version() -> int:
    """The version of PyTorch as its C interface is told."""
    major, minor, *_ = torch.__version__.split(".")
    return int(major) << 56 | int(minor) << 48


@functools.cache
def code(name: str) -> int:
    """What PyTorch's C interface calls a dtype, a layout, a device."""
    return getattr(library(), f"aoti_torch_{name}")()


def dtype_code(dtype: torch.dtype) -> int:
    """The number of a dtype."""
    if dtype not in C_TYPES:
        raise Unsupported(str(dtype))
    return code(f"dtype_{str(dtype).removeprefix('torch.')}")


def start(loaded: ctypes.CDLL) -> None:
    """Tell a compiled function where the operations are, if it calls any."""
    if hasattr(loaded, "d_torch_init"):
        known = functions()
        assert known is not None
        loaded.d_torch_init((ctypes.c_void_p * len(known))(*known))


@functools.cache
def taker() -> tuple[Any, int] | None:
    """What makes a tensor of Python of one that C has, and what in C has to let go of that one afterwards, or 0.

    None if there is no such function, or if it does not do what is known of it.
    """
    known = functions()
    if known is None:
        return None
    try:
        found = importlib.import_module("torch._C._aoti")
        given: Any = torch.tensor(2.5)
        before = given._use_count()
        made = found.alloc_tensor_by_stealing_from_void_ptr(found.unsafe_alloc_void_ptr_from_tensor(given))
        kept = given._use_count() - before  # it takes another reference instead of the one that it was given
        if made.data_ptr() != given.data_ptr() or kept not in (0, 1):
            return None
        return found.alloc_tensor_by_stealing_from_void_ptr, kept * known[FUNCTIONS.index(DROP)]
    except (ImportError, AttributeError, TypeError, RuntimeError):
        return None


def message() -> str:
    """What the last operation that raised in this thread said."""
    if functions() is None:
        return ""
    last = library().torch_exception_get_what_without_backtrace
    last.restype = ctypes.c_char_p
    return (last() or b"").decode(errors="replace")


class Words:
    """The arguments of a call, as expressions of C."""

    def __init__(self, writer: FunctionWriter) -> None:
        self.writer = writer
        self.reads: list[Buffer] = []

    def word(self, type_: Any, value: Any) -> str:
        """An argument of that type of the schema."""
        kind = type_.kind()
        if kind == "OptionalType":
            return "0" if value is None else f"d_some(&bad, {self.word(type_.getElementType(), value)})"
        if kind == "ListType" and isinstance(value, list | tuple):
            words = [self.word(type_.getElementType(), v) for v in value]
            return f"d_list(&bad, {len(words)}, (d_word[]){{{', '.join(words) or '0'}}})"
        if kind == "TensorType" and isinstance(value, Value):
            return self.tensor(value)
        if kind in ("IntType", "SymIntType") and whole(value, "int"):
            return f"(d_word)(int64_t)({as_number(value).text})"
        if kind == "BoolType" and whole(value, "bool"):
            return f"(d_word)(bool)({as_number(value).text})"
        if kind == "FloatType" and (whole(value, "int") or whole(value, "float")):
            return f"d_real({as_number(value).text})"
        if kind == "ScalarTypeType" and isinstance(value, torch.dtype):
            return str(dtype_code(value))
        if kind == "ScalarTypeType" and value == code("dtype_int64"):
            return str(value)  # so stands `dtype=long` in the schema
        if kind == "LayoutType" and value is torch.strided:
            return str(code("layout_strided"))
        if kind == "DeviceObjType" and torch.device(value).type == "cpu":
            return f"(d_word){code('device_type_cpu')} << 32 | UINT32_MAX"
        raise Unsupported(f"an argument of type {type_}")

    def tensor(self, value: Value) -> str:
        """A tensor over the memory of a value."""
        found = self.writer.whole(value)
        self.reads.append(found.buffer)
        name = found.buffer.name if found.offset == 0 else f"{found.buffer.name} + {found.offset}"
        sizes = fixed(self.writer, found.sizes)
        listed = ", ".join(map(str, sizes)) or "0"
        return f"d_tensor(&bad, {name}, {dtype_code(found.dtype)}, {len(sizes)}, (int64_t[]){{{listed}}})"


def whole(value: Any, kind: str) -> bool:
    """Whether a value is a number of that kind."""
    return value.kind == kind if isinstance(value, Number) else type(value).__name__ == kind


def callable_from_c(target: Any) -> bool:
    """Whether an operation takes and gives nothing but what C can hand over, and its results are new."""
    schema = target._schema
    return (
        functions() is not None
        and not schema.is_mutable
        and len(schema.returns) > 0
        and all(value.alias_info is None and value.real_type.kind() == "TensorType" for value in schema.returns)
        and (target in NEW or not target.has_kernel_for_dispatch_key(torch._C.DispatchKey.CompositeImplicitAutograd))
    )


def given(target: Any, args: Any, kwargs: Any) -> list[tuple[Any, Any]]:
    """Types and values of all arguments, in the order of the schema."""
    made: list[tuple[Any, Any]] = []
    for k, argument in enumerate(target._schema.arguments):
        value = args[k] if k < len(args) else kwargs.get(argument.name, argument.default_value)
        if argument.real_type.kind() == "ListType" and argument.N and isinstance(value, int):
            value = [value] * argument.N
        made.append((argument.real_type, value))
    return made


def call_from_c(writer: FunctionWriter, target: Any, out: Any, args: Any, kwargs: Any) -> Any:
    """Write a call of ATen; `Unsupported`, before anything is written, if C cannot hand over what it takes."""
    outs = out if isinstance(out, tuple) else (out,)
    if not callable_from_c(target) or not all(isinstance(value, torch.Tensor | None) for value in outs):
        raise Unsupported(str(target))
    made = [None if v is None else fixed(writer, writer.sizes(v)) for v in outs]
    operands = Words(writer)
    words = [operands.word(type_, value) for type_, value in given(target, args, kwargs)]
    writer.can_fail = writer.calls_aten = True
    writer.random |= torch.Tag.nondeterministic_seeded in target.tags
    name, overload = target._schema.name, target._schema.overload_name
    room = max(len(words), len(outs))
    lines = [
        f"// {writer.remark}",
        "{",
        "    int bad = 0;",
        f"    d_word stack[{room}] = {{{', '.join(words) or '0'}}};",
        f'    bad = d_aten(bad, "{name}", "{overload}", stack, {version()}u);',
    ]
    results: list[Strided | None] = []
    for k, (value, sizes) in enumerate(zip(outs, made, strict=True)):
        if value is None or sizes is None:
            lines.append(f"    if (!bad) d_drop((void **)&stack[{k}]);")
            results.append(None)
            continue
        found = Strided(writer.buffer(value.dtype, times(*sizes), "owned"), sizes)
        buffer, number = found.buffer, dtype_code(value.dtype)
        writer.made_by_torch[buffer] = sizes
        place = f"&{buffer.name}_held, (void **)&{buffer.name}"
        lines.append(f"    bad = bad || d_take(stack[{k}], {buffer.count}, {number}, {version()}u, {place});")
        results.append(found)
    lines += [f"    if (bad) {{ d_failed = {FAILED}; goto d_end; }}", "}"]
    writer.lines(*lines, reads=operands.reads, writes=[v.buffer for v in results if v is not None])
    return tuple(results) if isinstance(out, tuple) else results[0]


def can_hand_over(found: Strided) -> bool:
    """Whether a result of the function is all that a call made, so that it need not be copied."""
    buffer = found.buffer
    return buffer.kind == "owned" and found.whole() and found.count == buffer.count and taker() is not None


def handed_slot(writer: FunctionWriter, found: Strided) -> tuple[Any, ...]:
    """The slot of such a result; a run in which the call was not made fails."""
    buffer, sizes = found.buffer, writer.made_by_torch[found.buffer]
    buffer.kind = "handed"
    writer.lines(f"if (!{buffer.name}_held) {{ d_failed = 5; goto d_end; }}", reads=[buffer])
    return "owned", buffer.dtype, sizes, contiguous_strides(sizes), buffer.name


def handed_over(slots: Sequence[tuple[Any, ...]]) -> list[str]:
    """The lines that give such results to the caller, when nothing can fail any more."""
    names = [(k, slot[4]) for k, slot in enumerate(slots) if slot[0] == "owned"]
    return [f"*(void **)out[{k}] = {name}_held; {name}_held = 0;" for k, name in names]


def release(writer: FunctionWriter) -> tuple[list[str], list[str]]:
    """Let go of what calls made after the last statement that uses it; the lines to begin and to end the function."""
    made = list(writer.made_by_torch)
    owned = [buffer for buffer in made if buffer.kind == "owned"]
    ends = last_uses(writer.root)
    for place in sorted({ends[buffer] for buffer in owned if buffer in ends}, reverse=True):
        drops = [drop(buffer) for buffer in owned if ends.get(buffer) == place]
        writer.root.statements.insert(place + 1, Lines(drops))
    declared = [f"{buffer.type} *{buffer.name} = 0; void *{buffer.name}_held = 0;" for buffer in made]
    return declared, [drop(buffer) for buffer in made]


def drop(buffer: Buffer) -> str:
    """The line that lets go of a result."""
    return f"d_drop(&{buffer.name}_held);"
