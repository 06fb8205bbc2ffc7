"""The program's own context manager sees the exception of each path, and may swallow it."""

import contextlib

import torch

EXPECT = "graph"


class Section:
    def __init__(self, log, quiet):
        self.log, self.quiet = log, quiet

    def __enter__(self):
        self.log.append("in")
        return self

    def __exit__(self, kind, error, trace):
        self.log.append("out" if kind is None else kind.__name__)
        return self.quiet and kind is not None and issubclass(kind, ValueError)


def f(x):
    log = []
    y = x
    with Section(log, True) as section:
        if x[0] > 1:
            raise ValueError("swallowed")
        y = y * 2
        section.log.append("whole")
    try:
        with Section(log, False):
            if x[1] > 1:
                raise KeyError("passed on")
            y = y + 1
    except KeyError:
        y = y - 1
    with contextlib.suppress(ZeroDivisionError):
        if y[0] < 0:
            raise ZeroDivisionError
        log.append("end")
    return y, log


def make():
    return f, [
        (torch.tensor(v, requires_grad=True),) for v in ([1.0, 1.0], [2.0, -1.0], [9.0, 2.0], [-6.0, 1.0], [-3.0, 4.0])
    ]
