"""The programs of `benchmarks/janus`, in small: every step is the imperative one, and graphs serve them."""

from __future__ import annotations

import pytest
import torch

from benchmarks.janus.compare import IMPERATIVE, PROGRAMS, SERVED, compare, same

GRAPHS = {"treelstm": 2}
"""One graph for all steps, but for trees: a second one when labels vary."""


@pytest.mark.parametrize("name", PROGRAMS)
def test_hybridized_training_is_the_imperative_one(name: str) -> None:
    comparison = compare(name, steps=3, warm_up=2, small=True)
    assert comparison.first_difference is None
    assert comparison.refusals == []
    assert comparison.served == [IMPERATIVE] + [SERVED] * 4
    assert comparison.graphs <= GRAPHS.get(name, 1)


def test_a_difference_of_one_bit_is_seen() -> None:
    weight = torch.ones(2)
    assert same([weight, 1.0, float("nan")], [weight.clone(), 1.0, float("nan")])
    assert not same([weight], [weight.nextafter(torch.zeros(2))])
    assert not same([weight], [weight.double()])
    assert not same([weight], [weight, weight])
