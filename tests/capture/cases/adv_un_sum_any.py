"""sum, any, all, min, max, len, sorted, zip, map, filter over lists whose length depends on the path."""

import torch

EXPECT = "any"


def f(x):
    vals = [x[0], x[1]]
    nums = [1, 2]
    if x.sum() > 0:
        vals.append(x.sum())
        nums.append(0)
    pos = list(filter(lambda v: v > 0, vals))
    return (
        sum(vals),
        max(nums),
        min(nums),
        len(pos),
        sorted(nums),
        any(v > 3 for v in vals),
        all(n > 0 for n in nums),
        [a * b for a, b in zip(vals, nums)],
        list(map(abs, nums)),
        list(reversed(nums)),
        nums.index(2),
        nums.count(1),
        sum(nums),
    )


def make():
    return f, [(torch.tensor(v, requires_grad=True),) for v in ([1.0, 2.0], [-1.0, -2.0], [4.0, 1.0])]
