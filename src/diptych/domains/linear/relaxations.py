"""Lines around nonlinear functions on intervals, one function a kind.

ReLU as in CROWN (Zhang et al., "Efficient Neural Network Robustness Certification with General Activation Functions",
2018); convex and concave functions between a tangent and the chord; s-shaped ones by tangents found by bisection;
products by McCormick's envelopes (1976).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from diptych.domains.linear.steps import Image, Relax, Relaxation

ROUNDING = 1e-12
"""Lines are moved outward by this much, relative to the values around them, so that rounding cannot break them."""


def line(lower: Tensor, below: Tensor, upper: Tensor, above: Tensor) -> Relaxation:
    """A relaxation of a function of one value."""
    return Relaxation((lower,), below, (upper,), above)


def relu(lows: Sequence[Tensor], highs: Sequence[Tensor]) -> Relaxation:
    """The chord above; below 0 or x, whichever leaves the smaller area."""
    low, high = lows[0], highs[0]
    on, off = low >= 0, high <= 0
    width = torch.where(on | off, 1.0, high - low)
    slope = torch.where(on, 1.0, torch.where(off, 0.0, high / width))
    above = torch.where(on | off, 0.0, -low * slope)
    above = above + torch.where(on | off, 0.0, ROUNDING * (above + high))
    lower = torch.where(on, 1.0, torch.where(off, 0.0, (high > -low).to(low.dtype)))
    return line(lower, torch.zeros_like(low), slope, above)


def leaky_relu(negative: float) -> Relax:
    """`max(x, negative * x)`, for `0 <= negative <= 1` convex: `negative * x + (1 - negative) * relu(x)`."""

    def relax(lows: Sequence[Tensor], highs: Sequence[Tensor]) -> Relaxation:
        inner = relu(lows, highs)
        part = 1.0 - negative
        if part >= 0:
            return line(
                negative + part * inner.lower[0],
                part * inner.below,
                negative + part * inner.upper[0],
                part * inner.above,
            )
        return line(
            negative + part * inner.upper[0], part * inner.above, negative + part * inner.lower[0], part * inner.below
        )

    return relax


def absolute(lows: Sequence[Tensor], highs: Sequence[Tensor]) -> Relaxation:
    """`|x| = 2 relu(x) - x`."""
    inner = relu(lows, highs)
    return line(2 * inner.lower[0] - 1, 2 * inner.below, 2 * inner.upper[0] - 1, 2 * inner.above)


def curved(
    function: Callable[[Tensor], Tensor], slope: Callable[[Tensor], Tensor], convex: bool, image: Image
) -> Relax:
    """A convex (or concave) function: the tangent in the middle on one side, the chord on the other."""

    def relax(lows: Sequence[Tensor], highs: Sequence[Tensor]) -> Relaxation:
        low, high = lows[0], highs[0]
        middle = (low + high) / 2
        at_low, at_high, at_middle, tangent = function(low), function(high), function(middle), slope(middle)
        wide = high > low
        chord = torch.where(wide, (at_high - at_low) / torch.where(wide, high - low, 1.0), tangent)
        # The chord's line is moved until it is beyond the function at both ends, whatever its slope was rounded to.
        ends = torch.stack([at_low - chord * low, at_high - chord * high])
        slopes = (tangent.abs() + chord.abs()) * _reach(low, high)
        scale = ROUNDING * (at_low.abs() + at_high.abs() + at_middle.abs() + slopes)
        inside = at_middle - tangent * middle
        if convex:
            made = line(tangent, inside - scale, chord, ends.amax(0) + scale)
        else:
            made = line(chord, ends.amin(0) - scale, tangent, inside + scale)
        return _finite(made, image, lows, highs)

    return relax


def s_shaped(function: Callable[[Tensor], Tensor], slope: Callable[[Tensor], Tensor]) -> Relax:
    """An increasing odd-like function, convex left of 0 and concave right of it (sigmoid, tanh, atan, erf)."""

    def above(low: Tensor, high: Tensor) -> tuple[Tensor, Tensor]:
        """A line above: the tangent at a point `t >= 0` that passes above `low`, or the chord where `high` is left."""
        at_low, at_high = function(low), function(high)
        wide = high > low
        chord = torch.where(wide, (at_high - at_low) / torch.where(wide, high - low, 1.0), slope(high))
        # By bisection: the least t in [max(low, 0), high] whose tangent is at or above the function at `low`.
        left, right = low.clamp(min=0), torch.maximum(high, low.clamp(min=0))
        for _ in range(40):
            t = (left + right) / 2
            fits = function(t) + slope(t) * (low - t) >= at_low
            left, right = torch.where(fits, left, t), torch.where(fits, t, right)
        t = torch.where(low >= 0, (low + high) / 2, right)
        tangent = slope(t)
        fits = function(t) + tangent * (low - t) >= at_low
        useful = (high > 0) & fits & (t <= high)
        line_slope = torch.where(useful, tangent, torch.where(high <= 0, chord, chord.clamp(min=0)))
        ends = torch.maximum(at_low - line_slope * low, at_high - line_slope * high)
        through = torch.where(useful, function(t) - tangent * t, ends)
        # A chord that is not steeper than the tangent at `high` lies above; else a flat line does.
        flat = ~useful & (high > 0) & (chord > slope(high) * (1 + 1e-9))
        return torch.where(flat, 0.0, line_slope), torch.where(flat, at_high, through)

    def relax(lows: Sequence[Tensor], highs: Sequence[Tensor]) -> Relaxation:
        low, high = lows[0], highs[0]
        up_slope, up = above(low, high)
        middle = function(torch.zeros_like(low))
        # The function below is the function above of its mirror image: f(x) = 2 f(0) - f(-x).
        down_slope, mirrored = above(-high, -low)
        scale = ROUNDING * (1 + (up_slope.abs() + down_slope.abs()) * _reach(low, high))
        return line(down_slope, 2 * middle - mirrored - scale, up_slope, up + scale)

    return relax


def flat(image: Image) -> Relax:
    """Constant lines: the interval rule."""

    def relax(lows: Sequence[Tensor], highs: Sequence[Tensor]) -> Relaxation:
        below, above = image(lows, highs)
        zeros = tuple(torch.zeros_like(below) for _ in lows)
        return Relaxation(zeros, below, zeros, above)

    return relax


def product(lows: Sequence[Tensor], highs: Sequence[Tensor]) -> Relaxation:
    """McCormick: of the two planes on each side the one that is closer in the middle of the box."""
    (a, c), (b, d) = lows, highs
    x, y = (a + b) / 2, (c + d) / 2
    scale = ROUNDING * torch.maximum(a.abs(), b.abs()) * torch.maximum(c.abs(), d.abs())

    def pick(first: Tensor, one: tuple[Tensor, ...], other: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        return tuple(torch.where(first, p, q) for p, q in zip(one, other, strict=True))

    low_low, high_high = (c, a, -a * c), (d, b, -b * d)
    high_low, low_high = (c, b, -b * c), (d, a, -a * d)

    def at(plane: tuple[Tensor, ...]) -> Tensor:
        return plane[0] * x + plane[1] * y + plane[2]

    lower = pick(at(low_low) >= at(high_high), low_low, high_high)
    upper = pick(at(high_low) <= at(low_high), high_low, low_high)
    return Relaxation(lower[:2], lower[2] - scale, upper[:2], upper[2] + scale)


def maximum(lows: Sequence[Tensor], highs: Sequence[Tensor]) -> Relaxation:
    """The largest of several values: below, the one whose interval's middle is largest; above, see the code.

    Above it is exact where one value is always the largest, and for the rest a plane through the relu of the leader
    and the others' bound: with leader x and the others at most c, `max(x, c) <= c + relu(x - c)`, between whose ends
    the chord lies.
    """
    low, high = torch.stack(tuple(lows)), torch.stack(tuple(highs))
    leader = (low + high).argmax(0, keepdim=True)
    is_leader = torch.zeros_like(low, dtype=torch.bool).scatter_(0, leader, True)
    lead_low, lead_high = low.gather(0, leader)[0], high.gather(0, leader)[0]
    rest = torch.where(is_leader, -torch.inf, high).amax(0)
    exact = lead_low >= rest
    finite_rest = torch.where(torch.isfinite(rest), rest, lead_low)
    chord = relu([lead_low - finite_rest], [lead_high - finite_rest])
    slope = torch.where(exact, 1.0, chord.upper[0])
    above = torch.where(exact, 0.0, finite_rest - chord.upper[0] * finite_rest + chord.above)
    above = above + ROUNDING * above.abs()
    lower = is_leader.to(low.dtype)
    upper = torch.where(is_leader, slope, 0.0)
    return Relaxation(tuple(lower), torch.zeros_like(above), tuple(upper), above)


def _reach(low: Tensor, high: Tensor) -> Tensor:
    return torch.maximum(low.abs(), high.abs())


def _finite(made: Relaxation, image: Image, lows: Sequence[Tensor], highs: Sequence[Tensor]) -> Relaxation:
    """The relaxation where its numbers are finite, else the interval."""
    parts = torch.stack([made.lower[0], made.below, made.upper[0], made.above])
    good = torch.isfinite(parts).all(0)
    least, most = image(lows, highs)
    return line(
        torch.where(good, made.lower[0], 0.0),
        torch.where(good, made.below, least),
        torch.where(good, made.upper[0], 0.0),
        torch.where(good, made.above, most),
    )
