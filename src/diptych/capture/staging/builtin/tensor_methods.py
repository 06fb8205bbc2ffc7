"""Methods of tensors that take or give Python values."""

from __future__ import annotations

from typing import Any

import torch

from diptych.capture.staging.builtin.registry import TENSOR_METHODS, method
from diptych.capture.staging.builtin.tensors import torch_allclose, torch_equal, torch_tensor
from diptych.capture.staging.rows import RowsOf
from diptych.capture.values import Scalar
from diptych.graph.layout import Leaf


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


TENSOR_METHODS["equal"] = torch_equal

TENSOR_METHODS["allclose"] = torch_allclose
