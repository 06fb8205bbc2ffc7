"""Clocks around the work of a call: what they show is looked at when it is reached."""

import time

import torch

EXPECT = "graph"
MAX_GRAPHS = 2  # one more where there are no elements


class Timed:
    def __init__(self):
        self.slow = 0
        self.last = 0.0

    def __call__(self, x):
        start = time.perf_counter()
        y, rounds = x, 0
        while y.norm() > 1:
            y = y / 2
            rounds += 1
        took = time.perf_counter() - start
        fresh = took >= 0 and time.time() > self.last
        if took > 1000 * x.numel():
            self.slow += 1
        return y, rounds, fresh


def state(timed):
    return timed.slow


def make():
    return Timed(), [(torch.tensor(v),) for v in ([0.1, 0.2], [1.0, 2.0], [9.0, 9.0], [])]
