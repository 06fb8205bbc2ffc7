"""The documentation is what the code says: generated pages are up to date, examples run, links lead somewhere."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import pytest

from diptych.capture.refusals import CATALOGUE

ROOT = Path(__file__).resolve().parent.parent
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").glob("*.md")])
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
EXAMPLES = [
    pytest.param(text, id=f"{page.name}-{number}")
    for page in PAGES
    for number, text in enumerate(BLOCK.findall(page.read_text(encoding="utf-8")))
]


def generated_pages():
    spec = importlib.util.spec_from_file_location("write_docs", ROOT / "tools" / "write_docs.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.PAGES


@pytest.mark.parametrize("name", generated_pages())
def test_generated_page_is_up_to_date(name):
    assert (ROOT / "docs" / name).read_text(encoding="utf-8") == generated_pages()[name](), "run `make docs`"


def test_every_refusal_has_its_paragraph():
    titles = re.findall(r"^## (.+)$", (ROOT / "docs" / "refusals.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert titles == list(CATALOGUE)


@pytest.mark.parametrize("text", EXAMPLES)
def test_example_runs(text, tmp_path):
    (tmp_path / "example.py").write_text(text, encoding="utf-8")
    done = subprocess.run([sys.executable, "example.py"], cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr


def test_there_are_examples():
    assert len(EXAMPLES) >= 2


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_and_named_paths_exist(page):
    text = page.read_text(encoding="utf-8")
    targets = [page.parent / target for target in re.findall(r"\]\(([^)#:]+)\)", text)]
    targets += [ROOT / path for path in re.findall(r"`((?:docs|tests|src|tools)/[\w./-]+)`", text)]
    targets += [ROOT / "src" / "diptych" / path for path in re.findall(r"`((?:capture|graph|hybrid)/[\w./]+)`", text)]
    assert [str(target) for target in targets if not target.exists()] == []
