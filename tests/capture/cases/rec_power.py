"""Recursion on a tensor exponent: exponentiation by squaring."""
import torch

EXPECT = "graph"


def power(x, n):
    if n == 0:
        return torch.ones_like(x)
    if n % 2 == 1:
        return x * power(x, n - 1)
    half = power(x, n // 2)
    return half * half


def make():
    def call(n):
        return torch.tensor([1.5, -0.5], requires_grad=True), torch.tensor(n)

    return power, [call(0), call(1), call(2), call(11)]
