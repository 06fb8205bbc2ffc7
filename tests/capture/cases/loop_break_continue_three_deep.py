"""break and continue at different depths of a for in a while in an if."""
import torch

EXPECT = "graph"


def scan(x, limit):
    rounds = 0
    if x.sum() > 0:
        while True:
            rounds += 1
            for i in range(3):
                if x[i] > limit:
                    continue
                if x[i] < -limit:
                    break
                x = x * 1.5
            if x.abs().max() > 2.0 * limit or rounds == 5:
                break
    else:
        x = -x
    return x, rounds


def make():
    def call(*x):
        return torch.tensor(x, requires_grad=True), torch.tensor(3.0)

    return scan, [call(1.0, -0.5, 0.2), call(-1.0, -2.0, 0.0), call(4.0, 1.0, -3.5), call(3.2, 3.1, -3.5)]
