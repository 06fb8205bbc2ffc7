"""Every module of the zoo, hybridized and imperative, must be indistinguishable, and one graph must serve it."""

from __future__ import annotations

import pytest
import torch

import diptych
from tests.capture.cases import Call
from tests.capture.harness import Case, build, compare, run
from tests.capture.observation import Built, Observation, tensors
from tests.modules.zoo import THEMES, ZOO, Entry

CALLS = 2

FIRST_CALL = "the first call leaves behind what the second one reads"
COUNTER = "a number in Python counts the calls"
PYTHON_RANDOM = "Python's random module decides"

MORE_THAN_ONE_GRAPH = {
    "byol_lazy_target": FIRST_CALL,
    "binary_linear": FIRST_CALL,
    "flow_actnorm_first_batch": FIRST_CALL,
    "inherited_linear_pruned": FIRST_CALL,
    "layer_made_in_forward": FIRST_CALL,
    "lazy_layers": FIRST_CALL,
    "rotary_embedding_grown": FIRST_CALL,
    "ssim": FIRST_CALL,
    "stateful_lstm": FIRST_CALL,
    "torch_transformer": FIRST_CALL,
    "yolo_head_eval": FIRST_CALL,
    "epsilon_greedy": COUNTER,
    "python_counters": COUNTER,
    "layer_drop_python_random": PYTHON_RANDOM,
    "seq2seq_python_random": PYTHON_RANDOM,
}
"""Entries whose second call may need another graph or the imperative program, and why. Results must be right anyway."""


def case_of(entry: Entry) -> Case:
    """The entry's module, called with other data of the same shapes each time.

    A module without trainable parameters gets arguments that require gradients, so that gradients are compared too.
    """

    def fresh() -> Built:
        module = entry.make().train(entry.train)
        calls = [Call(entry.inputs(), entry.kwargs()) for _ in range(CALLS)]
        if not any(parameter.requires_grad for parameter in module.parameters()):
            for tensor in tensors(calls, "calls").values():
                tensor.requires_grad_(tensor.is_floating_point())
        return Built(module, calls, lambda program: None)

    return Case(entry.name, fresh, "any" if entry.name in MORE_THAN_ONE_GRAPH else "graph")


BY_NAME = {entry.name: entry for entry in ZOO}


def test_names_are_unique() -> None:
    assert len(BY_NAME) == len(ZOO)


def test_every_theme_has_entries() -> None:
    assert all(theme.ENTRIES and theme.__doc__ for theme in THEMES)


def test_exceptions_name_entries() -> None:
    assert set(BY_NAME) >= set(MORE_THAN_ONE_GRAPH)


def is_finite(observation: Observation) -> bool:
    """Whether the result has no NaN, which would hide differences: NaN equals NaN in a comparison."""
    values = [value[-1] for value in (observation.tables["result"] or {}).values()]
    return not any(torch.is_tensor(v) and v.is_floating_point() and v.isnan().any() for v in values)


@pytest.mark.parametrize("name", BY_NAME)
def test_imperative_module_is_sound(name: str) -> None:
    """It runs without an error, gives numbers, and does the same thing again from the same seed."""
    case = case_of(BY_NAME[name])
    observations, _ = run(build(case), lambda program: program)
    assert [observation.error for observation in observations] == [None] * CALLS
    assert all(is_finite(observation) for observation in observations)
    verdict = compare(case, lambda program: program)
    assert verdict.status == "ok", str(verdict)


@pytest.mark.skipif(not hasattr(diptych, "hybridize"), reason="diptych.hybridize is not there yet")
@pytest.mark.parametrize("name", BY_NAME)
def test_hybridized_module(name: str) -> None:
    verdict = compare(case_of(BY_NAME[name]))
    assert verdict.passed, str(verdict)
