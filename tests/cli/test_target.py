"""Finding the program that a TARGET names, and saying what is wrong with one."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import torch
from torch import nn

from diptych.cli.problem import PROGRAM_FAILED, WRONG_USE, Problem
from diptych.cli.target import find, parse, required


def problem(target: str) -> Problem:
    with pytest.raises(Problem) as found:
        find(parse(target))
    return found.value


def test_a_function(file: Path) -> None:
    program = find(parse(f"{file}:grow"))
    assert program.call(torch.ones(1)).item() == 16
    assert required(program.call) == ["x"]


def test_a_module_its_class_and_its_method(file: Path) -> None:
    for name in ("net", "Counter"):
        program = find(parse(f"{file}:{name}"))
        assert isinstance(program.call, nn.Module)
        assert required(program.call) == ["x"]
    assert find(parse(f"{file}:net.double")).call(torch.ones(1)).item() == 2


@pytest.mark.parametrize("name", ["hybrid_net", "hybrid_grow", "decorated.method"])
def test_a_hybridized_program_is_the_program_itself(file: Path, name: str) -> None:
    call = find(parse(f"{file}:{name}")).call
    assert type(call).__module__ in ("builtins", "programs_of_a_user")
    assert required(call) == ["x"]


def test_two_copies_have_equal_weights_and_share_nothing(file: Path) -> None:
    one, other = (find(parse(f"{file}:net")).call for _ in range(2))
    assert one is not other
    for a, b in zip(one.parameters(), other.parameters(), strict=True):
        assert torch.equal(a, b)
        assert a is not b


def test_a_file_named_like_a_loaded_module_does_not_replace_it(tmp_path: Path) -> None:
    path = tmp_path / "json.py"
    path.write_text("def f(): return 1\n")
    import json

    assert find(parse(f"{path}:f")).call() == 1
    assert sys.modules["json"] is json


def test_a_file_that_does_not_exist(file: Path) -> None:
    found = problem(f"{file.parent}/programs_of_an_user.py:grow")
    assert "there is no file" in found.what
    assert "did you mean programs_of_a_user.py?" in found.why
    assert found.code == WRONG_USE
    assert "is a folder" in problem(str(file.parent)).what


def test_a_name_that_does_not_exist(file: Path) -> None:
    found = problem(f"{file}:grwo")
    assert "has no grwo" in found.what
    assert "did you mean grow?" in found.why
    assert "sign" in found.remedy
    assert "_private" not in found.remedy
    assert "has no net.duoble" in problem(f"{file}:net.duoble").what


def test_a_file_without_a_name(file: Path) -> None:
    found = problem(str(file))
    assert "does not say which program" in found.what
    assert "the file defines grow, grow_inputs, sign" in found.remedy


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("number", "of type int and cannot be called"),
        ("Plain", "is a class, not a program"),
        ("Sized", "cannot be made without arguments"),
    ],
)
def test_something_that_is_not_a_program(file: Path, name: str, what: str) -> None:
    found = problem(f"{file}:{name}")
    assert what in found.what
    assert found.code == WRONG_USE


def test_a_syntax_error_shows_the_line_and_a_caret(file: Path) -> None:
    file.write_text("import torch\n\ndef f(x):\n    return x +* 2\n")
    found = problem(f"{file}:f")
    assert "is not valid Python" in found.what
    place, line, caret = found.where.split("\n")
    assert place == f"{file}:4"
    assert line[caret.index("^")] == "*"
    assert "SyntaxError: invalid syntax" in found.why
    assert found.code == WRONG_USE


@pytest.mark.parametrize(
    ("text", "kind"),
    [("1 / 0\n", "ZeroDivisionError"), ("import no_such_module\n", "ModuleNotFoundError"), ("exit(3)\n", "SystemExit")],
)
def test_a_file_that_raises_while_it_is_loaded(file: Path, text: str, kind: str) -> None:
    file.write_text("x = 1\n" + text)
    found = problem(f"{file}:f")
    assert f"raised {kind} while the file was loaded" in found.what
    assert f"{file}:2, in <module>\n{text.strip()}" == found.where
    assert found.code == PROGRAM_FAILED


def test_a_class_that_raises_while_it_is_made(file: Path) -> None:
    file.write_text(
        "from torch import nn\nclass Net(nn.Module):\n    def __init__(self):\n        raise ValueError('no weights')\n"
    )
    found = problem(f"{file}:Net")
    assert "raised ValueError while Net() was made" in found.what
    assert "in __init__" in found.where
    assert found.why == "no weights"
