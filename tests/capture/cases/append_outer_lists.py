"""Outer lists that grow from call to call: what they held before does not matter to the program."""

import torch

EXPECT = "graph"
SEEN = []


class Log:
    def __init__(self):
        self.losses, self.notes, self.pairs = [], [], []
        self.extra = [torch.ones(1)]


def make():
    log, closed = Log(), []

    def program(x):
        loss = (x * 2).sum()
        log.losses.append(loss.item())
        log.losses.append(loss * 2)
        log.notes.append("up" if loss > 0 else "down")
        log.pairs.append((x, {"n": len(log.extra)}))
        closed.append(x + 1)
        SEEN.append([])
        return x * 2 if loss > 0 else x

    program.log, program.closed, program.seen = log, closed, SEEN
    return program, [(torch.tensor([v, 1.0]),) for v in (1.0, -2.0, 3.0, 0.5)]


def state(program):
    return [vars(program.log), program.closed, list(program.seen)]
