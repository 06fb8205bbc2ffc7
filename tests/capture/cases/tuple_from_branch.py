"""Both sides assign a tuple; the pair is unpacked and swapped afterwards."""

import torch

EXPECT = "graph"


def ordered(x, y):
    if x.norm() < y.norm():
        pair = (x, y)
    else:
        pair = (y, x)
    small, large = pair
    small, large = large - small, small
    return (small * 2, (large, pair[0].sum()))


def make():
    def vectors(a, b):
        return torch.tensor(a, requires_grad=True), torch.tensor(b, requires_grad=True)

    return lambda x, y: ordered(x * 1, y * 1), [
        vectors([1.0, 2.0], [3.0, 4.0]),
        vectors([3.0, 4.0], [1.0, 0.0]),
        vectors([-3.0, 4.0], [5.0, 0.5]),
    ]
