"""Edit distance by dynamic programming: a table filled by nested loops, with a branch in each cell."""
import torch

EXPECT = "graph"


def edit_distance(a, b, substitution):
    n, m = len(a), len(b)
    table = torch.zeros(n + 1, m + 1)
    table[:, 0] = torch.arange(n + 1)
    table[0, :] = torch.arange(m + 1)
    for i in range(1, n + 1):
        for j in range(1, m + 1):
            if a[i - 1] == b[j - 1]:
                cost = table[i - 1, j - 1]
            else:
                cost = torch.minimum(table[i - 1, j], table[i, j - 1]) + 1.0
                cost = torch.minimum(cost, table[i - 1, j - 1] + substitution)
            table[i, j] = cost
    return table[n, m]


def make():
    def call(a, b):
        return torch.tensor(a), torch.tensor(b), torch.tensor(1.25)

    return edit_distance, [call([1, 2, 3], [1, 2, 3]), call([1, 2, 3], [3, 2, 1]), call([1, 2, 3], [4, 5, 6])]
