"""Sinkhorn iterations until the row sums are right."""
import torch

EXPECT = "graph"


def sinkhorn(cost, sharpness):
    plan = torch.exp(-sharpness * cost)
    rounds = 0
    while (plan.sum(1) - 1.0).abs().max() > 1e-2 and rounds < 50:
        plan = plan / plan.sum(1, keepdim=True)
        plan = plan / plan.sum(0, keepdim=True)
        rounds += 1
    return (plan * cost).sum(), rounds


def make():
    def call(sharpness, *rows):
        return torch.tensor(rows, requires_grad=True), torch.tensor(sharpness, requires_grad=True)

    return sinkhorn, [
        call(1.0, [0.0, 1.0], [1.0, 0.0]),
        call(3.0, [0.0, 1.0], [0.2, 0.9]),
        call(1.0, [0.6932, 0.6932], [0.6932, 0.6932]),
    ]
