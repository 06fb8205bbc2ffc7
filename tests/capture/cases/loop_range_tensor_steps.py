"""`range(start, stop, step)` with tensor bounds, counting down."""
import torch

EXPECT = "graph"


def horner(coefficients, degree, x):
    value = coefficients[degree]
    for i in range(degree - 1, -1, -1):
        value = value * x + coefficients[i]
    return value


def make():
    def call(degree, x):
        coefficients = torch.tensor([1.0, -2.0, 0.5, 0.25], requires_grad=True)
        return coefficients, torch.tensor(degree), torch.tensor(x, requires_grad=True)

    return horner, [call(3, 0.5), call(0, 0.5), call(1, -1.5), call(2, 2.0)]
