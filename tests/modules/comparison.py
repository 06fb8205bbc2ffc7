"""How an entry of the zoo is compared: which calls it gets, and which entries may need more than one graph."""

from __future__ import annotations

from tests.capture.cases import Call
from tests.capture.harness import Case
from tests.capture.observation import Built, tensors
from tests.modules.zoo import Entry

CALLS = 2

FIRST_CALL = "the first call leaves behind what the second one reads"
COUNTER = "a number in Python counts the calls"
PYTHON_RANDOM = "Python's random module is asked"
AUTOGRAD = "forward asks for gradients, or makes a tensor that requires them"

MORE_THAN_ONE_GRAPH = {
    "byol_lazy_target": FIRST_CALL,
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
    "seq2seq_greedy": PYTHON_RANDOM,
    "seq2seq_python_random": PYTHON_RANDOM,
    "seq2seq_teacher_forced": PYTHON_RANDOM,
    "gradient_penalty": AUTOGRAD,
    "siren": AUTOGRAD,
}
"""Entries that need more than one graph or the imperative program, and why. Results must be right anyway."""


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
