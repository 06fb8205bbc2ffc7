"""Own and built-in exceptions raised on a tensor's condition reach the handler that takes them."""

import torch

EXPECT = "graph"


class Negative(ValueError):
    def __init__(self, value, place):
        super().__init__(value)
        self.place = place


def check(x, k):
    if x[k] < 0:
        raise Negative(x[k] * 2, k)
    if x[k] > 5:
        raise KeyError("big")
    return x[k] * 3


def f(x):
    seen = []
    total = x.new_zeros(())
    for k in range(2):
        try:
            total = total + check(x, k)
        except Negative as error:
            seen.append(error.place)
            total = total - error.args[0]
        except KeyError as error:
            seen.append(str(error))
        else:
            seen.append("fine")
        finally:
            seen.append(k)
    return total, seen


def make():
    return f, [
        (torch.tensor(v, requires_grad=True),)
        for v in ([1.0, 2.0], [2.0, -1.0], [-5.0, -2.0], [6.0, 1.0], [1.0, 9.0], [-1.0, 7.0])
    ]
