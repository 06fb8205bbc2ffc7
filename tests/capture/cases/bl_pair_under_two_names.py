"""A tuple of a number and a tensor that stands under two names, one of which moves on."""
import torch
EXPECT = "graph"
MAX_GRAPHS = 4

class Average:
    def __init__(self):
        self.now = self.kept = (1.0, torch.zeros(2))
        self.last = None

    def __call__(self, x):
        self.last = self.kept
        n, total = self.now
        self.now = (n + 1, total + x)
        return self.kept[0] * x, self.kept, self.last is self.kept

def before_call(average, number):
    if number % 2:
        average.kept = average.now

def state(average):
    return average.now, average.kept, average.last

def make():
    return Average(), [(torch.ones(2) * i,) for i in range(6)]
