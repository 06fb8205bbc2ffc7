"""Numbers taken out with `.item()` are added up in a Python float and decide when to stop."""
import torch

EXPECT = "graph"


def spend(costs, budget):
    spent = 0.0
    bought = 0
    for cost in costs:
        price = cost.item()
        if spent + price > budget:
            continue
        spent += price
        bought += 1
    return spent, bought


def make():
    costs = torch.tensor([1.5, 2.25, 0.5, 4.0])
    return spend, [
        (costs, torch.tensor(4.0)),
        (costs.clone(), torch.tensor(0.25)),
        (costs.clone(), torch.tensor(100.0)),
    ]
