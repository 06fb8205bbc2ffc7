"""A module-level list and dictionary share a tensor that a branch writes."""

import torch

EXPECT = "any"


BANK = torch.zeros(3)
TABLE = {"bank": BANK, "last": None}
LOG = []


def f(x):
    if x.max() > 1:
        TABLE["bank"][0] += 1
        TABLE["last"] = x.detach()
    else:
        BANK[1] -= 1
        LOG.append(x.detach())
    return x * BANK[0] + TABLE["bank"][1] + len(LOG)


def make():
    return f, [(torch.tensor(v, requires_grad=True),) for v in ([1.0, 2.0], [-1.0, -2.0], [4.0, 1.0])]


def state(program):
    return {"bank": BANK, "table": TABLE, "log": LOG}
