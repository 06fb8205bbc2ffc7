"""Whole training steps: forward, loss, backward, clipping and the optimizer's update as one graph."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import nn

import diptych

OPTIMIZERS: dict[str, Callable[[Any], torch.optim.Optimizer]] = {
    "sgd": lambda p: torch.optim.SGD(p, lr=0.1),
    "momentum": lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9, nesterov=True, weight_decay=1e-3),
    "momentum foreach": lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9, foreach=True),
    "adam": lambda p: torch.optim.Adam(p, lr=0.01),
    "amsgrad foreach": lambda p: torch.optim.Adam(p, lr=0.01, amsgrad=True, foreach=True),
    "adamw": lambda p: torch.optim.AdamW(p, lr=0.01),
    "rmsprop": lambda p: torch.optim.RMSprop(p, lr=0.01, momentum=0.5, centered=True),
    "adagrad": lambda p: torch.optim.Adagrad(p, lr=0.01, lr_decay=0.1),
}


class Training:
    """A small classifier, its optimizer, and one step of training."""

    def __init__(self, name: str) -> None:
        torch.manual_seed(0)
        self.net = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Dropout(0.2), nn.Linear(8, 2))
        self.optimizer = OPTIMIZERS[name](self.net.parameters())
        self.schedule = torch.optim.lr_scheduler.StepLR(self.optimizer, 2, 0.5)
        self.losses: list[float] = []

    def step(self, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        self.optimizer.zero_grad()
        loss = F.cross_entropy(self.net(x), y)
        if torch.isnan(loss):
            return loss
        loss.backward()
        nn.utils.clip_grad_norm_(self.net.parameters(), 0.5)
        self.optimizer.step()
        self.losses.append(loss.item())
        return loss.detach()

    def state(self) -> dict[str, Any]:
        grads = [p.grad for p in self.net.parameters()]
        return {
            "net": self.net.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "grads": grads,
            "losses": self.losses,
        }


def batches(count: int, nan_at: int | None = None) -> list[tuple[torch.Tensor, torch.Tensor]]:
    torch.manual_seed(1)
    made = [(torch.randn(16, 4), torch.randint(0, 2, (16,))) for _ in range(count)]
    if nan_at is not None:
        made[nan_at][0][0, 0] = float("nan")
    return made


def assert_same(a: Any, b: Any) -> None:
    assert type(a) is type(b)
    if isinstance(a, torch.Tensor):
        assert a.dtype == b.dtype
        assert a.equal(b)
    elif isinstance(a, dict):
        assert list(a) == list(b)
        for key in a:
            assert_same(a[key], b[key])
    elif isinstance(a, list | tuple):
        assert len(a) == len(b)
        for x, y in zip(a, b, strict=True):
            assert_same(x, y)
    else:
        assert a == b


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_steps_are_those_of_the_imperative_program(name: str) -> None:
    imperative, hybrid = Training(name), Training(name)
    step = diptych.hybridize(hybrid.step)
    for k, batch in enumerate(batches(6, nan_at=3)):
        for training, run in ((imperative, imperative.step), (hybrid, step)):
            torch.manual_seed(k)
            run(*batch)
            training.schedule.step()
        assert_same(imperative.state(), hybrid.state())
    assert (step.stats.graphs, step.stats.graph_calls, step.stats.imperative_calls) == (1, 5, 1)
    assert step.stats.observed_calls == 1


def test_imperative_and_hybridized_steps_mix() -> None:
    imperative, hybrid = Training("adam"), Training("adam")
    step = diptych.hybridize(hybrid.step)
    for k, batch in enumerate(batches(6)):
        torch.manual_seed(k)
        imperative.step(*batch)
        torch.manual_seed(k)
        (step if k % 2 else hybrid.step)(*batch)
    assert_same(imperative.state(), hybrid.state())


def test_a_checkpoint_is_resumed() -> None:
    imperative, hybrid = Training("momentum"), Training("momentum")
    step = diptych.hybridize(hybrid.step)
    saved: dict[str, Any] = {}
    for k, batch in enumerate([*batches(4), *batches(2)]):
        if k == 2:
            saved = copy.deepcopy({"net": hybrid.net.state_dict(), "optimizer": hybrid.optimizer.state_dict()})
        if k == 4:
            for training in (imperative, hybrid):
                training.net.load_state_dict(saved["net"])
                training.optimizer.load_state_dict(copy.deepcopy(saved["optimizer"]))
        torch.manual_seed(k)
        imperative.step(*batch)
        torch.manual_seed(k)
        step(*batch)
    assert_same(imperative.state(), hybrid.state())
    assert step.stats.imperative_calls == step.stats.observed_calls == 1


def test_gradients_accumulate_in_the_tensors_that_are_there() -> None:
    weight = torch.ones(3, requires_grad=True)
    weight.grad = torch.zeros(3)
    kept = weight.grad

    @diptych.hybridize
    def accumulate(x: torch.Tensor) -> None:
        (weight * x).sum().backward()

    accumulate(torch.ones(3))
    accumulate(torch.full((3,), 2.0))
    assert weight.grad is kept
    assert kept.tolist() == [3.0, 3.0, 3.0]
    assert (accumulate.stats.graph_calls, accumulate.stats.observed_calls) == (1, 1)


def test_gradients_of_an_early_exit_fall_back_where_a_parameter_is_not_reached() -> None:
    one, two = (torch.ones(2, requires_grad=True) for _ in range(2))

    def step(x: torch.Tensor) -> torch.Tensor:
        loss = (one * x).sum()
        if loss > 0:
            loss = loss + (two * x).sum()
        loss.backward()
        return loss

    hybrid = diptych.hybridize(step)
    hybrid(torch.ones(2))
    assert two.grad is not None
    one.grad = two.grad = None
    hybrid(-torch.ones(2))
    assert one.grad is not None
    assert two.grad is None


def test_backward_through_values_of_the_caller_is_not_captured() -> None:
    weight = torch.ones(2, requires_grad=True)

    @diptych.hybridize
    def finish(loss: torch.Tensor) -> None:
        (loss * 2).backward()

    finish((weight * 3).sum())
    assert weight.grad is not None
    assert weight.grad.tolist() == [6.0, 6.0]
    assert finish.stats.observed_calls == 1
    with torch.no_grad():
        weight.grad = None
    finish((weight * 3).sum())
    assert weight.grad.tolist() == [6.0, 6.0]
    assert finish.stats.imperative_calls == 2


def test_hooks_on_a_gradient_are_called() -> None:
    weight = torch.ones(2, requires_grad=True)

    @diptych.hybridize
    def step(x: torch.Tensor) -> None:
        weight.grad = None
        (weight * x).sum().backward()

    for _ in range(2):
        step(torch.ones(2))
    handle = weight.register_hook(lambda grad: grad * 10)
    step(torch.ones(2))
    assert weight.grad is not None
    assert weight.grad.tolist() == [10.0, 10.0]
    handle.remove()
    step(torch.ones(2))
    assert weight.grad.tolist() == [1.0, 1.0]
    assert (step.stats.graph_calls, step.stats.imperative_calls, step.stats.observed_calls) == (2, 2, 1)
