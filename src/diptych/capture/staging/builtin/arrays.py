"""Arrays of NumPy that become tensors: their values are constants of the graph, as long as nobody writes to them."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from diptych.capture.staging.builtin.registry import meaning
from diptych.capture.tensors import Store, handle


class SharedArray:
    """An array, what it held when a tensor of its memory was made, and that tensor's memory."""

    def __init__(self, array: np.ndarray[Any, Any], store: Store, outside: bool) -> None:
        self.array, self.store, self.outside = array, store, outside
        self.held, self.version = array.tobytes(), store.version

    def written(self) -> bool:
        """Whether somebody wrote to the memory, through the array or the tensor."""
        return self.array.tobytes() != self.held or self.store.version != self.version


@meaning(torch.from_numpy)
def torch_from_numpy(stager: Any, array: Any) -> torch.Tensor:
    """`torch.from_numpy(a)`: a constant of the graph; it is checked at the end that the memory stayed as it is."""
    if type(array) is not np.ndarray or not array.flags.c_contiguous or not array.flags.writeable:
        raise stager.tape.refuse("tensor-to-numpy", "from_numpy() of something else than an ordinary array")
    made = torch.tensor(array)
    stager.arrays.append(SharedArray(array, handle(stager.traced(made)).store, stager.outside(array)))
    return made
