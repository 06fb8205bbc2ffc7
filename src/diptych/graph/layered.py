"""Layered drawing of a directed acyclic graph of boxes (after Sugiyama, Tagawa and Toda, 1981).

Boxes get ranks by longest path; edges over several ranks pass through lanes of their own, so that no edge crosses a
box; the order within ranks follows barycenters; and horizontal places minimise squared distances to neighbours subject
to the order, exactly, by pooling adjacent violators.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

Point = tuple[float, float]

GAP_X, GAP_Y, LANE = 22.0, 30.0, 8.0
_SWEEPS = 12


@dataclass
class Box:
    """Something to place: `x` and `y` are its left and upper sides. A lane is a box without a height of its own."""

    width: float
    height: float
    x: float = 0.0
    y: float = 0.0
    rank: int = 0
    is_lane: bool = False
    above: list[Box] = field(default_factory=list["Box"], repr=False)
    below: list[Box] = field(default_factory=list["Box"], repr=False)

    @property
    def center(self) -> float:
        """The horizontal middle."""
        return self.x + self.width / 2


@dataclass
class Drawing:
    """Placed boxes, the bends of each edge (from its upper to its lower end), and the size of the whole."""

    routes: list[list[Point]]
    width: float
    height: float


def place(boxes: Sequence[Box], edges: Sequence[tuple[int, int]]) -> Drawing:
    """Place `boxes`; an edge `(i, j)` runs down from box `i` to box `j`, and `i < j`."""
    _rank(boxes, edges)
    lanes: dict[tuple[int, int], Box] = {}
    chains = [_chain(boxes, i, j, lanes) for i, j in edges]
    everything = [*boxes, *lanes.values()]
    ranks: list[list[Box]] = [[] for _ in range(max((box.rank for box in boxes), default=-1) + 1)]
    for box in everything:
        ranks[box.rank].append(box)
    _order(ranks)
    _align(ranks)
    left = min((box.x for box in everything), default=0.0)
    y = 0.0
    for rank in ranks:
        height = max(box.height for box in rank)
        for box in rank:
            box.x -= left
            box.y = y if box.is_lane else y + (height - box.height) / 2
            box.height = height if box.is_lane else box.height
        y += height + GAP_Y
    width = max((box.x + box.width for box in everything), default=0.0)
    return Drawing(_routes(chains), width, max(y - GAP_Y, 0.0))


def _rank(boxes: Sequence[Box], edges: Sequence[tuple[int, int]]) -> None:
    """Longest path from above; then what nothing leads to moves down to just above its first use."""
    for i, j in sorted(edges, key=lambda edge: edge[1]):
        boxes[j].rank = max(boxes[j].rank, boxes[i].rank + 1)
    entered = {j for _, j in edges}
    uses: dict[int, int] = {}
    for i, j in edges:
        uses[i] = min(uses.get(i, boxes[j].rank), boxes[j].rank)
    for i, rank in uses.items():
        if i not in entered:
            boxes[i].rank = rank - 1


def _chain(boxes: Sequence[Box], i: int, j: int, lanes: dict[tuple[int, int], Box]) -> list[Box]:
    """The boxes along an edge: its ends, and a lane on every rank between; edges of one box share their lanes."""
    chain = [boxes[i]]
    for rank in range(boxes[i].rank + 1, boxes[j].rank):
        if (i, rank) not in lanes:
            lanes[i, rank] = Box(LANE, 0.0, rank=rank, is_lane=True)
            _join(chain[-1], lanes[i, rank])
        chain.append(lanes[i, rank])
    _join(chain[-1], boxes[j])
    return [*chain, boxes[j]]


def _join(upper: Box, lower: Box) -> None:
    upper.below.append(lower)
    lower.above.append(upper)


def _order(ranks: list[list[Box]]) -> None:
    best, fewest = [list(rank) for rank in ranks], _crossings(ranks)
    for sweep in range(_SWEEPS):
        down = sweep % 2 == 0
        for rank in ranks[1:] if down else ranks[-2::-1]:
            other = ranks[rank[0].rank - 1 if down else rank[0].rank + 1]
            position = {id(box): k for k, box in enumerate(other)}
            own = {id(box): k for k, box in enumerate(rank)}

            def weight(box: Box) -> float:
                near = [position[id(b)] for b in (box.above if down else box.below)]  # noqa: B023
                return sum(near) / len(near) if near else own[id(box)]  # noqa: B023

            rank.sort(key=weight)
        if (count := _crossings(ranks)) < fewest:
            best, fewest = [list(rank) for rank in ranks], count
    for rank, order in zip(ranks, best, strict=True):
        rank[:] = order


def _crossings(ranks: list[list[Box]]) -> int:
    count = 0
    for upper, lower in pairwise(ranks):
        position = {id(box): k for k, box in enumerate(lower)}
        before: list[int] = []
        for box in upper:
            ends = [position[id(b)] for b in box.below]
            count += sum(len(before) - bisect_right(before, end) for end in ends)
            for end in ends:
                insort(before, end)
    return count


def _align(ranks: list[list[Box]]) -> None:
    for rank in ranks:
        _settle(rank, [box.x for box in rank])
    for sweep in range(2 * _SWEEPS):
        down = sweep % 2 == 0
        for rank in ranks if down else ranks[::-1]:
            wishes: list[float] = []
            for box in rank:
                near = box.above if down else box.below
                near = near or box.below or box.above
                middle = sum(b.center for b in near) / len(near) if near else box.center
                wishes.append(middle - box.width / 2)
            _settle(rank, wishes)


def _settle(rank: list[Box], wishes: list[float]) -> None:
    """Places nearest to the wishes, in the sum of squares, that keep the order and the gaps."""
    offset, offsets = 0.0, list[float]()
    for box in rank:
        offsets.append(offset)
        offset += box.width + GAP_X
    pools: list[tuple[float, int]] = []
    for wish, start in zip(wishes, offsets, strict=True):
        total, count = wish - start, 1
        while pools and pools[-1][0] / pools[-1][1] > total / count:
            more, others = pools.pop()
            total, count = total + more, count + others
        pools.append((total, count))
    levels = [total / count for total, count in pools for _ in range(count)]
    for box, level, start in zip(rank, levels, offsets, strict=True):
        box.x = level + start


def _routes(chains: list[list[Box]]) -> list[list[Point]]:
    """The bends of each edge; the ends of edges that share a side of a box are spread along it."""
    starts = _ports(chains, 0, 1)
    ends = _ports(chains, -1, -2)
    routes: list[list[Point]] = []
    for chain, start, end in zip(chains, starts, ends, strict=True):
        route = [(start, chain[0].y + chain[0].height)]
        for lane in chain[1:-1]:
            route += [(lane.center, lane.y), (lane.center, lane.y + lane.height)]
        routes.append([*route, (end, chain[-1].y)])
    return routes


def _ports(chains: list[list[Box]], end: int, beside: int) -> list[float]:
    """Where each edge meets the box at one end, in the order of the boxes they come from."""
    ports = [0.0] * len(chains)
    groups: dict[int, list[int]] = {}
    for k, chain in enumerate(chains):
        groups.setdefault(id(chain[end]), []).append(k)
    for here in groups.values():
        box = chains[here[0]][end]
        for number, k in enumerate(sorted(here, key=lambda k: chains[k][beside].center), start=1):
            ports[k] = box.x + box.width * (0.5 if end == 0 else number / (len(here) + 1))
    return ports
