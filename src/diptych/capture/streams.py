"""Streams of random numbers that a program keeps: how one is drawn from, and put back to where it was."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from diptych.graph.functions import Draw
from diptych.graph.own_ops import python_draw

STREAMS = (random.Random, np.random.RandomState, np.random.Generator, torch.Generator)


def keeper(stream: Any) -> Callable[[], None]:
    """What puts a stream back to where it is now."""
    if isinstance(stream, random.Random):
        known = stream.getstate()
        return lambda: stream.setstate(known)
    if isinstance(stream, np.random.Generator):
        bits: Any = stream.bit_generator
        held = bits.state
        return lambda: setattr(bits, "state", held)
    state: Any = stream.get_state()
    return lambda: stream.set_state(state)


def drawing(stream: Any, function: Any) -> Draw:
    """The target of a node that draws; `function` is one of torch that takes `generator=`, or the name of a method."""
    if isinstance(stream, torch.Generator):
        return Draw(stream, lambda g, *args, **kwargs: function(*args, generator=g, **kwargs), str(function))
    if isinstance(stream, random.Random):
        return Draw(stream, python_draw, "python_random")
    return Draw(stream, lambda g, *args: getattr(g, function)(*args), f"numpy_{function}")
