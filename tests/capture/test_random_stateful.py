"""Random programs with state, aliases, random draws, exceptions and changing hyper-parameters, compared with Python."""

from __future__ import annotations

import warnings

import pytest

from tests.capture.random_stateful import MODES, findings, minimized
from tests.capture.stateful.writer import write

SHARE = 25


def check(first: int, count: int, modes: list[str]) -> None:
    """No program of a range of numbers behaves differently, crashes the capture or does not end."""
    bad: list[str] = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for number in range(first, first + count):
            text = write(number)
            found = findings(text, modes)
            if found.bad:
                small = minimized(text, found.bad[0], seconds=60) if not bad else text
                bad.append(f"program {number}\n{small}\n{found}")
    assert not bad, "\n\n".join(bad)


@pytest.mark.parametrize("share", range(12))
def test_random_programs(share: int) -> None:
    """300 programs, the two ways of capturing in turns."""
    check(SHARE * share, SHARE, [list(MODES)[share % 2]])


@pytest.mark.slow
@pytest.mark.parametrize("share", range(200))
def test_many_random_programs(share: int) -> None:
    """20,000 programs in both ways."""
    check(1000 + 100 * share, 100, list(MODES))
