"""Variables without a value on some path: copying, passing or returning them raises there, as using them does."""

import torch

EXPECT = "graph"


def held(value):
    return [value]


def program(x, how):
    if x.sum() > 0:
        late = x * 2
    for step in range(int(how) % 3):
        last = step
    y = x + 1
    if how > 3:
        y = late
    elif how > 1:
        y = held(late)[0]
    else:
        pair = (last, y)
        y = pair[1] * pair[0]
    return y


def make():
    positive, negative = torch.tensor([1.0, 2.0]), torch.tensor([-1.0, -2.0])
    return program, [(x, torch.tensor(how)) for how in (0, 1, 2, 3, 4) for x in (positive, negative)]
