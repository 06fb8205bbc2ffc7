"""The perceptron algorithm: weights are corrected at each mistake until a whole pass has none."""
import torch

EXPECT = "graph"


def perceptron(points, labels):
    w = torch.zeros(3)
    for epoch in range(10):
        mistakes = 0
        for x, y in zip(points, labels):
            features = torch.cat([x, torch.ones(1)])
            if y * (w @ features) <= 0:
                w = w + y * features
                mistakes += 1
        if mistakes == 0:
            break
    return w, epoch


def make():
    points = torch.tensor([[2.0, 1.0], [1.0, 3.0], [-1.0, -2.0], [-2.0, 0.5]])
    return perceptron, [
        (points, torch.tensor([1.0, 1.0, -1.0, -1.0])),
        (points, torch.tensor([1.0, -1.0, -1.0, 1.0])),
        (points, torch.tensor([1.0, 1.0, 1.0, 1.0])),
    ]
