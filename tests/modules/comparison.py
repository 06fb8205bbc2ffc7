"""How an entry of the zoo is compared: which calls it gets, and which entries may need more than one graph."""

from __future__ import annotations

from tests.capture.cases import Call
from tests.capture.harness import Case
from tests.capture.observation import Built, tensors
from tests.modules.zoo import Entry

CALLS = 2

FIRST_CALL = "the first call leaves behind what the second one reads"
COUNTER = "a number in Python counts the calls"
NOT_YET = "uses something that is not captured yet (packed sequences, sizes that data decide)"

MORE_THAN_ONE_GRAPH = {
    "running_mean_std": NOT_YET,
    "hooked_features": NOT_YET,
    "vector_quantizer_ema": NOT_YET,
    "packed_encoder": NOT_YET,
    "packed_encoder_unsorted": NOT_YET,
    "packed_encoder_list": NOT_YET,
    "sorted_packed_lstm": NOT_YET,
    "byol_lazy_target": FIRST_CALL,
    "inherited_linear_pruned": FIRST_CALL,
    "layer_made_in_forward": FIRST_CALL,
    "lazy_layers": FIRST_CALL,
    "rotary_embedding_grown": FIRST_CALL,
    "ssim": FIRST_CALL,
    "stateful_lstm": FIRST_CALL,
    "torch_transformer": FIRST_CALL,
    "yolo_head_eval": FIRST_CALL,
    "epsilon_greedy": COUNTER,
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
