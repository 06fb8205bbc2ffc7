"""Every pass that is registered keeps what programs mean, to the bit where it says so, and does what it says."""

from __future__ import annotations

import pytest
import torch

import diptych
from diptych.autodiff.written import write_out
from diptych.graph import walk
from diptych.passes import pipeline
from diptych.passes.base import Pass, PassError
from diptych.passes.pipeline import PASSES, optimise, refresh

SPECIAL = [0.0, -0.0, 1.0, -1.5, float("inf"), -float("inf"), float("nan"), 1e-45, 3e38]


def identities(x, y):
    return x * 1 + y.neg().neg() / 1 - 0 + torch.where(x > 0, y, y), (x + 0) * 1, x.t().t() * 1.0


def powers(x, y):
    return x**1 + y**2, (x**3).reshape(3, 3).reshape(9), torch.full((3, 3), 2.0) * torch.ones(3, 3) * x


def constants(x, y):
    scale = torch.arange(3).float() / 4 + torch.zeros_like(y[0])
    return x * scale, torch.ones_like(x) * -0.0, torch.full((2,), 3) // 2


def decided(x, y):
    h = y * 1
    for _ in range(3):
        h = torch.tanh(h * 1 + x) if (h * 1).sum() > 0 else (h - 0) - x
    return h, h * 1


def looped(x, y):
    h, k = torch.zeros_like(x), 0
    while k < 4 and h.nan_to_num(0, 0, 0).abs().sum() < 50:
        h = h + (x * 2).exp() * 1 + torch.ones(3, 3)
        k += 1
    return h, k


def sliced(x, y):
    a, b, c = (x * y).chunk(3, 1)
    return a.sin() * b + c, x[0] * y[1] + x[2]


def doubled(x, y):
    return (x + y).sin() + (x + y).sin(), (x + y).sin().sum(0), torch.cat([x * 1, y / 1], 1)


def added(x, y):
    return x @ y + x, y[0] + x @ y, x @ x + y @ y, (x @ y) * (x @ y + 1.0)


def gates(x, y):
    h, w, k = x, y.t(), torch.tensor(0)
    while k < 3:
        r, z = torch.sigmoid(h @ y), torch.sigmoid(h @ w + x)
        h = r * h + (1 - z) * torch.tanh(h @ x)
        k += 1
    return h, k


PROGRAMS = [added, gates, identities, powers, constants, decided, looped, sliced, doubled]


def inputs(dtype: torch.dtype, special: bool) -> list[torch.Tensor]:
    """Two square matrices."""
    if special:
        flat = torch.tensor(SPECIAL, dtype=torch.float64)
        return [flat.reshape(3, 3).to(dtype), flat.flip(0).reshape(3, 3).to(dtype)]
    return [torch.randn(3, 3, dtype=torch.float64).mul(2).to(dtype) for _ in range(2)]


def bits(value: object) -> object:
    """A value, so that equality is equality of bits (all NaN are one)."""
    if isinstance(value, torch.Tensor) and value.is_floating_point():
        value = torch.where(value.isnan(), torch.full_like(value, torch.nan), value)
        return value.dtype, value.shape, value.numpy().tobytes()
    return (value.dtype, value.tolist()) if isinstance(value, torch.Tensor) else value


def same(each: Pass, found: object, expected: object) -> None:
    """Whether values agree as the pass says."""
    if each.exact:
        assert bits(found) == bits(expected)
    elif isinstance(found, torch.Tensor):
        torch.testing.assert_close(found, expected, equal_nan=True)
    else:
        assert found == expected


@pytest.mark.parametrize("special", [False, True], ids=["random", "special"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize("name", PASSES)
def test_values_and_gradients_stay(name, program, dtype, special) -> None:
    each = PASSES[name]
    given = [x.requires_grad_() for x in inputs(dtype, special)]
    graph = diptych.capture(program, *given)
    whole, changed = (write_out(graph.module, given) for _ in range(2))
    each.checked(changed.forward)
    refresh(changed.forward)
    expected, found = whole.forward(*given), changed.forward(*given)
    for one, other in zip(expected[: whole.outputs], found[: whole.outputs], strict=True):
        same(each, *(v.detach() if isinstance(v, torch.Tensor) else v for v in (other, one)))
    if whole.backward is None or changed.backward is None:
        return
    each.checked(changed.backward)
    refresh(changed.backward)
    seeds = [torch.ones_like(expected[k]) for k in whole.seeded]
    results = [
        part.backward(*seeds, *(given[-1 - k] if k < 0 else made[k] for k in part.saved))
        for part, made in ((whole, expected), (changed, found))
    ]
    for one, other in zip(*results, strict=True):
        assert (one is None) == (other is None)
        if one is not None:
            same(each, other.detach(), one.detach())


@pytest.mark.parametrize("program", PROGRAMS)
def test_all_of_them_together(program) -> None:
    given = inputs(torch.float32, False)
    written = write_out(diptych.capture(program, *given).module, given, grad=False)
    expected = written.forward(*given)
    done = optimise(written.forward, check=True)
    assert set(done) == set(PASSES)
    for one, other in zip(expected, written.forward(*given), strict=True):
        torch.testing.assert_close(other, one)


def text(program, name: str) -> tuple[list[str], list[str]]:
    """The steps of a graph before and after a pass, as text."""
    given = inputs(torch.float32, False)
    module = write_out(diptych.capture(program, *given).module, given, grad=False).forward
    before = shown(module)
    PASSES[name].checked(module)
    PASSES["dead"].checked(module)
    return before, shown(module)


def shown(module: torch.fx.GraphModule) -> list[str]:
    """The steps as text: operation and arguments."""
    return [
        f"{getattr(n.target, '_opname', None) or getattr(n.target, '__name__', n.target)}"
        f"({', '.join(map(str, n.args))})"
        for n in module.graph.nodes
        if n.op == "call_function"
    ]


def thrice(x, y):
    return (x * 1).neg().neg() + y.t().t(), x**2


def of_constants(x, y):
    return x + torch.full((3,), 2.0) * 3, y * torch.arange(3).float()


def test_simplification_as_text() -> None:
    before, after = text(thrice, "simplify")
    assert [line.split("(")[0] for line in before] == ["mul", "neg", "neg", "permute", "permute", "add", "pow"]
    assert after == ["add(x1, x2)", "pow(x1, 2)"]  # the second one is a result


def test_folding_as_text() -> None:
    before, after = text(of_constants, "fold")
    assert [line.split("(")[0] for line in before].count("mul") == 2
    assert [line.split("(")[0] for line in after] == ["full", "add", "mul"]
    assert after[0] == "full([3], 6.0)"


def gated(x, y):
    h, k = x, torch.tensor(0)
    while k < 3:
        h = h + (h @ y) * (h @ y.t())
        k += 1
    return h


def test_products_with_something_added_as_text() -> None:
    before, after = text(lambda x, y: (x @ y + x[0], ((y @ x).sin() + y @ x) @ x, (x @ x + y).cos()), "linear")
    found = [line.split("(")[0] for line in before]
    assert found == ["mm", "select", "add", "mm", "sin", "mm", "add", "mm", "mm", "add", "cos"]
    found = [line.split("(")[0] for line in after]
    assert found == ["select", "addmm", "mm", "sin", "addmm", "mm", "mm", "add", "cos"], (
        "the last sum is part of a loop"
    )
    assert after[1].endswith(", x1, x2)")


def test_products_in_loops_as_text() -> None:
    for size, gone in ((64, 1), (8, 0)):
        given = [torch.randn(size, size), torch.randn(size, size)]
        module = write_out(diptych.capture(gated, *given).module, given, grad=False).forward
        (loop,) = [node for node in module.graph.nodes if "while" in str(node.target)]
        body = walk.regions(loop)[-1]
        assert [line.split("(")[0] for line in shown(body)][:4] == ["mm", "permute", "mm", "mul"]
        assert PASSES["batch"].checked(module) == gone
        PASSES["hoist"].checked(module)
        PASSES["dead"].checked(module)
        found = [line.split("(")[0] for line in shown(body)]
        assert found[:3] == (["mm", "slice", "slice"] if gone else ["mm", "permute", "mm"])
        assert ("cat" in "".join(shown(module))) == bool(gone)


def test_products_in_loops_stay_what_they_are() -> None:
    given = [torch.randn(64, 64) / 8, torch.randn(64, 64) / 8]
    whole, changed = (write_out(diptych.capture(gated, *given).module, given, grad=False).forward for _ in range(2))
    assert PASSES["batch"].checked(changed) == 1
    refresh(changed)
    torch.testing.assert_close(changed(*given)[0], whole(*given)[0])


def test_a_switch_leaves_a_pass_out() -> None:
    given = inputs(torch.float32, False)
    for name in PASSES:
        module = write_out(diptych.capture(thrice, *given).module, given, grad=False).forward
        assert name not in optimise(module, without=[name])
    with pytest.raises(ValueError, match="no pass 'magic'"):
        optimise(module, without=["magic"])


def test_a_pass_that_does_less_than_it_says_is_found() -> None:
    given = inputs(torch.float32, False)
    module = write_out(diptych.capture(thrice, *given).module, given, grad=False).forward
    lazy = Pass("lazy", "does nothing", lambda module: 0, (), PASSES["simplify"].ensures)
    with pytest.raises(PassError, match="'lazy' has left"):
        lazy.checked(module)
    assert pipeline.PASSES["simplify"].checked(module) > 2
    next(n for n in module.graph.nodes if n.op == "call_function").meta.clear()
    with pytest.raises(PassError, match="was given"):
        PASSES["fold"].checked(module)
