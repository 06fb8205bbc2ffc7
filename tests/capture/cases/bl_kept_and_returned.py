"""What a call returns it also keeps: one object under several names, there and in the result."""

from collections import deque

import torch

EXPECT = "graph"
MAX_GRAPHS = 2  # the second call meets what the first has kept


class Tracker:
    def __init__(self):
        self.last = None
        self.recent = deque(maxlen=2)
        self.by_name = {}

    def __call__(self, x):
        record = {"mean": x.mean().item(), "rows": [x.max()]}
        if x.sum() > 0:
            record["rows"].append(x.min())
        self.last = record
        self.recent.append(record)
        self.by_name["last"] = record["rows"]
        pair = [record, record["rows"]]
        return record, pair, self.last is self.recent[-1]


def state(tracker):
    return tracker.last, list(tracker.recent), tracker.by_name, tracker.last and tracker.last["rows"] is tracker.by_name["last"]


def make():
    return Tracker(), [(torch.tensor(v),) for v in ([1.0, 2.0], [-1.0, 0.5])]
