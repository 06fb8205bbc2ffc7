"""Early stopping object with patience, called by a function that reads the outside."""
import torch
EXPECT = "graph"
MAX_GRAPHS = 3

class EarlyStopping:
    def __init__(self, patience=2, min_delta=0.01):
        self.patience, self.min_delta = patience, min_delta
        self.best = None
        self.wait = 0
        self.stopped = False

    def step(self, value):
        if self.best is None or value < self.best - self.min_delta:
            self.best = value
            self.wait = 0
        else:
            self.wait += 1
            if self.wait >= self.patience:
                self.stopped = True
        return self.stopped

def make():
    stopper = EarlyStopping()

    def epoch(losses):
        mean = losses.mean()
        if stopper.step(mean):
            print("stop")
            return None
        return mean

    return epoch, [(torch.tensor([v, v + 1]),) for v in (1.0, 0.5, 0.8, 0.7, 0.1)]
