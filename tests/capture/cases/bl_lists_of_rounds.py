"""Lists that grow by the rounds of a loop: inserted into, popped from, reversed, and written to at both ends."""
import torch
EXPECT = "graph"

def program(x):
    first, every, window = [], [0], [x]
    n = 0
    while x.sum() > 1:
        first.insert(0, x.sum())
        every.insert(1, n)
        if x[0] > n:
            every[-1] += 1
        x = x / 2
        window.append(x)
        if len(window) > 3:
            window.pop(1)
        n += 1
    window[0] = window[-1] * 2
    every.reverse()
    return first, every, torch.stack(window), len(window)

def make():
    values = ([9.0, 2.0, 3.0], [1.0, 1.0, 3.0], [0.0, 0.1, 0.0], [50.0, 50.0, 50.0])
    return program, [(torch.tensor(v),) for v in values]
