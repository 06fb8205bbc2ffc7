"""The benchmark that compares ways of capturing: each outcome has a peer that earns it."""

from __future__ import annotations

import os
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import pytest
import torch
import typer
from typer.testing import CliRunner

from benchmarks.capture import isolation, serve
from benchmarks.capture.isolation import isolated
from benchmarks.capture.peers import PEERS, Captured
from benchmarks.capture.programs import program, program_names
from benchmarks.capture.trial import STATUSES, trial
from tests.capture.cases import Call
from tests.capture.observation import Program

NAME = "zoo/python_counters"


def imperative(program: Program, first: Call) -> Captured:
    """No capture at all: right, in one graph if one believes it."""
    return Captured(program)


def in_two_graphs(program: Program, first: Call) -> Captured:
    return Captured(program, lambda limit: "" if limit >= 2 else "two")


def too_large(program: Program, first: Call) -> Captured:
    return Captured(lambda x: program(x) * 1.01)


def forgetful(program: Any, first: Call) -> Captured:
    """The right result, but the calls are not counted."""

    def run(x: torch.Tensor) -> torch.Tensor:
        result = program(x)
        program.steps, program.history = program.steps, []
        return result

    return Captured(run)


def unwilling(program: Program, first: Call) -> Captured:
    raise NotImplementedError("no counters")


def unwilling_at_call(program: Program, first: Call) -> Captured:
    def run(*args: Any) -> Any:
        raise NotImplementedError("no counters")

    return Captured(run)


OUTCOMES = {
    "served": [imperative],
    "split": [in_two_graphs],
    "wrong": [too_large],
    "effects": [forgetful],
    "refused": [unwilling, unwilling_at_call],
}


@pytest.mark.parametrize(("status", "peer"), [(s, peer) for s, peers in OUTCOMES.items() for peer in peers])
def test_outcome(status: str, peer: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(PEERS, "planted", peer)
    assert trial(NAME, "planted").status == status


def test_printed_lines_are_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(PEERS, "silent", lambda program, first: Captured(lambda x: program.conv(x)))
    outcome = trial("zoo/prints_shapes", "silent")
    assert (outcome.status, outcome.aspects) == ("effects", ["lines"])


def dies(name: str, peer: str, answer: Connection) -> None:
    os._exit(7)


def test_crash(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(isolation, "report", dies)
    outcome = isolated(NAME, "script", 60)
    assert (outcome.status, outcome.detail) == ("crash", "exit code 7")


def test_timeout() -> None:
    assert isolated(NAME, "export", 0.001).status == "timeout"


def test_every_outcome_is_tested() -> None:
    assert set(OUTCOMES) | {"crash", "timeout"} == set(STATUSES)


def test_limit_spreads_over_the_list() -> None:
    names, some = program_names(), program_names(limit=7)
    assert len(some) <= 7
    assert {name.partition("/")[0] for name in some} == {"cases", "zoo"}
    assert set(some) <= set(names)


def test_only_selects_by_pattern() -> None:
    assert program_names(["zoo/unet*"]) == ["zoo/unet", "zoo/unet_bilinear"]
    assert program("zoo/unet").name == "unet"


def command(*args: str) -> Any:
    app = typer.Typer()
    app.command()(serve.main)
    return CliRunner().invoke(app, args)


def test_command_writes_what_it_found(tmp_path: Path) -> None:
    result = command("--only", "zoo/vgg", "--peers", "script", "--json", str(tmp_path / "out.json"))
    assert result.exit_code == 0, result.output
    assert "zoo (1) script" in " ".join(result.output.split())
    assert '"status": "served"' in (tmp_path / "out.json").read_text()


@pytest.mark.parametrize("args", [["--peers", "tf"], ["--only", "nothing"], ["--limit", "0"], ["--json", "/no/x.json"]])
def test_bad_options_exit_with_two(args: list[str]) -> None:
    assert command(*args).exit_code == 2
