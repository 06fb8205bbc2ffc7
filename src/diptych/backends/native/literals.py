"""Python values as C text."""

from __future__ import annotations

import math
import re
from typing import Any

import torch

from diptych.backends.native.values import C_TYPES


def literal(value: Any, dtype: torch.dtype) -> str:
    """A constant of that type, as PyTorch would convert it."""
    if dtype is torch.bool:
        return "true" if value else "false"
    if dtype.is_floating_point:
        value = float(value)
        suffix = "f" if dtype is torch.float32 else ""
        if math.isnan(value):
            return f"({C_TYPES[dtype]})NAN"
        if math.isinf(value):
            return f"({C_TYPES[dtype]}){'-' if value < 0 else ''}INFINITY"
        if dtype is torch.float32:
            value = torch.tensor(value, dtype=dtype).item()
            if math.isinf(value):
                return f"({C_TYPES[dtype]}){'-' if value < 0 else ''}INFINITY"
        text = value.hex()
        return f"({text}{suffix})" if value < 0 else f"{text}{suffix}"
    number = int(value)
    if number == -(2**63):
        return "INT64_MIN"
    return f"((int64_t){number})" if dtype is torch.int64 and abs(number) > 2**31 else f"({number})"


def identifier(text: str, used: set[str]) -> str:
    """A C name that resembles `text` and is not used yet."""
    stem = re.sub(r"\W+", "_", text).strip("_")[:24] or "v"
    if not stem[0].isalpha():
        stem = f"v{stem}"
    name, number = f"{stem}_", 0
    while name in used:
        number += 1
        name = f"{stem}_{number}"
    used.add(name)
    return name


def comment(text: str) -> str:
    """Text that is safe inside a line comment."""
    return " ".join(text.replace("\\", "/").replace("??", "?").split())


def cast(text: str, source: torch.dtype, target: torch.dtype) -> str:
    """An element of one type as one of another, as PyTorch converts it."""
    if source is target:
        return text
    if target is torch.bool:
        return f"({text} != 0)"
    if source.is_floating_point and not target.is_floating_point:
        return f"(({C_TYPES[target]})(int64_t){text})"
    return f"(({C_TYPES[target]}){text})"
