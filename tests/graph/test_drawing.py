"""Pictures: boxes lie inside their frames and beside each other, edges run down, and the file is sound XML."""

from __future__ import annotations

import itertools
import xml.etree.ElementTree as ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diptych.graph.layered import GAP_X, Box, place
from diptych.graph.layout import Leaf
from tests.graph import samples
from tests.graph.build import aten, f32, program

NAMESPACE = "{http://www.w3.org/2000/svg}"


def overlap(a, b):
    return a.x < b.x + b.width and b.x < a.x + a.width and a.y < b.y + b.height and b.y < a.y + a.height


@st.composite
def acyclic(draw):
    count = draw(st.integers(1, 12))
    sizes = st.tuples(st.floats(10, 200), st.floats(10, 200))
    boxes = [Box(*draw(sizes)) for _ in range(count)]
    pairs = list(itertools.combinations(range(count), 2))
    edges = draw(st.lists(st.sampled_from(pairs), unique=True, max_size=20)) if pairs else []
    return boxes, edges


@given(acyclic())
def test_layout(graph):
    boxes, edges = graph
    drawing = place(boxes, edges)
    for a, b in itertools.combinations(boxes, 2):
        assert not overlap(a, b)
    for box in boxes:
        assert -1e-6 <= box.x <= drawing.width - box.width + 1e-6
        assert -1e-6 <= box.y <= drawing.height - box.height + 1e-6
    for (i, j), route in zip(edges, drawing.routes, strict=True):
        assert route[0][1] == boxes[i].y + boxes[i].height
        assert route[-1][1] == boxes[j].y
        assert boxes[i].x <= route[0][0] <= boxes[i].x + boxes[i].width
        assert boxes[j].x <= route[-1][0] <= boxes[j].x + boxes[j].width
        assert all(a[1] <= b[1] for a, b in itertools.pairwise(route))


def test_straight_parts_of_edges_touch_no_box():
    boxes = [Box(40, 20), Box(300, 80), Box(40, 20)]
    drawing = place(boxes, [(0, 1), (1, 2), (0, 2)])
    (lane_top, lane_bottom) = drawing.routes[2][1:3]
    assert lane_top[0] == lane_bottom[0]
    assert not boxes[1].x < lane_top[0] < boxes[1].x + boxes[1].width


def test_neighbours_stand_straight_below_each_other():
    boxes = [Box(30, 20), Box(90, 20), Box(50, 20)]
    place(boxes, [(0, 1), (1, 2)])
    assert {round(box.center, 6) for box in boxes} == {45.0}
    siblings = [Box(30, 20), Box(30, 20), Box(30, 20)]
    place(siblings, [(0, 2), (1, 2)])
    assert siblings[1].x - siblings[0].x == pytest.approx(30 + GAP_X)
    assert siblings[2].center == pytest.approx((siblings[0].center + siblings[1].center) / 2)


def draw(graph, tmp_path):
    path = tmp_path / "graph.svg"
    graph.to_svg(path)
    return ElementTree.parse(path).getroot()


def texts(root):
    return [element.text for element in root.iter(f"{NAMESPACE}text")]


@pytest.mark.parametrize("name", samples.ALL)
def test_everything_lies_inside(name, tmp_path):
    root = draw(samples.ALL[name](), tmp_path)
    width, height = float(root.get("width")), float(root.get("height"))
    rectangles = [r for r in root.iter(f"{NAMESPACE}rect") if r.get("x") is not None]
    assert rectangles
    boxes = [Box(*(float(r.get(key)) for key in ("width", "height", "x", "y"))) for r in rectangles]
    for box in boxes:
        assert 0 <= box.x <= width - box.width
        assert 0 <= box.y <= height - box.height
    for a, b in itertools.combinations(boxes, 2):
        assert not overlap(a, b) or inside(a, b) or inside(b, a)


def inside(a, b):
    horizontal = b.x <= a.x and a.x + a.width <= b.x + b.width
    return horizontal and b.y <= a.y and a.y + a.height <= b.y + b.height


def test_regions_are_named(tmp_path):
    shown = texts(draw(samples.branch(), tmp_path))
    for text in ("if x.sum() > 0", "then", "else", "matmul", "self.weight", "yield %10, 2", "return %2, %3"):
        assert text in shown
    shown = texts(draw(samples.loop(), tmp_path))
    for text in ("while h.sum() < limit and n < 50", "test", "body", "mul 1.5"):
        assert text in shown


def test_parameters_say_what_they_receive(tmp_path):
    shown = texts(draw(samples.branch(), tmp_path))
    assert "from %x  float32[3]" in shown
    assert sum("from %weight" in text for text in shown) == 1  # the side that does not use it leaves it out


def test_functions_are_drawn_once(tmp_path):
    shown = texts(draw(samples.recursion(), tmp_path))
    assert shown.count("function @power") == 1
    assert shown.count("@power") == 2


def test_markup_in_the_source_is_escaped(tmp_path):
    def build(b, x):
        b.at(1, "y = x if a < b and c > d else '<&>'")
        return (b.op(aten.neg.default, x, spec=f32()),)

    root = draw(program({"x": f32()}, build, Leaf(0), name="<g>"), tmp_path)
    assert "graph <g>" in texts(root)
    titles = [element.text for element in root.iter(f"{NAMESPACE}title")]
    assert titles == ["model.py:1  y = x if a < b and c > d else '<&>'"]
