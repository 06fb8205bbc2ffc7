"""Keep the best score and weights seen so far."""
import copy
import torch
from torch import nn
EXPECT = "graph"

class Keeper:
    def __init__(self, model):
        self.model = model
        self.best = float("inf")
        self.best_state = None
        self.bad_epochs = 0

    def __call__(self, x, y):
        with torch.no_grad():
            loss = nn.functional.mse_loss(self.model(x), y)
        if loss < self.best:
            self.best = loss.item()
            self.best_state = {k: v.clone() for k, v in self.model.state_dict().items()}
            self.bad_epochs = 0
        else:
            self.bad_epochs += 1
        return loss

def make():
    torch.manual_seed(0)
    k = Keeper(nn.Linear(2, 1))
    return k, [(torch.randn(4, 2), torch.randn(4, 1) * s) for s in (3.0, 1.0, 5.0, 0.1)]

def state(program):
    return {"best": program.best, "bad": program.bad_epochs, "state": program.best_state}
