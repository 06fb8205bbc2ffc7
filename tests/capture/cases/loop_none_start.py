"""A value that starts as None and becomes a tensor in the loop."""
import torch

EXPECT = "graph"


def best_row(rows, floor):
    best = None
    for row in rows:
        score = row.sum()
        if score > floor and (best is None or score > best.sum()):
            best = row
    if best is None:
        return rows.mean(0)
    return best * 2.0


def make():
    def call(floor):
        return torch.tensor([[1.0, 2.0], [3.0, 4.0], [2.0, 2.0]], requires_grad=True), torch.tensor(floor)

    return best_row, [call(0.0), call(5.0), call(100.0)]
