"""The state of the loop lives in a dict whose entries are replaced each round."""
import torch

EXPECT = "graph"


def momentum_descent(x):
    state = {"x": x, "velocity": torch.zeros_like(x), "steps": 0}
    while state["x"].abs().max() > 0.5:
        state["velocity"] = 0.5 * state["velocity"] - 0.4 * state["x"]
        state["x"] = state["x"] + state["velocity"]
        state["steps"] += 1
    return state


def make():
    return momentum_descent, [
        (torch.tensor([0.3, 0.1], requires_grad=True),),
        (torch.tensor([1.0, -0.1], requires_grad=True),),
        (torch.tensor([5.0, -30.0], requires_grad=True),),
    ]
