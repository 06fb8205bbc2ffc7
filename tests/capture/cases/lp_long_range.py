"""Long loops whose number of rounds Python knows: state, branches, an exit, printed lines, a list of numbers."""

import torch

EXPECT = "graph"


class Walker:
    def __init__(self):
        self.place, self.turns, self.highest = 0.0, 0, -1.0

    def walk(self, x, limit):
        total = torch.zeros(())
        path = []
        for t in range(90):
            step = torch.sin(x[t % 3] * t)
            self.place += step.item() / (t + 1)
            if step > 0.5:
                self.turns += 1
                total = total + step
            if self.place > self.highest:
                self.highest = self.place
            if t % 40 == 0:
                print(t, round(self.place, 6))
            path.append(self.place)
            if total > limit:
                print("left at", t)
                break
        else:
            print("all the way")
        for t in reversed(range(1, 100)):
            total = total - t * 1e-3
            if self.turns > 25:
                return None
        return total, sum(path), len(path), t


def make():
    walker = Walker()
    xs = ([1.0, 2.0, 3.0], [0.1, -0.2, 0.3], [1.5, 0.5, 2.5])
    return walker.walk, [(torch.tensor(x, requires_grad=True), torch.tensor(limit)) for x, limit in zip(xs, (8.0, 80.0, 8.0))]


def state(program):
    return vars(program.__self__)
