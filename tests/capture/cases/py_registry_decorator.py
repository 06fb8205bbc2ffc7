"""Functions in a registry by decorator, picked by argmax of a score."""
import functools
import torch
EXPECT = "graph"
REGISTRY = {}

def register(name):
    def wrap(fn):
        @functools.wraps(fn)
        def inner(x, **kw):
            out = fn(x, **kw)
            if torch.isnan(out).any():
                return torch.zeros_like(out)
            return out
        REGISTRY[name] = inner
        return inner
    return wrap

@register("sqrt")
def op_sqrt(x, scale=1.0):
    return x.sqrt() * scale

@register("log")
def op_log(x, scale=1.0):
    return x.log() * scale

@register("neg")
def op_neg(x, scale=1.0):
    return -x * scale

def dispatch(x, scores):
    names = sorted(REGISTRY)
    i = scores.argmax().item()
    return names[i], REGISTRY[names[i]](x, scale=2.0)

def make():
    T = torch.tensor
    return dispatch, [(T(x), T(s)) for x, s in (([1.0, 4.0], [0.1, 0.2, 0.9]), ([1.0, -4.0], [0.1, 0.2, 0.9]), ([1.0, 4.0], [0.9, 0.2, 0.1]), ([3.0, 4.0], [0.0, 1.0, 0.1]))]
