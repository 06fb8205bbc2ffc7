"""What every test starts from: one thread, a known random stream, reproducible generated examples."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import torch
from hypothesis import settings

import diptych

# `make test` draws the same examples every time; `make test-all` draws new ones and more of them.
settings.register_profile("steady", deadline=None, derandomize=True)
settings.register_profile("search", deadline=None, max_examples=1000)
settings.load_profile("steady")

# Native code that tests make is kept with what else they leave.
os.environ.setdefault("DIPTYCH_CACHE", str(Path(__file__).parent.parent / ".pytest_cache" / "diptych"))

# What runs a call must not hang on time, unless a test asks for it by `backend="auto"`.
diptych.hybridize.__kwdefaults__["backend"] = "eager"

torch.set_num_threads(1)  # the programs under test are small: more threads only wait for each other


@pytest.fixture(autouse=True)
def known_random_stream() -> None:
    """Every test sees the same random numbers, whichever tests ran before it."""
    torch.manual_seed(0)
