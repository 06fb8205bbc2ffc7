"""Graphs that are written out, against the same graphs under PyTorch's autograd."""

from __future__ import annotations

import pytest
import torch
from torch import nn

import diptych
from diptych.autodiff.refusal import NotWrittenOut
from diptych.autodiff.written import write_out
from diptych.graph import walk
from diptych.graph.control import cond, scan, while_loop, while_stack
from diptych.passes.pipeline import optimise


def straight(x, w):
    return torch.nn.functional.layer_norm(x @ w, (4,)).softmax(-1).log().mean()


def branch(x, w):
    return torch.tanh(x @ w) if x.sum() > 0 else x * 2 + w.sum()


def sides_that_save(x, w):
    h = x @ w
    if h.norm() > 1:
        h = torch.sigmoid(h) * h
        if h.max() > 0.5:
            h = h / h.norm()
    else:
        h = h.exp() * w.diagonal()
    return h.sum(0)


def loop(x, w):
    h, rounds = torch.zeros_like(x), 0
    while rounds < 6 and h.abs().sum() < 40:
        h = torch.tanh(h @ w + x) + h
        rounds += 1
    return h, rounds


def nested(x, w):
    total = x.new_zeros(())
    while total < 3:
        y = x
        while y.norm() > 1:
            y = y * 0.5 @ w.softmax(-1)
        total = total + y.norm() + 0.3
    return total


def branch_in_loop(x, w):
    while x.norm() > 0.5:
        x = torch.sin(x) * 0.7 if x[0, 0] > 0 else torch.cos(x @ w) * 0.4
    return x


def loop_in_branch(x, w):
    if w.trace() > 0:
        k = 0
        while x.norm() > 0.5:
            x = x * 0.6
            k += 1
        return x * k
    return x @ w


def numbers(x, w):
    k = 0
    while x.abs().sum() > 1:
        x = x * (0.5 + 0.01 * k)
        k += 2
    return x * k + w[k % 4]


def swapped(x, w):
    y = x @ w
    while x.norm() > 1:
        x, y = y * 0.4, x * 0.9
    return x + 2 * y


PROGRAMS = [straight, branch, sides_that_save, loop, nested, branch_in_loop, loop_in_branch, numbers, swapped]


def example(seed: int, scale: float = 1.0):
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(4, 4, generator=generator, dtype=torch.float64) * scale
    w = torch.randn(4, 4, generator=generator, dtype=torch.float64)
    return x.requires_grad_(), w.requires_grad_()


def flat_inputs(graph, args):
    given = iter(graph.flatten(*args))
    return [graph.state[i.name] if i.role == "state" else next(given) for i in graph.inputs]


def gradients(written, flat, outputs, seeds):
    saved = [flat[-1 - k] if k < 0 else outputs[k] for k in written.saved]
    with torch.no_grad():
        return written.backward(*seeds, *saved)


def attempted(run, *args):
    """What a run gives; None if the graph says that it is not for this path."""
    try:
        return run(*args)
    except RuntimeError as error:
        if getattr(error, "assumption", False):
            return None
        raise


@pytest.mark.parametrize("optimised", [False, True], ids=["as written", "after the passes"])
@pytest.mark.parametrize("program", PROGRAMS, ids=lambda p: p.__name__)
def test_values_and_gradients(program, optimised) -> None:
    graph = diptych.capture(program, *example(0))
    checked = 0
    for seed in range(6):
        flat = flat_inputs(graph, example(seed, 1 + seed % 3))
        written = write_out(graph.module, flat)
        assert written.backward is not None
        if optimised:
            optimise(written.forward)
            optimise(written.backward)
        expected = graph.module(*flat)
        with torch.no_grad():
            found = attempted(written.forward, *flat)
        if found is None:
            continue
        for want, have in zip(expected, found, strict=False):
            torch.testing.assert_close(have, want.detach() if isinstance(want, torch.Tensor) else want)
        seeds = [torch.randn_like(expected[k]) for k in written.differentiable]
        wanted = [flat[k] for k in written.wanted]
        outputs = [expected[k] for k in written.differentiable]
        reference = torch.autograd.grad(outputs, wanted, seeds, allow_unused=True)
        made = attempted(gradients, written, flat, found, seeds)
        if made is None:
            assert program is not loop  # a gradient is not reached on this path
            continue
        for want, have in zip(reference, made, strict=True):
            assert (want is None) == (have is None)
            if want is not None:
                torch.testing.assert_close(have, want)
        checked += 1
    assert checked


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda p: p.__name__)
def test_nothing_of_autograd_is_left(program) -> None:
    graph = diptych.capture(program, *example(1))
    written = write_out(graph.module, flat_inputs(graph, example(1)))
    for module in (written.forward, written.backward):
        for node in walk.everything(module):
            name = str(node.target)
            assert "detach" not in name
            assert node.target in (cond, while_loop, while_stack, scan) or "backward" not in name.split(".")[0]


def test_a_whole_training_step() -> None:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 5), nn.BatchNorm1d(5), nn.ReLU(), nn.Linear(5, 3))
    optimizer = torch.optim.SGD(model.parameters(), 0.1, momentum=0.9)

    def step(x, y):
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        return loss.item()

    x, y = torch.randn(6, 4), torch.randint(3, (6,))
    step(x, y)
    graph = diptych.capture(step, x, y)
    flat = flat_inputs(graph, (x, y))
    updated = range(len(walk.outputs(graph.module)))
    written = write_out(graph.module, flat, bare=updated)
    assert written.backward is None
    expected = graph.module(*flat)
    with torch.no_grad():
        found = written.forward(*flat)
    for want, have in zip(expected, found, strict=True):
        torch.testing.assert_close(have, want.detach() if isinstance(want, torch.Tensor) else want)


def test_dropout_keeps_the_stream() -> None:
    def program(x):
        h = nn.functional.dropout(x, 0.5)
        return nn.functional.dropout(h * 2, 0.3).sum()

    x = torch.randn(50, requires_grad=True)
    graph = diptych.capture(program, x)
    written = write_out(graph.module, [x])
    torch.manual_seed(3)
    (expected,) = graph.module(x)
    torch.manual_seed(3)
    with torch.no_grad():
        found = written.forward(x)
    torch.testing.assert_close(found[0], expected.detach())
    (made,) = gradients(written, [x], found, [torch.ones(())])
    torch.testing.assert_close(made, torch.autograd.grad(expected, x)[0])


def test_what_cannot_be_written_out_is_named() -> None:
    def program(x):
        (g,) = torch.autograd.grad((x**3).sum(), x, create_graph=True)
        return g.sum()

    x = torch.randn(3, requires_grad=True)
    graph = diptych.capture(program, x)
    with pytest.raises(NotWrittenOut, match="second order") as caught:
        write_out(graph.module, [x])
    assert caught.value.where.file == __file__
