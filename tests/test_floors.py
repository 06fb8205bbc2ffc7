"""The floors of the house: a package imports only from packages on lower floors, or from itself.

Packages on one floor do not import each other. `diptych` itself, the public face, is for those who use the library:
the command line and the demo. What a lower floor needs from a higher one arrives as an argument.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).parent.parent / "src" / "diptych"

FLOORS = {
    "errors": 0,
    "ops": 1,
    "graph": 2,
    "capture": 3,
    "symbolic": 3,
    "autodiff": 3,
    "passes": 3,
    "solvers": 3,
    "backends": 4,
    "domains": 4,
    "hybrid": 5,
    "analyses": 5,
    "campaign": 6,
    "interop": 6,
    "report": 6,
    "demo": 6,
    "cli": 7,
    "__main__": 8,
}
FACE = "the public face"
USERS = {"demo", "cli", "__main__"}
"""Packages written against the public face; the face in turn knows nothing of them."""


def room(name: str) -> str:
    """The package of the house that the dotted module `name` lies in: `diptych.graph.spec` is in `graph`."""
    parts = name.split(".")
    return parts[1] if len(parts) > 1 else FACE


def imported(tree: ast.Module, package: str) -> Iterator[tuple[int, str]]:
    """The line and dotted name of everything of diptych that a module inside `package` imports, wherever it does so."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            # `from diptych import graph` names a package, `from diptych import capture_all` a name of the face.
            names = [f"{base}.{a.name}" if base == "diptych" and a.name in FLOORS else base for a in node.names]
        else:
            continue
        yield from ((node.lineno, name) for name in names if name.split(".")[0] == "diptych")


def complaint(importer: str, target: str) -> str | None:
    """Why `importer` may not import from `target`, or None if it may."""
    if importer == target:
        return None
    for name in {importer, target} - FLOORS.keys() - {FACE}:
        return f"{name} has no floor: give it one in FLOORS"
    if FACE in (importer, target):
        user = target if importer == FACE else importer
        if (user in USERS) == (target == FACE):
            return None
        return f"{importer} imports {target}: only {', '.join(sorted(USERS))} stand above the public face"
    if FLOORS[target] < FLOORS[importer]:
        return None
    here, there = FLOORS[importer], FLOORS[target]
    return f"{importer} (floor {here}) imports {target} (floor {there}): let it arrive as an argument"


def violations(source: Path) -> list[str]:
    """Every import under `source` (the folder of the package diptych) that the floors forbid, as `file:line: why`."""
    found: list[str] = []
    for file in sorted(source.rglob("*.py")):
        parts = ["diptych", *file.relative_to(source).with_suffix("").parts]
        package = ".".join(parts[:-1])
        importer = room(package if parts[-1] == "__init__" else ".".join(parts))
        for line, target in imported(ast.parse(file.read_text(encoding="utf-8"), str(file)), package):
            why = complaint(importer, room(target))
            if why is not None:
                found.append(f"{file.relative_to(source).as_posix()}:{line}: {why}")
    return found


def test_every_import_goes_down() -> None:
    found = violations(SOURCE)
    assert not found, "\n".join(found)


def test_everything_in_the_house_has_a_floor() -> None:
    rooms = {file.name.removesuffix(".py") for file in SOURCE.iterdir() if file.suffix == ".py" or file.is_dir()}
    assert rooms - {"__init__", "__pycache__"} <= FLOORS.keys()


def test_the_source_is_looked_at() -> None:
    """Without this the first test would also pass over an empty folder."""
    tree = ast.parse((SOURCE / "cli" / "main.py").read_text(encoding="utf-8"))
    assert any(room(name) == "cli" for _, name in imported(tree, "diptych.cli"))
    assert len(list(SOURCE.rglob("*.py"))) > len(FLOORS)


@pytest.mark.parametrize(
    ("file", "text", "why"),
    [
        ("graph/walk.py", "import diptych.capture", "graph (floor 2) imports capture (floor 3)"),
        ("graph/walk.py", "from diptych.hybrid.tiers import Tier", "graph (floor 2) imports hybrid (floor 5)"),
        ("graph/walk.py", "from diptych import capture", "graph (floor 2) imports capture (floor 3)"),
        ("graph/walk.py", "from ..capture import source", "graph (floor 2) imports capture (floor 3)"),
        ("graph/walk.py", "from .. import capture", "graph (floor 2) imports capture (floor 3)"),
        ("capture/syntax/loops.py", "from ...hybrid import tiers", "capture (floor 3) imports hybrid (floor 5)"),
        ("capture/__init__.py", "from ..passes import fold", "capture (floor 3) imports passes (floor 3)"),
        ("errors.py", "from diptych.graph.spec import Where", "errors (floor 0) imports graph (floor 2)"),
        ("passes/fold.py", "def f():\n    import diptych.backends", "passes (floor 3) imports backends (floor 4)"),
        ("graph/walk.py", "if CHECKING:\n    from diptych.cli import app", "graph (floor 2) imports cli (floor 7)"),
        ("graph/walk.py", "import diptych", "graph imports the public face"),
        ("graph/walk.py", "from diptych import hybridize", "graph imports the public face"),
        ("__init__.py", "from diptych.cli.main import app", "the public face imports cli"),
        ("cellar/wine.py", "from diptych.graph import spec", "cellar has no floor"),
        ("graph/walk.py", "import diptych.utils", "utils has no floor"),
    ],
)
def test_a_planted_violation_is_found(tmp_path: Path, file: str, text: str, why: str) -> None:
    plant(tmp_path, file, text)
    found = violations(tmp_path)
    assert len(found) == 1
    assert found[0].startswith(f"{file}:{len(text.splitlines())}: {why}")


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("graph/walk.py", "import diptych.ops.table\nimport diptych.errors"),
        ("graph/walk.py", "from . import spec\nfrom .spec import Spec\nfrom diptych.graph.layout import Layout"),
        ("capture/syntax/loops.py", "from .. import source\nfrom ...graph import spec"),
        ("capture/__init__.py", "from .source import transform"),
        ("__init__.py", "from diptych.hybrid import hybridize\nfrom .capture import capture"),
        ("cli/main.py", "import diptych\nfrom diptych import hybridize\nfrom diptych.demo import data"),
        ("__main__.py", "from diptych.cli.main import app"),
        ("graph/walk.py", "import torch.fx\nimport diptychs.capture"),
    ],
)
def test_a_permitted_import_is_left_alone(tmp_path: Path, file: str, text: str) -> None:
    plant(tmp_path, file, text)
    assert violations(tmp_path) == []


def plant(root: Path, file: str, text: str) -> None:
    """Write `text` as `file` of a package that stands at `root`."""
    target = root / file
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text, encoding="utf-8")
