"""Python's own random choices, samples and shuffles of tensors and numbers."""
import random
import torch
EXPECT = "graph"

def program(x):
    rows = list(x.unbind(0))
    random.shuffle(rows)
    k = 2 if random.random() < 0.5 else 1
    picked = random.sample(rows, 2)
    total = sum(random.sample(range(10), 3))
    if rows[0][0] > 0:
        total += random.choice([1, 10, 100])
    return torch.stack(rows), picked, total, random.choice(rows), k

def make():
    torch.manual_seed(0)
    return program, [(torch.randn(4, 2),) for _ in range(4)]
