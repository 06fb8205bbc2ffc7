"""Functions of torch that take or give Python values: constructors, `stack` and `cat`, comparisons."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from diptych.capture.staging.builtin.arrays import torch_from_numpy
from diptych.capture.staging.builtin.containers import builtin_list
from diptych.capture.staging.builtin.objects import builtin_isinstance
from diptych.capture.staging.builtin.registry import HANDLERS, meaning
from diptych.capture.staging.rows import RowsOf, number_tensor, rows_of
from diptych.capture.tensors import adopt, node_of, requires_grad
from diptych.capture.values import Union
from diptych.graph import own
from diptych.graph.layout import Leaf


@meaning(torch.stack)
def torch_stack(stager: Any, tensors: Any, dim: int = 0, **kwargs: Any) -> Any:
    """`torch.stack(tensors)`; of a growing list the column it is kept in."""
    dim = kwargs.pop("axis", dim)
    tensors = stager.resolve(tensors)
    marker = rows_of(tensors)
    if marker is None or not single(marker):
        return stager.native(
            torch.stack,
            (builtin_list(stager, tensors) if not isinstance(tensors, list | tuple | Union) else tensors, dim),
            kwargs,
        )
    made = stacked(stager, marker.columns[0])
    return torch.movedim(made, 0, dim) if dim != 0 else made


@meaning(torch.cat, torch.concat, torch.concatenate)
def torch_cat(stager: Any, tensors: Any, dim: int = 0, **kwargs: Any) -> Any:
    """`torch.cat(tensors)`; of a growing list the column with two dimensions merged."""
    dim = kwargs.pop("axis", dim)
    tensors = stager.resolve(tensors)
    marker = rows_of(tensors)
    if marker is None or not single(marker):
        tensors = tensors if isinstance(tensors, list | tuple | Union) else builtin_list(stager, tensors)
        return stager.native(torch.cat, (tensors, dim), kwargs)
    column = stacked(stager, marker.columns[0])
    dim = dim % (column.dim() - 1)
    moved = torch.movedim(column, 0, dim)
    return torch.flatten(moved, dim, dim + 1)


def stacked(stager: Any, column: torch.Tensor) -> torch.Tensor:
    """The items of a growing list as one new tensor; torch refuses to make one of no items."""
    tape = stager.tape
    with tape.aside():
        fake = torch.empty_like(column)
    node = tape.emit(own.OWN["stacked"], (node_of(tape, column),), None, tape.spec(fake))
    return adopt(tape, fake, node, requires_grad(column))


def single(rows: RowsOf) -> bool:
    """Whether the items are single tensors."""
    return isinstance(rows.item, Leaf) and rows.numbers == [None]


@meaning(torch.as_tensor, torch.asarray)
def torch_as_tensor(stager: Any, data: Any, dtype: Any = None, device: Any = None, **kwargs: Any) -> Any:
    """`torch.as_tensor(x)`: a tensor of that type already is itself."""
    data = stager.resolve(data)
    if isinstance(data, Union):
        return stager.distribute(lambda d: torch_as_tensor(stager, d, dtype, device, **kwargs), data)
    if isinstance(data, torch.Tensor):
        return stager.native(torch.as_tensor, (data,), {"dtype": dtype, "device": device, **kwargs})
    if isinstance(data, np.ndarray):
        made = torch_from_numpy(stager, data)
        return made.to(device=device, dtype=dtype)
    return torch_tensor(stager, data, dtype, device)


@meaning(torch.tensor)
def torch_tensor(
    stager: Any, data: Any, dtype: Any = None, device: Any = None, requires_grad: bool = False, **kwargs: Any
) -> Any:
    """`torch.tensor(numbers)` with numbers of the graph among them."""
    data = stager.resolve(data)
    if (items := stager.iterator(data)) is not data and not isinstance(data, torch.Tensor | torch.nn.Module):
        data = list(stager.iterate(items))
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
            if dtype is None or args[0].dtype == wanted:
                return args[0].view(args[0].shape)
            raise stager.tape.refuse("unsupported-operation", f"{kind.__name__}() of another dtype")
        if len(args) == 1 and isinstance(args[0], list | tuple | np.ndarray) and not isinstance(args[0], torch.Size):
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


@meaning(torch.autograd.Variable)
def autograd_variable(stager: Any, data: Any, requires_grad: bool = False, volatile: bool = False) -> torch.Tensor:
    """`Variable(x)`, of old: the memory of `x` without its history, as a leaf of its own if it requires a gradient."""
    if not isinstance(data, torch.Tensor) or volatile:
        raise stager.tape.refuse("unsupported-operation", "Variable() of something else, or volatile")
    bare = stager.traced(data).detach()
    return stager.make_leaf(bare) if requires_grad else bare


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
