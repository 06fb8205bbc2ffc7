"""Integer tensors and Python integers: floor division, remainder, shifts and bit tests decide."""

import torch

EXPECT = "graph"


def collatz_step(n):
    if n % 2 == 0:
        m = n // 2
    else:
        m = 3 * n + 1
    if m & 4:
        m = m ^ 1
    parity = int(m) % 2
    return m, parity, (m << 1) + parity


def make():
    return collatz_step, [(torch.tensor(n),) for n in (7, 8, 16, 1, 4)]
