"""The user's file that the tests of the command line work on."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.programs import PROGRAMS


@pytest.fixture
def file(tmp_path: Path) -> Iterator[Path]:
    """A file with the programs, forgotten by Python afterwards."""
    path = tmp_path / "programs_of_a_user.py"
    path.write_text(PROGRAMS)
    before = list(sys.path)
    yield path
    sys.path[:] = before
    sys.modules.pop(path.stem, None)
