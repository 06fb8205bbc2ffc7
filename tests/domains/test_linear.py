"""Linear bounds: every function's lines contain it, and bounds of programs contain what the programs give."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from diptych.capture.api import capture
from diptych.domains.linear.bounds import Boxes, backward, crown, intervals, least
from diptych.domains.linear.functions import KNOWN, RELU, Known, leaky_relu
from diptych.domains.linear.lowering import UnsupportedOperation, lower
from diptych.domains.linear.steps import Relaxation

POSITIVE = {"log", "sqrt"}
ARITY = {"mul": 2, "max": 3}


def boxes_for(known: Known) -> tuple[list[torch.Tensor], list[torch.Tensor]]:
    """Intervals of many widths and places, a few of them points."""
    generator = torch.Generator().manual_seed(0)
    lows, highs = [], []
    for _ in range(ARITY.get(known.kind, 1)):
        low = torch.randn(4000, generator=generator, dtype=torch.float64) * 4
        width = 10 ** (torch.rand(4000, generator=generator, dtype=torch.float64) * 6 - 5)
        width[:50] = 0
        low = low.abs() + 1e-3 if known.kind in POSITIVE else low
        lows.append(low)
        highs.append(low + width)
    return lows, highs


def broken(known: Known) -> int:
    """How many sampled points lie outside of the lines or of the interval."""
    lows, highs = boxes_for(known)
    made = known.relax(lows, highs)
    least_value, most_value = known.image(lows, highs)
    generator = torch.Generator().manual_seed(1)
    wrong = 0
    for round_ in range(40):
        shares = [torch.rand(4000, generator=generator, dtype=torch.float64) for _ in lows]
        if round_ < 2:
            shares = [torch.full_like(share, float(round_)) for share in shares]
        points = [low + share * (high - low) for low, high, share in zip(lows, highs, shares, strict=True)]
        points = [torch.minimum(p, high) for p, high in zip(points, highs, strict=True)]
        value = known.function(*points)
        below = sum(c * p for c, p in zip(made.lower, points, strict=True)) + made.below
        above = sum(c * p for c, p in zip(made.upper, points, strict=True)) + made.above
        room = 4e-15 * (1 + value.abs())  # the lines themselves are evaluated in float64 here
        wrong += int(((below > value + room) | (above < value - room)).sum())
        wrong += int(((least_value > value) | (most_value < value)).sum())
    return wrong


@pytest.mark.parametrize("known", [*KNOWN, leaky_relu(2.0), leaky_relu(0.0)], ids=lambda known: known.kind)
def test_lines_contain_their_function(known: Known) -> None:
    assert broken(known) == 0


def test_a_planted_wrong_line_is_caught() -> None:
    def too_low(lows, highs) -> Relaxation:
        made = RELU.relax(lows, highs)
        return Relaxation(made.lower, made.below, made.upper, made.above - 1e-3)

    assert broken(Known("relu", RELU.function, too_low, RELU.image)) > 0


def test_relu_is_exact_where_it_does_not_bend() -> None:
    made = RELU.relax([torch.tensor([-2.0, 1.0])], [torch.tensor([-1.0, 2.0])])
    assert made.lower[0].tolist() == made.upper[0].tolist() == [0.0, 1.0]
    assert made.below.tolist() == made.above.tolist() == [0.0, 0.0]


class Residual(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Linear(6, 6), nn.Linear(6, 6)

    def forward(self, x):
        y = torch.tanh(self.first(x)) + x
        return torch.cat([torch.relu(self.second(y)) * y, y.abs(), torch.maximum(y, x), torch.minimum(y, 1 - x)], 1)


def convolutional() -> nn.Module:
    torch.manual_seed(5)
    net = nn.Sequential(
        nn.Conv2d(1, 3, 3, padding=1), nn.BatchNorm2d(3), nn.LeakyReLU(), nn.MaxPool2d(2), nn.Conv2d(3, 2, 2),
        nn.ReLU6(), nn.AvgPool2d(2), nn.Flatten(), nn.Linear(2, 3), nn.Softmax(-1),
    )  # fmt: skip
    net[1].running_mean.normal_()
    net[1].running_var.uniform_(0.5, 2)
    return net.eval()


def smooth(x):
    y = x[:, ::2] * torch.sigmoid(x[:, 1::2]) - torch.exp(-x[:, :3])
    z = torch.nn.functional.gelu(y) + torch.nn.functional.silu(y) + y.clamp(-0.5, 0.25)
    return (z / (1 + z**2) + torch.sqrt(z * z + 0.1) + torch.sin(z) - torch.cos(y)).sum(1, keepdim=True)


PROGRAMS = {
    "perceptron": (
        lambda: nn.Sequential(nn.Linear(6, 9), nn.ReLU(), nn.Linear(9, 7), nn.ReLU(), nn.Linear(7, 3)),
        (1, 6),
    ),
    "residual": (Residual, (1, 6)),
    "convolutional": (convolutional, (1, 1, 6, 6)),
    "smooth": (lambda: smooth, (1, 6)),
}


@pytest.mark.parametrize("name", PROGRAMS)
@pytest.mark.parametrize("radius", [1e-6, 0.01, 0.3, 2.0])
def test_bounds_contain_what_programs_give(name: str, radius: float) -> None:
    torch.manual_seed(3)
    build, shape = PROGRAMS[name]
    graph = capture(build(), torch.zeros(shape))
    with torch.no_grad():
        network, value = lower(graph)
        middle = torch.randn(5, *shape, dtype=torch.float64)
        boxes = Boxes(middle - radius, middle + radius)
        boxed = intervals(network, boxes)
        ranges, lines = crown(network, boxes)
        size = torch.Size(network.shape_of(value)).numel()
        rows = torch.randn(5, 4, *network.shape_of(value), dtype=torch.float64)
        coefficients, constants, _ = backward(network, boxes, value, rows, lines)
        below = least(boxes, coefficients, constants)
        for _ in range(200):
            points = boxes.lower + torch.rand(5, *shape, dtype=torch.float64) * 2 * radius
            values = network.run(points)
            for number, (low, high) in ranges.items():
                assert ((low <= values[number] + 1e-12) & (values[number] <= high + 1e-12)).all(), network.steps[
                    number - 1
                ]
                low, high = boxed[number]
                assert ((low <= values[number] + 1e-12) & (values[number] <= high + 1e-12)).all(), network.steps[
                    number - 1
                ]
            reached = (rows.reshape(5, 4, size) * values[value].reshape(5, 1, size)).sum(-1)
            assert (below <= reached + 1e-12).all()
            plain = torch.cat([graph(point.float()).double().flatten() for point in points])
            torch.testing.assert_close(plain, values[value].flatten(), rtol=1e-4, atol=1e-4)


def test_backward_bounds_see_what_cancels() -> None:
    graph = capture(lambda x: torch.relu(x + 3) - x, torch.zeros(1))
    with torch.no_grad():
        network, value = lower(graph)
        boxes = Boxes(torch.full((1, 1), -1.0).double(), torch.full((1, 1), 2.0).double())
        _, lines = crown(network, boxes)
        coefficients, constants, _ = backward(network, boxes, value, torch.ones(1, 1, 1).double(), lines)
        assert least(boxes, coefficients, constants).item() == pytest.approx(3.0, abs=1e-9)
        assert intervals(network, boxes)[value][0].item() == pytest.approx(0.0, abs=1e-9)


@pytest.mark.parametrize(
    ("program", "message"),
    [
        (lambda x: torch.sort(x)[0], "no linear bounds for aten.sort"),
        (lambda x: x.sum() if x.sum() > 0 else -x.sum(), "no linear bounds for aten.gt"),
        (lambda x: x @ x.t(), "both depend on the input"),
        (nn.Sequential(nn.Linear(6, 6), nn.Dropout(0.5)), "call eval"),
        (lambda x: x.to(torch.int64).to(torch.float32), "only float32 and float64"),
    ],
)
def test_what_has_no_rule_is_refused_with_its_place(program, message: str) -> None:
    with pytest.raises(UnsupportedOperation, match=message) as caught:
        lower(capture(program, torch.zeros(1, 6)))
    assert ".py:" in str(caught.value) or "call eval" in message
