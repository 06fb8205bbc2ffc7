"""try/except in a loop: singular systems are skipped, and how many were is reported."""
import torch

EXPECT = "any"


def solve_all(matrices, rhs):
    solutions, skipped = [], 0
    for matrix in matrices:
        try:
            solutions.append(torch.linalg.solve(matrix, rhs))
        except RuntimeError:
            skipped += 1
            solutions.append(torch.zeros_like(rhs))
    return torch.stack(solutions), skipped


def make():
    good, bad = [[2.0, 1.0], [1.0, 3.0]], [[1.0, 2.0], [2.0, 4.0]]
    rhs = torch.tensor([1.0, 1.0])
    return solve_all, [
        (torch.tensor([good, good]), rhs.clone()),
        (torch.tensor([good, bad]), rhs.clone()),
        (torch.tensor([bad, bad]), rhs.clone()),
    ]
