"""The nonlinear functions that linear bounds know: what each computes, its lines and its interval."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from diptych.domains.linear import relaxations
from diptych.domains.linear.steps import Image, Relax


@dataclass(frozen=True)
class Known:
    """A function by name, with its relaxation and its interval rule."""

    kind: str
    function: Callable[..., Tensor]
    relax: Relax
    image: Image


def outward(low: Tensor, high: Tensor) -> tuple[Tensor, Tensor]:
    """Bounds that hold in spite of the rounding of a function of the C library (a few units in the last place)."""
    slack = 4e-16
    return low - slack * low.abs() - 1e-300, high + slack * high.abs() + 1e-300


def increasing(function: Callable[[Tensor], Tensor]) -> Image:
    """The interval rule of an increasing function; NaN becomes no bound."""

    def image(lows: Sequence[Tensor], highs: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
        low, high = outward(function(lows[0]), function(highs[0]))
        return torch.nan_to_num(low, nan=-math.inf, posinf=math.inf, neginf=-math.inf), torch.nan_to_num(
            high, nan=math.inf, posinf=math.inf, neginf=-math.inf
        )

    return image


def _square_image(lows: Sequence[Tensor], highs: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
    low, high = lows[0], highs[0]
    ends = torch.stack([low * low, high * high])
    least = torch.where((low <= 0) & (high >= 0), 0.0, ends.amin(0))
    return outward(least, ends.amax(0))


def _absolute_image(lows: Sequence[Tensor], highs: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
    low, high = lows[0], highs[0]
    ends = torch.stack([low.abs(), high.abs()])
    return torch.where((low <= 0) & (high >= 0), 0.0, ends.amin(0)), ends.amax(0)


def _reciprocal_image(lows: Sequence[Tensor], highs: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
    low, high = lows[0], highs[0]
    apart = (low > 0) | (high < 0)
    least, most = outward(1 / high, 1 / low)
    return torch.where(apart, least, -math.inf), torch.where(apart, most, math.inf)


def _reciprocal_relax() -> Relax:
    right = relaxations.curved(torch.reciprocal, lambda x: -1 / (x * x), True, _reciprocal_image)
    left = relaxations.curved(torch.reciprocal, lambda x: -1 / (x * x), False, _reciprocal_image)
    unknown = relaxations.flat(_reciprocal_image)

    def relax(lows: Sequence[Tensor], highs: Sequence[Tensor]) -> relaxations.Relaxation:
        made = [rule(lows, highs) for rule in (right, left, unknown)]
        positive, negative = lows[0] > 0, highs[0] < 0

        def pick(values: Sequence[Tensor]) -> Tensor:
            return torch.where(positive, values[0], torch.where(negative, values[1], values[2]))

        return relaxations.line(
            pick([m.lower[0] for m in made]),
            pick([m.below for m in made]),
            pick([m.upper[0] for m in made]),
            pick([m.above for m in made]),
        )

    return relax


def _product_image(lows: Sequence[Tensor], highs: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
    (a, c), (b, d) = lows, highs
    ends = torch.nan_to_num(torch.stack([a * c, a * d, b * c, b * d]), nan=0.0, posinf=math.inf, neginf=-math.inf)
    return outward(ends.amin(0), ends.amax(0))


def _maximum_image(lows: Sequence[Tensor], highs: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
    return torch.stack(tuple(lows)).amax(0), torch.stack(tuple(highs)).amax(0)


def _sine_image(lows: Sequence[Tensor], highs: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
    low, high = lows[0], highs[0]
    turn = 2 * math.pi

    def holds(point: float) -> Tensor:
        """Whether `[low, high]`, a little widened, holds `point + k turns` for a whole k."""
        return torch.floor((high + 1e-9 - point) / turn) >= torch.ceil((low - 1e-9 - point) / turn)

    ends = torch.stack([torch.sin(low), torch.sin(high)])
    known = torch.isfinite(low) & torch.isfinite(high) & (low.abs() < 1e6) & (high.abs() < 1e6)
    least, most = outward(ends.amin(0), ends.amax(0))
    least = torch.where(holds(-math.pi / 2) | ~known, -1.0, least.clamp(min=-1))
    return least, torch.where(holds(math.pi / 2) | ~known, 1.0, most.clamp(max=1))


Unary = Callable[[Tensor], Tensor]


def _known_curved(
    kind: str, function: Callable[[Tensor], Tensor], slope: Callable[[Tensor], Tensor], convex: bool
) -> Known:
    image = increasing(function)
    return Known(kind, function, relaxations.curved(function, slope, convex, image), image)


def _known_s(kind: str, function: Callable[[Tensor], Tensor], slope: Callable[[Tensor], Tensor]) -> Known:
    return Known(kind, function, relaxations.s_shaped(function, slope), increasing(function))


def leaky_relu(negative: float) -> Known:
    """`x` where it is positive, `negative * x` elsewhere; `negative` is not below 0."""

    def function(x: Tensor) -> Tensor:
        return torch.where(x > 0, x, negative * x)

    return Known(f"leaky_relu({negative})", function, relaxations.leaky_relu(negative), increasing(function))


def _softplus() -> Known:
    """log(1 + exp(x)); PyTorch gives x itself above 20, up to 2.1e-9 less, so everything below is moved by more."""

    def function(x: Tensor) -> Tensor:
        return torch.logaddexp(x, torch.zeros_like(x))

    smooth = _known_curved("softplus", function, torch.sigmoid, True)

    def relax(lows: Sequence[Tensor], highs: Sequence[Tensor]) -> relaxations.Relaxation:
        made = smooth.relax(lows, highs)
        return relaxations.line(made.lower[0], made.below - 3e-9, made.upper[0], made.above)

    def image(lows: Sequence[Tensor], highs: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
        low, high = smooth.image(lows, highs)
        return low - 3e-9, high

    return Known("softplus", torch.nn.functional.softplus, relax, image)


RELU = Known("relu", torch.relu, relaxations.relu, lambda lows, highs: (lows[0].clamp(min=0), highs[0].clamp(min=0)))
ABSOLUTE = Known("abs", torch.abs, relaxations.absolute, _absolute_image)
EXP = _known_curved("exp", torch.exp, torch.exp, True)
LOG = _known_curved("log", torch.log, torch.reciprocal, False)
SQRT = _known_curved("sqrt", torch.sqrt, lambda x: 0.5 / torch.sqrt(x), False)
SOFTPLUS = _softplus()
EXPM1 = _known_curved("expm1", torch.expm1, torch.exp, True)
SQUARE = Known(
    "square", torch.square, relaxations.curved(torch.square, lambda x: 2 * x, True, _square_image), _square_image
)
RECIPROCAL = Known("reciprocal", torch.reciprocal, _reciprocal_relax(), _reciprocal_image)
SIGMOID = _known_s("sigmoid", torch.sigmoid, lambda x: torch.sigmoid(x) * torch.sigmoid(-x))
TANH = _known_s("tanh", torch.tanh, lambda x: 1 - torch.tanh(x) ** 2)
ATAN = _known_s("atan", torch.atan, lambda x: 1 / (1 + x * x))
ERF = _known_s("erf", torch.erf, lambda x: 2 / math.sqrt(math.pi) * torch.exp(-x * x))
SINE = Known("sin", torch.sin, relaxations.flat(_sine_image), _sine_image)
PRODUCT = Known("mul", torch.mul, relaxations.product, _product_image)
MAXIMUM = Known("max", lambda *xs: torch.stack(xs).amax(0), relaxations.maximum, _maximum_image)

KNOWN = (
    RELU, leaky_relu(0.1), ABSOLUTE, EXP, LOG, SQRT, SOFTPLUS, EXPM1, SQUARE, RECIPROCAL, SIGMOID, TANH, ATAN, ERF,
    SINE, PRODUCT, MAXIMUM,
)  # fmt: skip
"""Every function, once; the contract tests go over them."""
