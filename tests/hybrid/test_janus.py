"""The programs of `benchmarks/janus`, in small: every step is the imperative one, and graphs serve them."""

from __future__ import annotations

import pytest
import torch

from benchmarks.janus.compare import PROGRAMS, SERVED, compare, same

GRAPHS = {"lstm": 1, "treelstm": 2, "actor-critic": 2, "ppo": 2, "gan": 2}
"""At most so many: one for all trees, a second when labels vary; else one that makes the state, one that updates it."""


@pytest.mark.parametrize("name", PROGRAMS)
def test_hybridized_training_is_the_imperative_one(name: str) -> None:
    comparison = compare(name, steps=3, warm_up=2, small=True)
    assert comparison.first_difference is None
    assert comparison.refusals == []
    assert comparison.served == [SERVED] * 5
    assert comparison.graphs <= GRAPHS[name]


def test_a_difference_of_one_bit_is_seen() -> None:
    weight = torch.ones(2)
    assert same([weight, 1.0, float("nan")], [weight.clone(), 1.0, float("nan")])
    assert not same([weight], [weight.nextafter(torch.zeros(2))])
    assert not same([weight], [weight.double()])
    assert not same([weight], [weight, weight])
