"""Compiled code is kept in a private folder, checked before it is loaded, and made by one of several at a time."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from diptych.backends.native import build
from diptych.backends.native.unsupported import Unsupported

TEXT = "int d_run(void) { return %d; }\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DIPTYCH_CACHE", str(tmp_path / "some folder; with 'odd' $characters"))
    return Path(os.environ["DIPTYCH_CACHE"]) / "native"


def test_the_folder_is_private(folder: Path) -> None:
    assert build.load(TEXT % 1).d_run() == 1
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {file.suffix for file in folder.iterdir()} == {".c", ".so", ".sum"}


def test_code_is_compiled_once(folder: Path) -> None:
    build.load(TEXT % 2)
    before = {file: file.stat().st_mtime_ns for file in folder.iterdir()}
    assert build.load(TEXT % 2).d_run() == 2
    assert {file: file.stat().st_mtime_ns for file in folder.iterdir()} == before


def test_a_spoilt_library_is_not_loaded(folder: Path) -> None:
    build.load(TEXT % 3)
    (library,) = folder.glob("*.so")
    data = library.read_bytes()
    library.unlink()  # this process still has the old one
    library.write_bytes(data[:-100] + bytes(100))
    assert not build.intact(library, library.with_suffix(".sum"))
    script = f"from diptych.backends.native import build; assert build.load({TEXT % 3!r}).d_run() == 3"
    subprocess.run([sys.executable, "-c", script], check=True)
    assert library.read_bytes() == data


def test_processes_that_compile_the_same_at_once(folder: Path) -> None:
    script = f"from diptych.backends.native import build; assert build.load({TEXT % 4!r}).d_run() == 4"
    running = [subprocess.Popen([sys.executable, "-c", script]) for _ in range(3)]
    assert [process.wait() for process in running] == [0, 0, 0]
    assert len(list(folder.glob("*.so"))) == 1
    assert not [file for file in folder.iterdir() if file.is_dir()]


def test_a_folder_that_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("DIPTYCH_CACHE", str(tmp_path / "file"))
    assert build.load(TEXT % 5).d_run() == 5


def test_what_the_compiler_refuses_is_told(folder: Path) -> None:
    with pytest.raises(Unsupported, match="refused the C text"):
        build.load("int d_run(void) { return nothing; }\n")
    assert not list(folder.glob("*.so"))


def test_a_machine_without_a_compiler(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.delenv("CC", raising=False)
    build.compiler.cache_clear()
    try:
        with pytest.raises(Unsupported, match="no C compiler"):
            build.compiler()
    finally:
        build.compiler.cache_clear()
