"""Abstract base, super(), classmethod constructor, __call__ and __repr__ in an f-string."""
import abc
import torch
EXPECT = "graph"

class Schedule(abc.ABC):
    count = 0

    def __init__(self, base):
        self.base = base
        type(self).count += 1

    @classmethod
    def default(cls):
        return cls(0.1)

    @abc.abstractmethod
    def factor(self, loss): ...

    def __call__(self, loss):
        lr = self.base * self.factor(loss)
        if lr < 1e-3:
            lr = torch.full_like(loss, 1e-3)
        return lr

    def __repr__(self):
        return f"{type(self).__name__}({self.base})"

class Exp(Schedule):
    def factor(self, loss):
        return torch.exp(-loss)

class Capped(Exp):
    def factor(self, loss):
        f = super().factor(loss)
        return f if f < 0.9 else f * 0 + 0.9

def lr_for(losses, capped=True):
    s = Capped.default() if capped else Exp(1.0)
    print(f"using {s!r}")
    return [s(l) for l in losses]

def make():
    return lr_for, [(torch.tensor(v),) for v in ([0.0, 1.0], [10.0, 2.0], [0.05, 0.01], [5.0, 0.0])]
