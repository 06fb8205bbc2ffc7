"""A function made on the way refers to tensors of the call, and is called after it."""
import functools
import torch
EXPECT = "any"

class Scaler:
    def __call__(self, xs):
        high = xs.max()
        if high > 2:
            xs = xs / high
        self.undo = lambda ys: ys * high
        self.shift = functools.partial(torch.add, xs)
        return xs

def state(scaler):
    return (scaler.undo(torch.ones(2)), scaler.shift(1.0)) if hasattr(scaler, "undo") else None

def make():
    return Scaler(), [(torch.tensor(v),) for v in ([1.0, 4.0], [0.5, 1.0], [8.0, 2.0])]
