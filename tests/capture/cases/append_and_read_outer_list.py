"""An outer list is appended to and read afterwards, or reached by another name."""

import torch

EXPECT = "any"


class Log:
    def __init__(self):
        self.losses = []
        self.same = self.losses


def make():
    log = Log()

    def program(x):
        log.losses.append(x.sum().item())
        if x.sum() > 0:
            log.same.append(x.mean())
        return sum(float(v) for v in log.losses), len(log.losses)

    program.log = log
    return program, [(torch.tensor([v, 1.0]),) for v in (1.0, -2.0, 3.0, 0.5)]


def state(program):
    return vars(program.log)
