"""Viterbi decoding with backtracking: nested Python loops, a tensor-decided choice of predecessor."""
import torch

EXPECT = "graph"


def viterbi(emissions, transitions):
    score = emissions[0]
    back = []
    for t in range(1, len(emissions)):
        best, previous = (score.unsqueeze(1) + transitions).max(dim=0)
        score = best + emissions[t]
        back.append(previous)
    state = score.argmax()
    path = [state]
    for previous in reversed(back):
        state = previous[state]
        if state != path[-1]:
            score = score - 0.1
        path.append(state)
    return torch.stack(path[::-1]), score.max()


def make():
    def call(*rows):
        transitions = torch.tensor([[0.5, -0.5], [-0.25, 0.75]], requires_grad=True)
        return torch.tensor(rows, requires_grad=True), transitions

    return viterbi, [
        call([1.0, 0.0], [0.0, 1.0], [2.0, 0.0], [0.0, 3.0]),
        call([1.0, 0.0], [1.0, 0.0], [1.0, 0.0], [1.0, 0.0]),
        call([0.0, 1.0], [0.0, 2.0], [5.0, 0.0], [5.0, 0.0]),
    ]
