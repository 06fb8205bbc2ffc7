"""Built-in functions of Python and a few of torch, for values that only the graph knows."""

from __future__ import annotations

import builtins
import copy
import functools
import itertools
import math
import operator
import random
from collections.abc import Callable
from typing import Any

import torch

from diptych.capture.staging.items import Backwards, Enumerated, StagedRange, Zipped, items_of
from diptych.capture.staging.rows import RowsOf, number_tensor, rows_of
from diptych.capture.values import KINDS, Scalar, Union, kind_of
from diptych.graph import own
from diptych.graph.layout import Leaf
from diptych.graph.spec import NumberSpec

HANDLERS: dict[Any, Callable[..., Any]] = {}
TENSOR_METHODS: dict[str, Callable[..., Any]] = {}


def meaning(*functions: Any) -> Callable[[Any], Any]:
    """Register the meaning of a function."""

    def register(handler: Any) -> Any:
        for function in functions:
            HANDLERS[function] = handler
        return handler

    return register


def method(name: str) -> Callable[[Any], Any]:
    """Register the meaning of a tensor's method."""

    def register(handler: Any) -> Any:
        TENSOR_METHODS[name] = handler
        return handler

    return register


def conversion(function: Any, kind: str) -> None:
    """`int(x)`, `float(x)`."""

    def convert(stager: Any, *args: Any, **kwargs: Any) -> Any:
        if len(args) != 1:
            return function(*args, **kwargs)
        value = stager.tape.as_scalar(stager.resolve(args[0]))
        if isinstance(value, Union):
            return stager.distribute(lambda v: convert(stager, v), value)
        if isinstance(value, torch.Tensor):
            value = stager.number_of(value)
        if isinstance(value, Scalar):
            return value if value.kind == kind else stager.tape.scalar(function, value)
        return function(value)

    HANDLERS[function] = convert


conversion(builtins.int, "int")
conversion(builtins.float, "float")


@meaning(builtins.bool)
def builtin_bool(stager: Any, value: Any = False) -> Any:
    """`bool(x)`."""
    return stager.truth(value)


@meaning(builtins.len)
def builtin_len(stager: Any, value: Any) -> Any:
    """`len(x)`."""
    return stager.length(value)


@meaning(operator.not_)
def operator_not(stager: Any, value: Any) -> Any:
    """`operator.not_(x)`."""
    return stager.not_(value)


@meaning(builtins.isinstance)
def builtin_isinstance(stager: Any, value: Any, kinds: Any) -> Any:
    """`isinstance(x, kinds)`: a number of the graph is a number, a traced tensor a tensor."""
    value = stager.resolve(value)
    if isinstance(value, Union):
        return stager.distribute(lambda v: builtin_isinstance(stager, v, kinds), value)
    value = stager.tape.as_scalar(value)
    if isinstance(value, Scalar):
        return issubclass({"int": int, "float": float, "bool": bool, "str": str, "complex": complex}[value.kind], kinds)
    if isinstance(value, StagedRange):
        return isinstance(range(0), kinds)
    if isinstance(value, torch.Tensor) and type(value) not in (torch.Tensor, torch.nn.Parameter, torch.nn.Buffer):
        with stager.unrecorded_world():  # a plain tensor, as it will be when the graph runs
            value = torch.empty(0, dtype=value.dtype, device=value.device)
    return isinstance(value, kinds)


@meaning(builtins.type)
def builtin_type(stager: Any, *args: Any, **kwargs: Any) -> Any:
    """`type(x)`."""
    if len(args) != 1:
        return type(*args, **kwargs)
    value = stager.tape.as_scalar(stager.resolve(args[0]))
    if isinstance(value, Union):
        return stager.distribute(lambda v: builtin_type(stager, v), value)
    if isinstance(value, Scalar):
        return {"int": int, "float": float, "bool": bool, "str": str}[value.kind]
    if isinstance(value, torch.Tensor) and not isinstance(value, torch.nn.Parameter):
        return torch.Tensor
    return type(value)


@meaning(builtins.range)
def builtin_range(stager: Any, *args: Any) -> Any:
    """`range(...)`."""
    values = [stager.tape.as_scalar(stager.resolve(a)) for a in args]
    if any(isinstance(v, Union) for v in values):
        return stager.distribute(lambda *v: builtin_range(stager, *v), *values)
    values = [stager.to_int(v) if isinstance(v, torch.Tensor) else v for v in values]
    if not any(isinstance(v, Scalar) for v in values):
        return range(*values)
    if any(kind_of(v) == "float" for v in values):
        raise TypeError("'float' object cannot be interpreted as an integer")
    if len(values) == 1:
        return StagedRange(0, values[0], 1)
    return StagedRange(values[0], values[1], values[2] if len(values) > 2 else 1)


@meaning(builtins.enumerate)
def builtin_enumerate(stager: Any, items: Any, start: Any = 0) -> Any:
    """`enumerate(items)`."""
    return Enumerated(snapshot(stager.resolve(items)), start)


@meaning(builtins.zip)
def builtin_zip(stager: Any, *items: Any, strict: bool = False) -> Any:
    """`zip(...)`."""
    return Zipped(tuple(snapshot(stager.resolve(i)) for i in items), strict)


@meaning(builtins.reversed)
def builtin_reversed(stager: Any, items: Any) -> Any:
    """`reversed(items)`."""
    items = stager.resolve(items)
    if isinstance(items, list | tuple | range | StagedRange | torch.Tensor):
        return Backwards(snapshot(items))
    return stager.native(reversed, (items,), {})


def snapshot(items: Any) -> Any:
    """Items as they are now, where their container's contents depend on the path."""
    return list(items) if isinstance(items, dict | set) else items


def known_items(stager: Any, items: Any) -> list[Any]:
    """The items of an iterable of known length."""
    items = stager.resolve(items)
    if isinstance(items, str | dict | set):
        return list(items)
    if isinstance(items, torch.nn.Module):
        kind: Any = type(items)
        return list(stager.call(kind.__iter__, items))
    found = items_of(stager, items)
    if found.known is None and found.length is not None:
        raise stager.tape.refuse("unpacking")
    made: list[Any] = []
    while True:
        try:
            made.append(found.take(len(made)))
        except StopIteration:
            return made


@meaning(builtins.list)
def builtin_list(stager: Any, items: Any = ()) -> Any:
    """`list(items)`."""
    items = stager.resolve(items)
    if isinstance(items, Union):
        return stager.distribute(lambda v: builtin_list(stager, v), items)
    marker = rows_of(items)
    if marker is not None:
        return [marker]
    found = items_of(stager, items) if isinstance(items, StagedRange | Enumerated | Zipped | Backwards) else None
    if found is not None and found.known is None and found.length is not None:
        return stager.collect(items)
    return known_items(stager, items)


@meaning(builtins.tuple)
def builtin_tuple(stager: Any, items: Any = ()) -> Any:
    """`tuple(items)`."""
    items = stager.resolve(items)
    if isinstance(items, Union):
        return stager.distribute(lambda v: builtin_tuple(stager, v), items)
    marker = rows_of(items)
    return (marker,) if marker is not None else tuple(known_items(stager, items))


@meaning(builtins.sum)
def builtin_sum(stager: Any, items: Any, start: Any = 0) -> Any:
    """`sum(items)`."""
    items = stager.resolve(items)
    if isinstance(items, Union):
        return stager.distribute(lambda v: builtin_sum(stager, v, start), items)
    if isinstance(items, list) and stager.contents_vary(items):
        return stager.through_mixed(items, lambda: builtin_sum(stager, items, start))
    if rows_of(items) is not None:
        return stager.accumulate(items, start)
    total = start
    for item in known_items(stager, items):
        total = stager.binary("Add", total, item)
    return total


@meaning(builtins.any)
def builtin_any(stager: Any, items: Any) -> Any:
    """`any(items)`."""
    found = known_items(stager, items)
    if not found:
        return False
    return stager.any_true(found[0], *[lambda v=v: v for v in found[1:]])


@meaning(builtins.all)
def builtin_all(stager: Any, items: Any) -> Any:
    """`all(items)`."""
    found = known_items(stager, items)
    if not found:
        return True
    return stager.all_true(found[0], *[lambda v=v: v for v in found[1:]])


def extreme(function: Any, comparison: str) -> None:
    """`max` and `min`."""

    def handler(stager: Any, *args: Any, key: Any = None, **kwargs: Any) -> Any:
        items = known_items(stager, args[0]) if len(args) == 1 else list(args)
        items = [stager.tape.as_scalar(stager.resolve(i)) for i in items]
        if not items or not (stager.holds_traced(items) or key is not None):
            return function(*args, **({"key": key} if key else {}), **kwargs)
        if key is None and all(isinstance(i, Scalar) or kind_of(i) for i in items):
            kinds = {kind_of(i) for i in items}
            if len(kinds) == 1:
                kind = kinds.pop()
                node = stager.tape.emit(
                    function, tuple(i.node if isinstance(i, Scalar) else i for i in items), None, spec(kind)
                )
                return stager.tape.number(node, kind)
        best = items[0]
        rank = stager.call(key, best) if key else best
        for item in items[1:]:
            other = stager.call(key, item) if key else item
            better = stager.compare((comparison,), other, rank)
            best, rank = stager.choose(better, lambda i=item, o=other: (i, o), lambda b=best, r=rank: (b, r))
        return best

    HANDLERS[function] = handler


def spec(kind: Any) -> Any:
    """The type of a number."""
    return NumberSpec(kind)


extreme(builtins.max, "Gt")
extreme(builtins.min, "Lt")


def scalar_function(function: Any) -> None:
    """A function of numbers."""

    def handler(stager: Any, *args: Any, **kwargs: Any) -> Any:
        values = [stager.tape.as_scalar(stager.resolve(a)) for a in args]
        if any(isinstance(v, Union) for v in values):
            return stager.distribute(lambda *v: handler(stager, *v, **kwargs), *values)
        if isinstance(values[0], torch.Tensor):
            if function in (abs, round, divmod, pow):
                return function(*stager.arguments(tuple(values)), **stager.arguments(kwargs))
            values = [stager.number_of(v) if isinstance(v, torch.Tensor) else v for v in values]
        if any(isinstance(v, Scalar) for v in values):
            return stager.tape.scalar(function, *values, *kwargs.values())
        return function(*args, **kwargs)

    HANDLERS[function] = handler


for _function in [f for f in KINDS if f in vars(math).values()] + [builtins.abs, builtins.round]:
    scalar_function(_function)


@meaning(builtins.pow)
def builtin_pow(stager: Any, base: Any, exponent: Any, *modulus: Any) -> Any:
    """`pow(a, b)`."""
    return pow(base, exponent, *modulus) if modulus else base**exponent


@meaning(builtins.divmod)
def builtin_divmod(stager: Any, a: Any, b: Any) -> Any:
    """`divmod(a, b)`."""
    return (a // b, a % b)


@meaning(builtins.str)
def builtin_str(stager: Any, *args: Any) -> Any:
    """`str(x)`."""
    return stager.format(args[0], -1, "") if args else ""


@meaning(builtins.repr)
def builtin_repr(stager: Any, value: Any) -> Any:
    """`repr(x)`."""
    return stager.format(value, ord("r"), "")


@meaning(builtins.format)
def builtin_format(stager: Any, value: Any, form: str = "") -> Any:
    """`format(x, spec)`."""
    return stager.format(value, -1, form)


@meaning(builtins.getattr)
def builtin_getattr(stager: Any, owner: Any, name: str, *default: Any) -> Any:
    """`getattr(x, name)`."""
    return stager.getattr(owner, name, *default)


@meaning(builtins.id)
def builtin_id(stager: Any, value: Any) -> int:
    """`id(x)`: the next call's object has another."""
    raise stager.tape.refuse("outside-world", "id()")


@meaning(builtins.vars)
def builtin_vars(stager: Any, owner: Any) -> Any:
    """`vars(x)`."""
    return stager.getattr(owner, "__dict__")


@meaning(builtins.setattr)
def builtin_setattr(stager: Any, owner: Any, name: str, value: Any) -> None:
    """`setattr(x, name, value)`."""
    stager.setattr(owner, name, value)


@meaning(builtins.hasattr)
def builtin_hasattr(stager: Any, owner: Any, name: str) -> Any:
    """`hasattr(x, name)`."""
    owner = stager.resolve(owner)
    if isinstance(owner, Union):
        return stager.distribute(lambda v: builtin_hasattr(stager, v, name), owner)
    if isinstance(owner, Scalar):
        return hasattr({"int": 0, "float": 0.0, "bool": False, "str": ""}[owner.kind], name)
    missing = object()
    return stager.getattr(owner, name, missing) is not missing


@meaning(builtins.callable)
def builtin_callable(stager: Any, value: Any) -> bool:
    """`callable(x)`."""
    return callable(stager.resolve(value))


@meaning(builtins.print)
def builtin_print(stager: Any, *args: Any, **kwargs: Any) -> None:
    """`print(...)`: an effect."""
    stager.print_(args, kwargs)


@meaning(builtins.sorted)
def builtin_sorted(stager: Any, items: Any, key: Any = None, reverse: bool = False) -> Any:
    """`sorted(items)` by keys that Python knows."""
    found = known_items(stager, items)
    keys = [stager.call(key, i) for i in found] if key is not None else found
    if stager.holds_traced(keys):
        raise stager.tape.refuse("opaque-conversion", "sorting by values of the graph; use torch.sort")
    order = sorted(range(len(found)), key=lambda i: keys[i], reverse=reverse)
    return [found[i] for i in order]


@meaning(builtins.map)
def builtin_map(stager: Any, function: Any, *items: Any) -> Any:
    """`map(f, items)`, evaluated at once."""
    lists = [known_items(stager, i) for i in items]
    return [stager.call(function, *row) for row in zip(*lists, strict=False)]


@meaning(builtins.filter)
def builtin_filter(stager: Any, function: Any, items: Any) -> Any:
    """`filter(f, items)` by decisions that Python makes."""
    made: list[Any] = []
    for item in known_items(stager, items):
        truth = stager.truth(stager.call(function, item) if function is not None else item)
        if not isinstance(truth, bool):
            raise stager.tape.refuse("unpacking", "filter() by values of the graph")
        if truth:
            made.append(item)
    return made


@meaning(functools.reduce)
def functools_reduce(stager: Any, function: Any, items: Any, *initial: Any) -> Any:
    """`reduce(f, items)`."""
    found = [*initial, *known_items(stager, items)]
    total = found[0]
    for item in found[1:]:
        total = stager.call(function, total, item)
    return total


@meaning(builtins.iter)
def builtin_iter(stager: Any, items: Any, *sentinel: Any) -> Any:
    """`iter(items)`."""
    items = stager.resolve(items)
    if sentinel or not stager.special_items(items):
        return stager.native(iter, (items, *sentinel), {})
    return iter(known_items(stager, items))


@meaning(copy.copy)
def copy_copy(stager: Any, value: Any) -> Any:
    """`copy.copy(x)`."""
    if isinstance(value, torch.Tensor):
        return value
    made = copy.copy(value)
    stager.mine(made)
    return made


@meaning(copy.deepcopy)
def copy_deepcopy(stager: Any, value: Any, *memo: Any) -> Any:
    """`copy.deepcopy(x)`: tensors are cloned."""
    if isinstance(value, torch.Tensor):
        return value.clone()
    if type(value) in (list, tuple):
        return type(value)(copy_deepcopy(stager, v) for v in value)
    if type(value) is dict:
        return {k: copy_deepcopy(stager, v) for k, v in value.items()}
    if isinstance(value, torch.nn.Module) or stager.holds_traced(value):
        raise stager.tape.refuse("outside-write", f"deepcopy of a {type(value).__name__}")
    made = copy.deepcopy(value)
    stager.mine(made)
    return made


@meaning(torch.stack)
def torch_stack(stager: Any, tensors: Any, dim: int = 0, **kwargs: Any) -> Any:
    """`torch.stack(tensors)`; of a growing list the column it is kept in."""
    tensors = stager.resolve(tensors)
    marker = rows_of(tensors)
    if marker is None or not single(marker):
        return stager.native(
            torch.stack,
            (builtin_list(stager, tensors) if not isinstance(tensors, list | tuple | Union) else tensors, dim),
            kwargs,
        )
    column = marker.columns[0]
    return torch.movedim(column, 0, dim) if dim != 0 else column.clone()


@meaning(torch.cat, torch.concat, torch.concatenate, torch.hstack, torch.vstack)
def torch_cat(stager: Any, tensors: Any, dim: int = 0, **kwargs: Any) -> Any:
    """`torch.cat(tensors)`; of a growing list the column with two dimensions merged."""
    tensors = stager.resolve(tensors)
    marker = rows_of(tensors)
    if marker is None or not single(marker):
        tensors = tensors if isinstance(tensors, list | tuple | Union) else builtin_list(stager, tensors)
        return stager.native(torch.cat, (tensors, dim), kwargs)
    column = marker.columns[0]
    dim = dim % (column.dim() - 1)
    moved = torch.movedim(column, 0, dim)
    return torch.flatten(moved, dim, dim + 1)


del HANDLERS[torch.hstack], HANDLERS[torch.vstack]


def single(rows: RowsOf) -> bool:
    """Whether the items are single tensors."""
    return isinstance(rows.item, Leaf) and rows.numbers == [None]


@meaning(torch.tensor, torch.as_tensor)
def torch_tensor(
    stager: Any, data: Any, dtype: Any = None, device: Any = None, requires_grad: bool = False, **kwargs: Any
) -> Any:
    """`torch.tensor(numbers)` with numbers of the graph among them."""
    data = stager.resolve(data)
    if isinstance(data, Union):
        return stager.distribute(lambda d: torch_tensor(stager, d, dtype, device, requires_grad), data)
    if isinstance(data, torch.Tensor):
        return data.detach().clone() if dtype is None else data.detach().to(dtype, copy=True)
    marker = rows_of(data)
    if marker is not None and single_number(marker):
        column = marker.columns[0]
        default = torch.get_default_dtype() if marker.numbers[0] == "float" else column.dtype
        return column.to(dtype or default)
    if not stager.holds_traced(data):
        return torch.tensor(data, dtype=dtype, device=device)
    values = nested(stager, data)
    if isinstance(values, tuple):
        return number_tensor(stager.tape, values, dtype, str(device or "cpu"))
    return number_tensor(stager.tape, (values,), dtype, str(device or "cpu")).squeeze(0)


def single_number(rows: RowsOf) -> bool:
    """Whether the items are single numbers."""
    return isinstance(rows.item, Leaf) and rows.numbers[0] is not None


def nested(stager: Any, data: Any) -> Any:
    """Nested lists of numbers as nested tuples."""
    data = stager.tape.as_scalar(stager.resolve(data))
    if isinstance(data, torch.Tensor):
        return stager.number_of(data)
    if isinstance(data, list | tuple):
        if rows_of(data) is not None:
            raise stager.tape.refuse("loop-state", "a tensor of growing lists")
        return tuple(nested(stager, d) for d in data)
    if isinstance(data, Union):
        raise stager.tape.refuse("structure-in-branch", "a tensor of numbers of path-dependent type")
    return data


def legacy_constructor(kind: Any, dtype: torch.dtype | None) -> None:
    """`torch.Tensor(data)`, `torch.LongTensor(2, 3)`: data, or sizes of an uninitialized tensor."""

    def make(stager: Any, *args: Any, **kwargs: Any) -> Any:
        wanted = dtype or torch.get_default_dtype()
        if len(args) == 1 and isinstance(args[0], torch.Tensor):
            return args[0].to(wanted) if args[0].dtype != wanted else args[0]
        if len(args) == 1 and isinstance(args[0], list | tuple) and not isinstance(args[0], torch.Size):
            return torch_tensor(stager, args[0], wanted)
        return stager.native(torch.empty, args or (0,), {"dtype": wanted})

    HANDLERS[kind] = make


for _kind, _dtype in (
    (torch.Tensor, None),
    (torch.FloatTensor, torch.float32),
    (torch.DoubleTensor, torch.float64),
    (torch.LongTensor, torch.int64),
    (torch.IntTensor, torch.int32),
    (torch.BoolTensor, torch.bool),
):
    legacy_constructor(_kind, _dtype)


@meaning(torch.nn.Parameter)
def nn_parameter(stager: Any, *args: Any, **kwargs: Any) -> Any:
    """A parameter made inside the program."""
    raise stager.tape.refuse("autograd-inside", "nn.Parameter made inside the captured function")


def _draw(name: str, kind: str) -> Any:
    def draw(stager: Any, *args: Any) -> Any:
        values = [stager.tape.as_scalar(stager.resolve(a)) for a in args]
        nodes = tuple(v.node if isinstance(v, Scalar) else v for v in values)
        return stager.tape.number(stager.tape.emit(own.OWN["python_random"], (name, *nodes), None, spec(kind)), kind)

    return draw


for _name in ("random", "uniform", "gauss", "expovariate"):
    HANDLERS[getattr(random, _name)] = _draw(_name, "float")
for _name in ("randint", "randrange"):
    HANDLERS[getattr(random, _name)] = _draw(_name, "int")


@meaning(torch.autograd.Variable)
def autograd_variable(stager: Any, data: torch.Tensor, requires_grad: bool = False) -> torch.Tensor:
    """`Variable(x)`, of old: `x` itself."""
    if requires_grad:
        raise stager.tape.refuse("autograd-inside", "Variable(requires_grad=True)")
    return data


@meaning(torch.is_tensor)
def torch_is_tensor(stager: Any, value: Any) -> Any:
    """`torch.is_tensor(x)`."""
    return builtin_isinstance(stager, value, torch.Tensor)


@meaning(torch.equal)
def torch_equal(stager: Any, a: Any, b: Any) -> Any:
    """`torch.equal(a, b)`."""
    return stager.tape.scalar_of("equal", "bool", a, b)


@meaning(torch.allclose)
def torch_allclose(stager: Any, a: Any, b: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> Any:
    """`torch.allclose(a, b)`."""
    return stager.tape.scalar_of("allclose", "bool", a, b, rtol, atol, equal_nan)


TENSOR_METHODS["equal"] = torch_equal
TENSOR_METHODS["allclose"] = torch_allclose


@method("item")
def tensor_item(stager: Any, tensor: torch.Tensor) -> Any:
    """`x.item()`."""
    return stager.number_of(tensor)


@method("tolist")
def tensor_tolist(stager: Any, tensor: torch.Tensor) -> Any:
    """`x.tolist()`: numbers, if the length is known."""
    fake = stager.traced(tensor)
    if fake.dim() == 0:
        return stager.number_of(tensor)
    size = stager.tape.as_scalar(fake.shape[0])
    if isinstance(size, Scalar):
        if fake.dim() == 1:
            kind = "bool" if fake.dtype == torch.bool else "float" if fake.is_floating_point() else "int"
            wide = {"float": torch.float64, "int": torch.int64, "bool": torch.bool}[kind]
            return [RowsOf([tensor.detach().to(wide)], [kind], Leaf(0))]
        raise stager.tape.refuse("unpacking", "tolist() of a tensor whose length only the graph knows")
    return [tensor_tolist(stager, tensor[i]) for i in range(size)]


@method("size")
def tensor_size(stager: Any, tensor: torch.Tensor, *dim: Any) -> Any:
    """`x.size(d)`."""
    return tensor.size(*stager.arguments(dim))


@method("new_tensor")
def tensor_new_tensor(stager: Any, tensor: torch.Tensor, data: Any, dtype: Any = None, **kwargs: Any) -> Any:
    """`x.new_tensor(numbers)`."""
    return torch_tensor(stager, data, dtype or tensor.dtype, tensor.device)


@method("numpy")
def tensor_numpy(stager: Any, tensor: torch.Tensor, **kwargs: Any) -> Any:
    """`x.numpy()`."""
    raise stager.tape.refuse("tensor-to-numpy", "numpy()")


@meaning(itertools.chain)
def itertools_chain(stager: Any, *items: Any) -> Any:
    """`chain(...)` of known items."""
    return [i for part in items for i in known_items(stager, part)]


@meaning(itertools.product)
def itertools_product(stager: Any, *items: Any, repeat: int = 1) -> Any:
    """`product(...)` of known items."""
    return list(itertools.product(*[known_items(stager, i) for i in items], repeat=repeat))
