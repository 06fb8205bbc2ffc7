"""Load the user's Python file, and tell what went wrong in it in the user's own lines."""

from __future__ import annotations

import importlib.util
import sys
import traceback
from pathlib import Path
from types import ModuleType

from diptych.cli.problem import PROGRAM_FAILED, Problem
from diptych.graph.program import SymbolicGraph


def load(path: Path) -> ModuleType:
    """Run the Python file at `path` as a new module, its folder importable; the same file may be loaded again."""
    loaded = sys.modules.get(path.stem)
    taken = loaded is not None and Path(getattr(loaded, "__file__", None) or "").resolve() != path.resolve()
    spec = importlib.util.spec_from_file_location(f"{path.stem}_target" if taken else path.stem, path)
    if spec is None or spec.loader is None:
        raise Problem(f"{path} is not a Python file", str(path), remedy="give a file whose name ends in .py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    _make_importable(path.resolve().parent)
    try:
        spec.loader.exec_module(module)
    except SyntaxError as error:
        raise Problem(
            f"{error.filename} is not valid Python",
            where=_syntax(error),
            why=f"{type(error).__name__}: {error.msg}",
            remedy="correct this line",
        ) from error
    except (Exception, SystemExit) as error:
        raise raised(error, path, "while the file was loaded") from error
    return module


def load_graph(path: Path) -> SymbolicGraph:
    """The graph saved at `path`; types that it names are looked for beside it and in the current folder too."""
    _make_importable(path.resolve().parent)
    _make_importable(Path.cwd())
    return SymbolicGraph.load(path)


def _make_importable(folder: Path) -> None:
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))


def raised(error: BaseException, path: Path, when: str) -> Problem:
    """The problem that the user's program raised `error`, told with the deepest line of the user's own file."""
    frames = [f for f in traceback.extract_tb(error.__traceback__) if Path(f.filename).resolve() == path.resolve()]
    where = f"{path}:{frames[-1].lineno}, in {frames[-1].name}\n{frames[-1].line}" if frames else str(path)
    return Problem(
        f"the program raised {type(error).__name__} {when}",
        where=where,
        why=str(error) or "it gave no message",
        remedy="correct the program or its inputs; --traceback shows every line that was on the way",
        code=PROGRAM_FAILED,
    )


def _syntax(error: SyntaxError) -> str:
    place = f"{error.filename}:{error.lineno}"
    if not error.text:
        return place
    caret = " " * len(error.text[: (error.offset or 1) - 1].expandtabs()) + "^"
    return f"{place}\n{error.text.rstrip().expandtabs()}\n{caret}"
