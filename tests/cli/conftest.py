"""The user's file that the tests of the command line work on."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.programs import PROGRAMS


@pytest.fixture(autouse=True)
def known_path() -> Iterator[None]:
    """Folders that a command adds to `sys.path` are forgotten: processes that later tests start inherit it."""
    before = list(sys.path)
    yield
    sys.path[:] = before


@pytest.fixture
def file(tmp_path: Path) -> Iterator[Path]:
    """A file with the programs, forgotten by Python afterwards."""
    path = tmp_path / "programs_of_a_user.py"
    path.write_text(PROGRAMS)
    yield path
    sys.modules.pop(path.stem, None)
