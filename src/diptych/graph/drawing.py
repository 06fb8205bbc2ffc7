"""A picture of a graph: steps as boxes, values as edges, the regions of control flow as boxes inside of boxes."""

from __future__ import annotations

import html
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from torch import fx

from diptych.graph import walk
from diptych.graph.control import Raise, cond
from diptych.graph.layered import Box, Point, place
from diptych.graph.lines import first_line
from diptych.graph.text import Printer, constant_text

if TYPE_CHECKING:
    from diptych.graph.program import SymbolicGraph

FONT, SMALL = 12.0, 10.0
PAD = 14.0
_LONGEST = 44

STYLES: dict[str, tuple[str, str]] = {
    "argument": ("#dbeafe", "#2563eb"),
    "state": ("#ede9fe", "#7c3aed"),
    "constant": ("#f1f5f9", "#94a3b8"),
    "parameter": ("#ffffff", "#94a3b8"),
    "step": ("#ffffff", "#475569"),
    "number": ("#f8fafc", "#94a3b8"),
    "call": ("#fae8ff", "#a21caf"),
    "raise": ("#fee2e2", "#dc2626"),
    "output": ("#e2e8f0", "#475569"),
    "if": ("#fffbeb", "#d97706"),
    "while": ("#f0fdf4", "#16a34a"),
    "region": ("#ffffff", "#cbd5e1"),
}
"""Kind of a box -> its fill and its outline."""


def graph_svg(graph: SymbolicGraph) -> str:
    """The picture of a whole graph, its functions below it, as the text of an SVG file."""
    printer = Printer(graph)
    for _ in printer.lines():
        pass  # printing names the values
    painter = _Painter(graph, printer)
    panels = [painter.panel(f"graph {graph.name}", graph.module)]
    for function in walk.functions(graph.module):
        assert function.body is not None
        panels.append(painter.panel(f"function {printer.functions[id(function)]}", function.body))
    width = max(panel.width for panel in panels) + 2 * PAD
    parts: list[str] = []
    y = PAD
    for panel in panels:
        parts += panel.draw(PAD, y)
        y += panel.height + PAD
    return "\n".join([_HEAD.format(width=f"{width:.0f}", height=f"{y:.0f}"), *parts, "</svg>", ""])


@dataclass
class _Shape:
    """A box with its size, and how it is drawn at a place."""

    width: float
    height: float
    draw: Callable[[float, float], list[str]]


@dataclass
class _Sheet:
    """The boxes and edges of one module while it is laid out.

    State and constants are `loose`: they are drawn beside each use, instead of with long edges from one place.
    """

    shapes: list[_Shape] = field(default_factory=list[_Shape])
    edges: list[tuple[int, int]] = field(default_factory=list[tuple[int, int]])
    index: dict[fx.Node, int] = field(default_factory=dict[fx.Node, int])
    loose: dict[fx.Node, _Shape] = field(default_factory=dict[fx.Node, _Shape])

    def add(self, shape: _Shape, sources: Iterator[fx.Node]) -> int:
        above = [self.find(source) for source in dict.fromkeys(sources) if source in self.index or source in self.loose]
        here = len(self.shapes)
        self.shapes.append(shape)
        self.edges += [(source, here) for source in dict.fromkeys(above)]
        return here

    def find(self, source: fx.Node) -> int:
        """The box of a value; of a loose one, a new box for every use."""
        if source not in self.loose:
            return self.index[source]
        self.shapes.append(self.loose[source])
        return len(self.shapes) - 1

    def finish(self) -> _Shape:
        boxes = [Box(shape.width, shape.height) for shape in self.shapes]
        drawing = place(boxes, self.edges)

        def draw(x: float, y: float) -> list[str]:
            lines = [_edge([(x + px, y + py) for px, py in route]) for route in drawing.routes]
            for shape, box in zip(self.shapes, boxes, strict=True):
                lines += shape.draw(x + box.x, y + box.y)
            return lines

        return _Shape(drawing.width, drawing.height, draw)


class _Painter:
    def __init__(self, graph: SymbolicGraph, printer: Printer) -> None:
        self.graph = graph
        self.printer = printer
        self.roles = dict(zip(walk.placeholders(graph.module), graph.inputs, strict=True))

    def panel(self, title: str, module: fx.GraphModule) -> _Shape:
        return _framed(title, "", [self.module(module, "return")], "region", "")

    def module(self, module: fx.GraphModule, last_word: str, operands: tuple[Any, ...] | None = None) -> _Shape:
        """One module; of a region, with its `operands`, the parameters that it does not use are left out."""
        sheet = _Sheet()
        for number, node in enumerate(walk.placeholders(module)):
            if operands is None or node.users:
                source = "" if operands is None else f"from {self.printer.value(operands[number])}  "
                shape, declared = self.parameter(node, source), self.roles.get(node)
                if declared is not None and declared.role == "state" and node.users:
                    sheet.loose[node] = shape
                else:
                    sheet.index[node] = sheet.add(shape, iter(()))
        for node in walk.steps(module):
            if (found := walk.component(node)) is not None:
                sheet.index[node] = sheet.index[found[0]]
            elif node.op == "get_attr" and node.users:
                sheet.loose[node] = self.step(node)
            else:
                sheet.index[node] = sheet.add(self.step(node), iter(node.all_input_nodes))
        if not walk.diverges(module):
            outputs = walk.outputs(module)
            label = ", ".join(self.printer.value(value) for value in outputs)
            shape = _labelled(f"{last_word} {label}".strip(), "", "output", "")
            sheet.add(shape, (value for value in outputs if isinstance(value, fx.Node)))
        return sheet.finish()

    def parameter(self, node: fx.Node, source: str) -> _Shape:
        declared = self.roles.get(node)
        name, spec = self.printer.value(node), str(node.meta["spec"])
        if declared is None:
            return _labelled(name, f"{source}{spec}", "parameter", "", round_=True)
        return _labelled(declared.path, f"{name}  {spec}", declared.role, "", round_=True)

    def step(self, node: fx.Node) -> _Shape:
        if regions := walk.regions(node):
            kind, titles = ("if", ("then", "else")) if node.target is cond else ("while", ("test", "body"))
            inner = [
                _framed(title, "", [self.module(region, "yield", walk.operands(node))], "region", "")
                for title, region in zip(titles, regions, strict=True)
            ]
            return _framed(self.heading(kind, node), self.results(node), inner, kind, _source(node))
        return _labelled(self.label(node), self.results(node), _kind(node), _source(node))

    def heading(self, kind: str, node: fx.Node) -> str:
        where = walk.where_of(node)
        text = first_line(where.text).rstrip(":") if where is not None else ""
        if text.startswith((kind, "elif")):
            return text
        first: Any = node.args[0] if kind == "if" else None
        return f"if {self.printer.value(first)}" if kind == "if" else "while"

    def label(self, node: fx.Node) -> str:
        """The short name of a step and its constant arguments."""
        if node.op == "get_attr":
            return self.printer.right_side(node)
        if isinstance(node.target, Raise):
            return self.printer.right_side(node)
        name = self.printer.called(node)
        parts = name.split(".")
        short = parts[1] if parts[0] in ("aten", "operator") and len(parts) > 1 else name
        constants = [constant_text(value) for value in node.args if _is_plain(value)]
        constants += [f"{key}={constant_text(value)}" for key, value in node.kwargs.items() if _is_plain(value)]
        return " ".join([short.strip("_") if parts[0] == "operator" else short, *constants])

    def results(self, node: fx.Node) -> str:
        if isinstance(node.target, Raise):
            return ""
        specs = walk.parts(node)
        name = self.printer.names.get(node, "")
        if specs is None:
            return f"{name}  {node.meta['spec']}"
        return ", ".join(f"{part}  {spec}" for part, spec in zip(name, specs, strict=True))


def _kind(node: fx.Node) -> str:
    if node.op == "get_attr":
        return "constant"
    if isinstance(node.target, Raise):
        return "raise"
    if walk.called(node):
        return "call"
    return "step"


def _is_plain(value: object) -> bool:
    """Whether an argument is worth a place in a label: a constant that is not a default."""
    if isinstance(value, tuple | list):
        return bool(value) and all(map(_is_plain, value))  # type: ignore[reportUnknownArgumentType]
    return not isinstance(value, fx.Node) and value is not None


def _source(node: fx.Node) -> str:
    where = walk.where_of(node)
    return "" if where is None else f"{os.path.basename(where.file)}:{where.line}  {first_line(where.text)}"


def _labelled(title: str, below: str, kind: str, tooltip: str, round_: bool = False) -> _Shape:
    title, below = _short(title), _short(below)
    width = max(_text_width(title, FONT), _text_width(below, SMALL)) + 20
    height = 38.0 if below else 24.0
    fill, stroke = STYLES[kind]

    def draw(x: float, y: float) -> list[str]:
        middle = x + width / 2
        lines = [f"<g>{_tooltip(tooltip)}", _rectangle(x, y, width, height, height / 2 if round_ else 5, fill, stroke)]
        lines.append(_text(middle, y + 16, title, FONT, "#0f172a", anchor="middle", weight="600"))
        if below:
            lines.append(_text(middle, y + 30, below, SMALL, "#64748b", anchor="middle"))
        return [*lines, "</g>"]

    return _Shape(width, height, draw)


def _framed(title: str, below: str, inner: list[_Shape], kind: str, tooltip: str) -> _Shape:
    """A frame with a title around shapes that stand side by side."""
    title, below = _short(title), _short(below)
    heading = max(_text_width(title, FONT), _text_width(below, SMALL))
    content = sum(shape.width for shape in inner) + PAD * (len(inner) - 1)
    width = max(content, heading) + 2 * PAD
    top = 26.0 + (14.0 if below else 0.0)
    height = top + max(shape.height for shape in inner) + PAD
    fill, stroke = STYLES[kind]

    def draw(x: float, y: float) -> list[str]:
        lines = [f"<g>{_tooltip(tooltip)}", _rectangle(x, y, width, height, 8, fill, stroke)]
        lines.append(_text(x + PAD, y + 17, title, FONT, stroke if kind != "region" else "#475569", weight="700"))
        if below:
            lines.append(_text(x + PAD, y + 31, below, SMALL, "#64748b"))
        lines.append("</g>")
        left = x + (width - content) / 2
        for shape in inner:
            lines += shape.draw(left, y + top)
            left += shape.width + PAD
        return lines

    return _Shape(width, height, draw)


def _edge(route: list[Point]) -> str:
    """A smooth line down through the bends: straight in lanes, curved between them."""
    (x, y), *rest = route
    path = f"M{x:.1f} {y:.1f}"
    for px, py in rest:
        if px == x:
            path += f" L{px:.1f} {py:.1f}"
        else:
            middle = (y + py) / 2
            path += f" C{x:.1f} {middle:.1f} {px:.1f} {middle:.1f} {px:.1f} {py:.1f}"
        x, y = px, py
    return f'<path d="{path}" class="edge" marker-end="url(#arrow)"/>'


def _rectangle(x: float, y: float, width: float, height: float, radius: float, fill: str, stroke: str) -> str:
    return (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" rx="{radius:.1f}" '
        f'fill="{fill}" stroke="{stroke}"/>'
    )


def _text(x: float, y: float, text: str, size: float, color: str, anchor: str = "start", weight: str = "400") -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size:.0f}" fill="{color}" text-anchor="{anchor}" '
        f'font-weight="{weight}">{html.escape(text)}</text>'
    )


def _tooltip(text: str) -> str:
    return f"<title>{html.escape(text)}</title>" if text else ""


def _text_width(text: str, size: float) -> float:
    return len(text) * size * 0.62


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


_HEAD = """\
<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" \
font-family="DejaVu Sans, Verdana, Helvetica, Arial, sans-serif">
<defs><marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="6" markerHeight="6" orient="auto">\
<path d="M0 0.8 L7.5 4 L0 7.2 z" fill="#64748b"/></marker></defs>
<style>.edge {{ fill: none; stroke: #64748b; stroke-width: 1.2 }} rect {{ stroke-width: 1.2 }}</style>
<rect width="100%" height="100%" fill="#f8fafc"/>"""
