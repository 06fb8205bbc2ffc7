"""A deque with a bound and a defaultdict, made on the way and kept: they stay what they are."""
from collections import defaultdict, deque
import torch
EXPECT = "graph"

class Tracker:
    def __call__(self, xs):
        self.recent = deque(maxlen=2)
        self.sums = defaultdict(float, {"all": xs.sum()})
        for x in xs:
            if x > 1:
                self.recent.append(x)
        low = xs[0]
        while low > 1:
            low = low / 2
            self.sums["all"] = self.sums["all"] + low
        return low

def state(tracker):
    if not hasattr(tracker, "sums"):
        return None
    return list(tracker.recent), tracker.recent.maxlen, dict(tracker.sums), tracker.sums.default_factory

def make():
    return Tracker(), [(torch.tensor(v),) for v in ([1.0, 2.0, 3.0], [5.0, 0.0, 0.5], [3.0, 4.0, 5.0], [0.0, 0.0, 2.0])]
