"""Lists that grow by an item a round, in loops whose rounds a tensor decides: native code against Python."""

from __future__ import annotations

import pytest
import torch

from diptych import hybridize


def stacked(x, limit):
    items = []
    while x.sum() < limit:
        y = torch.tanh(x * 0.3)
        items.append(y)
        x = x + 1 + 0.1 * y
    return torch.stack(items)


def scalars(x, limit):
    items, squares = [], []
    while x.sum() < limit:
        y = (x * x).sum()
        items.append(y.sqrt())
        squares.append(y)
        x = x + 1
    s, q = torch.stack(items), torch.stack(squares)
    return s.mean() + (s * q).sum() - q.sqrt().amax(), s


def two_lists(x, limit):
    left, right = [], []
    while x.sum() < limit:
        left.append(x)
        right.append(x.sin())
        x = x + 0.9
    return torch.stack(left) * torch.stack(right), x


def joined(x, limit):
    items = []
    while x.sum() < limit:
        items.append(x * 2)
        x = x + 1
    return torch.cat([torch.stack(items).flip(0), x.unsqueeze(0)]).sum(0), torch.stack(items)[-1] - x


def returns(x, limit):
    values, rewards = [], []
    while x.sum() < limit:
        values.append((x * x).mean())
        rewards.append(x.detach().max())
        x = x + 1
    total, totals = 0.0, []
    for _ in range(len(values)):
        total = 1.0 + 0.9 * total
        totals.append(total)
    back = torch.tensor(totals[::-1])
    v = torch.stack(values)
    return ((back - v) ** 2).mean() + (torch.stack(rewards) * v).sum()


def numbers(x, limit):
    found = []
    while x.sum() < limit:
        found.append(float(x[0]))
        x = x + 1
    return torch.tensor(found) * x.sum()


def begun(x, limit):
    items = [x * 3]
    while x.sum() < limit:
        items.append((x * 0.1).exp())
        x = x + 1
    return torch.stack(items).log().sum(0)


def last_item(x, limit):
    items = []
    while x.sum() < limit:
        items.append(x.cos())
        x = x + 1
    return items[-1] + torch.stack(items).mean(0)


def twice_given(x, limit):
    items = []
    while x.sum() < limit:
        items.append(x * 1.5)
        x = x + 1
    s = torch.stack(items)
    return s, s + 1, s.detach(), torch.stack(items)


def turned(x, limit):
    items = []
    while x.sum() < limit:
        items.append(x * 1.5)
        x = x + 1
    return torch.stack(items).t(), torch.stack(items).cumsum(0)


def read_meanwhile(x, limit):
    items = []
    while x.sum() < limit:
        items.append(x.sin())
        x = x + items[0].abs() * 0 + len(items) * 0.25
    return torch.stack(items).sum(0)


def in_a_branch(x, limit):
    if x[0] > 0:
        items = []
        while x.sum() < limit:
            items.append(x.sin())
            x = x + 1
        return torch.stack(items).sum()
    return x.sum()


def sometimes(x, limit):
    items = []
    while x.sum() < limit:
        if x[0] > 1.5:
            items.append(x.sin())
        x = x + 1
    return torch.stack(items).sum(0)


def nested(x, limit):
    total = x * 0
    while x.sum() < limit:
        items, y = [], x
        while y.sum() < limit:
            items.append(y.tanh())
            y = y + 2
        total = total + torch.stack(items).sum(0)
        x = x + 2
    return total


def unequal(x, limit):
    left, right, y = [], [], x
    while x.sum() < limit:
        left.append(x.sum())
        x = x + 1
    while y.sum() < limit * 0.5 + 5:
        right.append(y.sum())
        y = y + 1
    return torch.stack(left) * torch.stack(right)


NATIVE = [stacked, scalars, two_lists, joined, returns, numbers, begun, twice_given]
"""These have native code."""
PROGRAMS = [*NATIVE, last_item, turned, read_meanwhile, in_a_branch, sometimes, nested, unequal]


def outcome(program, start, limit, seed):
    """The results, and the gradient; or the exception."""
    x = start.clone().requires_grad_()
    try:
        made = program(x, torch.tensor(limit))
    except (RuntimeError, IndexError, ValueError) as error:
        return type(error)
    parts = made if isinstance(made, tuple) else (made,)
    torch.manual_seed(seed)
    total = sum((part * torch.randn(part.shape)).sum() for part in parts if part.requires_grad)
    if isinstance(total, torch.Tensor):
        total.backward()
    return [part.detach() for part in parts], x.grad


def agree(a, b):
    if isinstance(a, type) or isinstance(b, type):
        assert a is b
        return
    assert len(a[0]) == len(b[0])
    for one, other in zip(a[0], b[0], strict=True):
        torch.testing.assert_close(one, other)
    assert (a[1] is None) == (b[1] is None)
    if a[1] is not None:
        torch.testing.assert_close(a[1], b[1], rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda p: p.__name__)
def test_values_gradients_and_exceptions_are_those_of_python(program):
    hybrid = hybridize(program, backend="native")
    lengths = torch.randint(3, 120, (4,), generator=torch.Generator().manual_seed(3)).tolist()
    start = torch.tensor([0.5, 0.7, 1.1])
    for call, rounds in enumerate([4, 7, 2, 0, 1, *lengths, 5]):
        limit = 2.3 + 3.0 * rounds - 0.5
        agree(outcome(hybrid, start, limit, call), outcome(program, start, limit, call))


@pytest.mark.parametrize("program", NATIVE, ids=lambda p: p.__name__)
def test_these_have_native_code(program):
    hybrid = hybridize(program, backend="native")
    x = torch.tensor([0.5, 0.7, 1.1], requires_grad=True)
    for rounds in (4, 3, 5):
        hybrid(x, torch.tensor(1.8 + 3.0 * rounds))
    assert "tier    native" in str(hybrid.report())


@pytest.mark.parametrize("program", NATIVE, ids=lambda p: p.__name__)
def test_without_gradients(program):
    hybrid = hybridize(program, backend="native")
    start = torch.tensor([0.5, 0.7, 1.1])
    with torch.no_grad():
        for rounds in (4, 3, 64, 1):
            limit = torch.tensor(1.8 + 3.0 * rounds)
            torch.testing.assert_close(hybrid(start, limit), program(start, limit))
