"""A decorator that tries again with more jitter, and gives up with the last failure as the cause."""

import functools

import torch

EXPECT = "graph"


def retry(times, factor=10.0):
    def decorate(fn):
        @functools.wraps(fn)
        def wrapper(a, *args, jitter=1e-3, **kwargs):
            last = None
            for attempt in range(times):
                try:
                    return fn(a, *args, jitter=jitter, **kwargs), attempt
                except ArithmeticError as error:
                    last = error
                    jitter *= factor
            raise RuntimeError(f"gave up after {times}") from last

        return wrapper

    return decorate


@retry(3)
def inverse_root(a, jitter):
    m = a + jitter
    if m.min() <= 0:
        raise ArithmeticError(f"not positive: {m.min().item():.3f}")
    return m.rsqrt()


def make():
    return inverse_root, [(torch.tensor(v),) for v in ([1.0, 2.0], [-0.005, 1.0], [-0.05, 2.0], [-3.0, 1.0])]
