"""The text of a KeyError under a number of the graph, and of an AssertionError."""

import torch

EXPECT = "graph"


def f(x):
    key = int(x[0])
    try:
        found = {1: "one", 2: "two"}[key]
    except KeyError as error:
        found = f"no {error.args[0]}"
    try:
        item = [10, 20, 30][key]
    except IndexError as error:
        item = str(error)
    try:
        assert x[1] > 0, "not positive"
        sign = 1
    except AssertionError as error:
        sign = str(error)
    return found, item, sign


def make():
    return f, [(torch.tensor(v),) for v in ([1.0, 1.0], [2.0, -1.0], [5.0, 1.0], [-7.0, -1.0])]
