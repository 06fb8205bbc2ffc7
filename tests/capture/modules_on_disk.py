"""A fixture that writes a module to disk and imports it."""

from __future__ import annotations

import importlib
import sys
import textwrap
import types
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest


@pytest.fixture
def load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], types.ModuleType]]:
    """Write a module to disk and import it, under a name of its own."""
    monkeypatch.syspath_prepend(tmp_path)
    made: list[str] = []

    def write(text: str) -> types.ModuleType:
        made.append(f"written_by_test_{len(made)}")
        (tmp_path / f"{made[-1]}.py").write_text(textwrap.dedent(text), encoding="utf-8")
        importlib.invalidate_caches()
        return importlib.import_module(made[-1])

    yield write
    for name in made:
        sys.modules.pop(name, None)
