"""What became of a program, in words."""

from __future__ import annotations

from typing import Any


class Report:
    """A snapshot of a hybridized program; `str()` is the text, `data` the same as plain data."""

    def __init__(self, hybrid: Any) -> None:
        stats = hybrid.stats
        self.data: dict[str, Any] = {
            "program": getattr(hybrid.function, "__qualname__", type(hybrid.function).__name__),
            "calls": {
                "graph": stats.graph_calls,
                "imperative": stats.imperative_calls,
                "fallbacks": stats.fallbacks,
            },
            "graphs": [self.graph(entry) for entry in hybrid.entries],
            "refusals": list(stats.refusals),
            "misses": list(dict.fromkeys(hybrid.misses)),
            "assumptions": list(dict.fromkeys(hybrid.failed)),
            "errors": list(dict.fromkeys(hybrid.errors)),
        }

    def graph(self, entry: Any) -> dict[str, Any]:
        """One graph: its inputs, what it relies on, what it updates."""
        program = entry.program
        return {
            "calls": entry.calls,
            "inputs": [f"{i.path}: {i.spec}" for i in program.graph.inputs],
            "operations": sum(n.op == "call_function" for n in program.graph.module.graph.nodes),
            "varying": sorted(entry.vary),
            "guards": [g.text for g in program.guards],
            "updates": [f"{u.kind} {u.path}" for u in program.updates],
            "opaque": list(program.opaque),
            "lines": [str(line) for line in program.graph.lines()],
        }

    def __str__(self) -> str:
        data = self.data
        calls = data["calls"]
        rows = [
            f"{data['program']}: {calls['graph']} calls by graph, {calls['imperative']} imperative "
            f"({calls['fallbacks']} of them begun as a graph)"
        ]
        for index, graph in enumerate(data["graphs"]):
            rows.append(f"graph {index}: {graph['operations']} operations at the top level, {graph['calls']} calls")
            rows += [f"  input   {text}" for text in graph["inputs"]]
            rows += [f"  guard   {text}" for text in graph["guards"]]
            rows += [f"  update  {text}" for text in graph["updates"]]
            rows += [f"  varies  {text}" for text in graph["varying"]]
            rows += [f"  opaque  {text}" for text in graph["opaque"]]
            rows += [f"  line    {text}" for text in graph["lines"]]
        for text in data["refusals"]:
            rows.append("refused:")
            rows += [f"  {line}" for line in text.splitlines()]
        rows += [f"a graph did not fit a call: {text}" for text in data["misses"]]
        rows += [f"an assumption did not hold: {text}" for text in data["assumptions"]]
        rows += [f"fell back: {text}" for text in data["errors"]]
        return "\n".join(rows)
