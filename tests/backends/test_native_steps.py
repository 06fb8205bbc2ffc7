"""Native code against PyTorch, operation by operation: what is registered is tested."""

from __future__ import annotations

import pytest
import torch
from torch.fx.experimental.proxy_tensor import make_fx

from diptych.backends.native.call import compile_native
from diptych.backends.native.steps import STEPS
from tests.backends.samples import SAMPLES

CALLS = [
    pytest.param(*call, *([{}] if len(call) == 2 else []), id=f"{name}-{k}")
    for name, calls in SAMPLES.items()
    for k, call in enumerate(calls)
]


def test_every_operation_has_samples() -> None:
    assert set(STEPS) == set(SAMPLES)


def graph_of(function, args):
    """A graph of exactly this call; `args` are its tensors."""
    return make_fx(function, tracing_mode="fake")(*args)


@pytest.mark.parametrize(("operation", "args", "options"), CALLS)
def test_operation(operation, args, options) -> None:
    leaves, spec = torch.utils._pytree.tree_flatten(args)
    places = [k for k, leaf in enumerate(leaves) if isinstance(leaf, torch.Tensor)]

    def program(*tensors):
        filled = list(leaves)
        for k, tensor in zip(places, tensors, strict=True):
            filled[k] = tensor
        made = operation(*torch.utils._pytree.tree_unflatten(filled, spec), **options)
        return made if isinstance(made, tuple) else (made,)

    tensors = [leaves[k] for k in places]
    native = compile_native(graph_of(program, tensors), str(operation))
    assert not native.function.calls, "it has code of its own"
    assert "d_aten(" not in native.function.source, "it has code of its own"
    expected, found = program(*tensors), native(*tensors)
    for want, have in zip(expected, found, strict=True):
        assert have.dtype == want.dtype
        assert have.shape == want.shape
        tolerance = {"rtol": 2e-5, "atol": 5e-6} if want.is_floating_point() else {}
        torch.testing.assert_close(have, want, equal_nan=True, **tolerance)
