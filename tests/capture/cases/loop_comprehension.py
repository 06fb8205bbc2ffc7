"""A list comprehension over a tensor with a condition, inside a loop that stops on a tensor."""
import torch

EXPECT = "graph"


def filtered_sums(rows, limit):
    total = torch.zeros(())
    for row in rows:
        kept = [v for v in row if v > 0]
        if kept:
            total = total + torch.stack(kept).sum()
        if total > limit:
            break
    return total


def make():
    rows = [[1.0, -2.0, 3.0], [-1.0, -2.0, -3.0], [4.0, 5.0, -6.0]]
    return filtered_sums, [
        (torch.tensor(rows, requires_grad=True), torch.tensor(100.0)),
        (torch.tensor(rows, requires_grad=True), torch.tensor(2.0)),
        ((-torch.tensor(rows)).requires_grad_(), torch.tensor(100.0)),
    ]
