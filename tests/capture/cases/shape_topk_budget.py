"""top-p filtering: how many of the sorted probabilities are kept is found in a loop."""
import torch

EXPECT = "graph"


def nucleus(logits, p):
    probs, order = logits.softmax(-1).sort(descending=True)
    total = probs[0]
    count = 1
    while total < p and count < len(probs):
        total = total + probs[count]
        count += 1
    kept = probs[:count] / total
    return kept, order[:count]


def make():
    def call(p, *logits):
        return torch.tensor(logits, requires_grad=True), torch.tensor(p)

    return nucleus, [call(0.5, 3.0, 0.0, 1.0), call(0.9, 1.0, 1.1, 1.2), call(0.7, 1.0, 2.0, 0.5)]
