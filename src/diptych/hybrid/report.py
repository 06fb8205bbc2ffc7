"""What became of a program, line by line and in words."""

from __future__ import annotations

import json
import linecache
import os
from collections import Counter
from typing import Any

from diptych.capture.profiler import LineProfile
from diptych.capture.sources import Argument
from diptych.graph.lines import SourceLine
from diptych.hybrid.entry import Entry

TOLD = frozenset({"own.say", "own.log", "own.warn"})


class Report:
    """A snapshot of a hybridized program: `str()` is the text, `data` the same and more as plain data."""

    def __init__(self, hybrid: Any) -> None:
        stats = hybrid.stats
        self.data: dict[str, Any] = {
            "program": getattr(hybrid.function, "__qualname__", type(hybrid.function).__name__),
            "calls": {
                "graph": stats.graph_calls,
                "imperative": stats.imperative_calls,
                "observed": stats.observed_calls,
                "fallbacks": stats.fallbacks,
            },
            "observed": observed(hybrid.observing.lines),
            "graphs": [graph_data(entry, hybrid.observing.lines) for entry in hybrid.entries],
            "waiting": hybrid.patience.waiting,
            "refusals": list(stats.refusals),
            "misses": list(hybrid.misses),
            "assumptions": list(hybrid.failed),
            "errors": list(hybrid.errors),
        }

    def json(self, indent: int | None = 2) -> str:
        """The report as JSON."""
        return json.dumps(self.data, indent=indent)

    def __str__(self) -> str:
        data = self.data
        calls = data["calls"]
        rows = [
            f"{data['program']}: {calls['graph']} calls by graph, {calls['imperative']} imperative "
            f"({calls['observed']} of them observed, {calls['fallbacks']} begun as a graph)"
        ]
        if not data["graphs"] and data["observed"]:
            rows += ["", "seen in the observed call:", *line_rows(data["observed"])]
        for index, graph in enumerate(data["graphs"]):
            rows += ["", *graph_rows(index, graph)]
        for text in data["refusals"]:
            rows += ["", "refused:", *(f"  {line}" for line in text.splitlines())]
        if data["waiting"]:
            rows += ["", f"hardly a call fitted a graph: none is tried in the next {data['waiting']} calls"]
        ends = [f"a graph did not fit a call: {text}" for text in data["misses"]]
        ends += [f"an assumption did not hold: {text}" for text in data["assumptions"]]
        ends += [f"fell back: {text}" for text in data["errors"]]
        return "\n".join([*rows, *([""] if ends else []), *ends])


def observed(lines: dict[tuple[str, int], LineProfile]) -> list[dict[str, Any]]:
    """What the profiler has seen, line by line."""
    return [observed_line(file, line, profile) for (file, line), profile in sorted(lines.items())]


def observed_line(file: str, line: int, profile: LineProfile) -> dict[str, Any]:
    """A line without a step in a graph: of its decisions the graph has the outcome, relying on what they depend on."""
    decides = profile.sides or profile.trips
    return {
        "file": file,
        "line": line,
        "text": linecache.getline(file, line).strip(),
        "became": "guarded" if decides else "effect" if profile.writes else "python",
        "operations": [],
        "seen": profile.data(),
    }


def graph_data(entry: Entry, profiles: dict[tuple[str, int], LineProfile]) -> dict[str, Any]:
    """One graph: its inputs, what it relies on and what that costs, what it updates, and its lines."""
    program = entry.program
    lines = {(line.file, line.line): line_data(line, profiles) for line in program.graph.lines()}
    rest = {key: observed_line(*key, profile) for key, profile in profiles.items() if key not in lines}
    lines |= {key: line for key, line in rest.items() if line["became"] != "python"}
    return {
        "kind": "one path" if program.assumes else "all paths",
        "calls": entry.calls,
        "tier": entry.tiers.tier,
        "compiler": entry.tiers.compiler,
        "tier_reason": entry.tiers.why if entry.tiers.wanted != "eager" else "",
        "tier_microseconds": entry.tiers.costs(),
        "inputs": [{"path": i.path, "type": str(i.spec), "role": i.role} for i in program.graph.inputs],
        "operations": sum(n.op == "call_function" for n in program.graph.module.graph.nodes),
        "varying": sorted(entry.vary),
        "guards": [{"path": g.source.path, "text": g.text, "on": guarded(g)} for g in program.guards],
        "guard_microseconds": entry.guard_cost(),
        "updates": [f"{u.kind} {u.path}" for u in program.updates],
        "opaque": list(program.opaque),
        "followed": list(program.followed),
        "lines": [line for _, line in sorted(lines.items())],
    }


def guarded(guard: Any) -> str:
    """What a guard is about: an argument, a constant found outside, or anything else."""
    if isinstance(guard.source.read, Argument):
        return "argument"
    return "constant" if isinstance(guard.constant, bool | int | float | str) else "outside"


def line_data(line: SourceLine, profiles: dict[tuple[str, int], LineProfile]) -> dict[str, Any]:
    """A line of the user's source, what it became, and what it did in the observed call."""
    profile = profiles.get((line.file, line.line))
    return {
        "file": line.file,
        "line": line.line,
        "text": line.text.strip(),
        "became": became(line.operations),
        "operations": list(line.operations),
        "seen": profile.data() if profile is not None else {},
    }


def became(operations: tuple[str, ...]) -> str:
    """In one word, what a line is in the graph."""
    if "own.assume" in operations:
        return "assumed"
    if any(name in ("cond", "while") or name.startswith("@") for name in operations):
        return "staged"
    if any(name.startswith("raise ") for name in operations):
        return "raises"
    return "effect" if not TOLD.isdisjoint(operations) else "computed"


def graph_rows(index: int, graph: dict[str, Any]) -> list[str]:
    """One graph as text: its lines in full, its guards in short."""
    cost = graph["guard_microseconds"]
    checked = f" in {cost:.1f} us" if cost is not None else ""
    rows = [
        f"graph {index} ({graph['kind']}): {graph['operations']} operations at the top level, {graph['calls']} calls, "
        f"{len(graph['guards'])} guards{checked}"
    ]
    rows += [f"  tier    {graph['tier']}"] if graph["tier"] != "plain" else []
    rows += [
        "  tier    measured: " + ", ".join(f"{way} {value:g} us" for way, value in costs.items())
        for costs in graph["tier_microseconds"]
    ]
    reason = [line for line in graph["tier_reason"].splitlines() if not line.strip().startswith("remedy:")]
    rows += [f"  tier    not {graph['compiler']}: {line}" for line in reason[:1]]
    rows += [f"          {line}" for line in reason[1:]]
    arguments = [f"{i['path']}: {i['type']}" for i in graph["inputs"] if i["role"] == "argument"]
    state = [i["path"] for i in graph["inputs"] if i["role"] != "argument"]
    rows += [f"  input   {text}" for text in arguments]
    rows += [f"  state   {text}" for text in shortened(state)]
    for kind in ("argument", "constant"):
        rows += [f"  guard   {text}" for text in shortened([g["text"] for g in graph["guards"] if g["on"] == kind])]
    rows += [f"  update  {text}" for text in shortened(graph["updates"])]
    rows += [f"  varies  {text}" for text in graph["varying"]]
    rows += [f"  opaque  {text}" for text in graph["opaque"]]
    rows += [f"  follows {text}" for text in graph["followed"]]
    return [*rows, *line_rows(graph["lines"])]


def line_rows(lines: list[dict[str, Any]]) -> list[str]:
    """Lines of the source as text: what each became, and below it what the profiler saw there."""
    rows: list[str] = []
    file = None
    for line in lines:
        if line["file"] != file:
            file = line["file"]
            rows.append(f"  {os.path.basename(file)}")
        rows.append(f"  {line['line']:>5}  {line['became']:<8}  {line['text'][:60]:<60}  {counted(line['operations'])}")
        text = seen_text(line["seen"])
        rows += [f"{'':19}seen: {text}"] if text else []
    return [row.rstrip() for row in rows]


def seen_text(seen: dict[str, Any]) -> str:
    """What the profiler saw of a line, in words."""
    found = [f"{count} x {side}" for side, count in seen.get("sides", {}).items()]
    trips = seen.get("trips", {})
    found += [f"{count} trips" + (f" ({times} times)" if times > 1 else "") for count, times in trips.items()]
    found += [f"{name} {', '.join(seen[name])}" for name in ("values", "reads", "writes", "types") if name in seen]
    return "; ".join(found)


def shortened(texts: list[str], limit: int = 8) -> list[str]:
    """The first of many texts, and how many more there are."""
    return texts if len(texts) <= limit else [*texts[: limit - 1], f"and {len(texts) - limit + 1} more"]


def counted(operations: list[str]) -> str:
    """Operations with how often each occurs."""
    found = Counter(name.removeprefix("aten.") for name in operations)
    return ", ".join(name if count == 1 else f"{count} x {name}" for name, count in found.items())
