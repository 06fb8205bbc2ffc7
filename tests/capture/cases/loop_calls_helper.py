"""The loop's body calls another function that has a branch and a loop of its own."""
import torch

EXPECT = "graph"


def clip_step(step, limit=1.0):
    if step.norm() > limit:
        return step * (limit / step.norm())
    return step


def double_until(x, bound):
    while x.abs().sum() < bound:
        x = x * 2.0
    return x


def move(x, goal):
    rounds = 0
    while (goal - x).norm() > 0.4:
        step = clip_step(goal - x)
        x = x + 0.75 * double_until(step, 0.5)
        rounds += 1
    return x, rounds


def make():
    goal = torch.tensor([1.0, 2.0])
    return move, [
        (torch.tensor([1.0, 1.9], requires_grad=True), goal),
        (torch.tensor([1.5, 2.0], requires_grad=True), goal),
        (torch.tensor([-4.0, 6.0], requires_grad=True), goal),
        (torch.tensor([1.45, 2.0], requires_grad=True), goal),
    ]
