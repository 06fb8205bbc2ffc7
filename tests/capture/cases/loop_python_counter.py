"""A Python counter and a Python float are carried through a tensor-decided loop and come out as numbers."""
import torch

EXPECT = "graph"


def anneal(energy):
    steps = 0
    temperature = 1.0
    while energy.sum() > temperature:
        energy = energy * 0.7
        steps += 1
        temperature *= 0.9
    return energy, steps, temperature


def make():
    return anneal, [
        (torch.tensor([0.2, 0.3], requires_grad=True),),
        (torch.tensor([2.0, 3.0], requires_grad=True),),
        (torch.tensor([40.0, 7.0], requires_grad=True),),
    ]
