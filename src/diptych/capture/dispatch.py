"""Recording: every ATen operation of a trace arrives here, below autograd and before it is decomposed."""

from __future__ import annotations

from typing import Any

import torch
from torch._subclasses.fake_tensor import FakeTensor
from torch.utils import _pytree as pytree

from diptych.capture.special_operations import SPECIAL
from diptych.capture.tensors import has_handle
from diptych.capture.writes import Writes

aten = torch.ops.aten

PASSIVE = {
    torch.ops.prim.device.default, torch.ops.prim.layout.default, aten.is_contiguous.default,
    aten.is_contiguous.memory_format, aten.sym_size.int, aten.sym_size.default, aten.sym_stride.default,
    aten.sym_stride.int, aten.sym_numel.default, aten.sym_storage_offset.default, aten.size.default,
    aten.dim.default, aten.is_non_overlapping_and_dense.default, aten.is_strides_like_format.default,
}  # fmt: skip


class RecordingMode(Writes):
    """Records every operation in the way that it needs."""

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        tape = self.tape
        kwargs = kwargs or {}
        if func in PASSIVE:
            args, kwargs = pytree.tree_map_only(torch.Tensor, self.fake, (args, kwargs))
            return self.run(func, args, kwargs)
        if func.namespace == "profiler":  # a label, set by code of torch
            return func(*args, **kwargs)
        if func is aten.lift_fresh.default:
            return self.constant(args[0])
        args, kwargs = pytree.tree_map_only(torch.Tensor, self.fake, (args, kwargs))
        if func in SPECIAL:
            return SPECIAL[func](self, func, args, kwargs)
        if func._schema.is_mutable:
            return self.mutate(func, args, kwargs)
        return self.record(func, args, kwargs, tape)

    def fake(self, tensor: torch.Tensor) -> torch.Tensor:
        """The traced tensor for an argument."""
        return tensor if isinstance(tensor, FakeTensor) and has_handle(tensor) else self.tape.fake(tensor)
