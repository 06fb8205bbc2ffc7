"""From C text to a loaded library: the system's compiler, and a private folder of what was compiled before."""

from __future__ import annotations

import ctypes
import functools
import hashlib
import os
import platform
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

import torch

from diptych.backends.native.unsupported import Unsupported

LONG = 30000
"""From so many lines on the compiler is not asked for all it can do: it would take a minute."""
FLAGS = (
    "-O3",
    "-march=native",
    "-fno-math-errno",
    "-fno-trapping-math",
    "-ffp-contract=off",
    "-fwrapv",
    "-fopenmp-simd",
    "-shared",
    "-fPIC",
    "-std=gnu11",
    "-w",
)
MATH, THREADS = "-DD_VECTOR_MATH", "-fopenmp"
TRIED = """#include <math.h>
#if defined(_OPENMP) && defined(__clang__)
#error "another library of threads"
#endif
#ifdef D_VECTOR_MATH
__attribute__((simd("notinbranch"))) float tanhf(float);
#endif
void f(float *x) {
    #pragma omp parallel for simd
    for (int i = 0; i < 64; i++) x[i] = tanhf(x[i]);
}
"""
"""What is compiled to see what there is."""


@functools.cache
def compiler() -> str:
    """The C compiler; `Unsupported` if there is none."""
    named = os.environ.get("CC")
    for name in (named, "cc", "gcc", "clang"):
        found = shutil.which(name) if name else None
        if found:
            return found
    raise Unsupported("this machine", why="there is no C compiler: neither $CC, cc, gcc nor clang is found")


@functools.cache
def machine() -> str:
    """What compiled code depends on besides its text."""
    version = subprocess.run([compiler(), "--version"], capture_output=True, text=True, check=False).stdout
    target = subprocess.run(
        [compiler(), "-march=native", "-Q", "--help=target"], capture_output=True, text=True, check=False
    ).stdout
    return "\n".join([version, target, platform.machine(), torch.__version__, *FLAGS, *extras()])


@functools.cache
def extras() -> tuple[str, ...]:
    """The flags for what not every machine has: C's functions for several elements at once, and threads.

    The threads are those of PyTorch, as many as it uses: another library of threads beside it would compete with them.
    """
    flags = [MATH, THREADS] if shares_threads() else [MATH]
    if builds(flags):
        return tuple(flags)
    return tuple(flag for flag in flags if builds([flag]))


def shares_threads() -> bool:
    """Whether PyTorch has loaded the library of threads that the C compiler links to."""
    try:
        ctypes.CDLL("libgomp.so.1", mode=os.RTLD_NOLOAD)
    except (OSError, AttributeError):
        return False
    return True


def builds(flags: Sequence[str]) -> bool:
    """Whether a library is made with these flags."""
    with tempfile.TemporaryDirectory() as folder:
        source, library = Path(folder, "t.c"), Path(folder, "t.so")
        source.write_text(TRIED)
        command = [compiler(), *FLAGS, *flags, "-Wl,--no-undefined", str(source), "-o", str(library), *libraries(flags)]
        return subprocess.run(command, capture_output=True, check=False).returncode == 0


def libraries(flags: Sequence[str]) -> list[str]:
    """What is linked."""
    return ["-lmvec", "-lm"] if MATH in flags else ["-lm"]


def cache_folder() -> Path:
    """The folder of compiled code, readable by its owner alone; another one if it cannot be used."""
    named = os.environ.get("DIPTYCH_CACHE")
    base = Path(named) if named else Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "diptych"
    folder = base / "native"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = folder.stat()
        if found.st_uid == os.getuid() and not stat.S_IMODE(found.st_mode) & 0o077 and os.access(folder, os.W_OK):
            return folder
        if found.st_uid == os.getuid():
            folder.chmod(0o700)
            return folder
    except OSError:
        pass
    return temporary_folder()


@functools.cache
def temporary_folder() -> Path:
    """A folder for this process."""
    return Path(tempfile.mkdtemp(prefix="diptych-"))


def load(source: str) -> ctypes.CDLL:
    """The library of a C text."""
    return ctypes.CDLL(str(library(source)))


def library(source: str, more: Sequence[str] = ()) -> Path:
    """The file of the library of a C text, compiled before, or now with `more` flags."""
    key = hashlib.sha256("\0".join([source, machine(), *more]).encode()).hexdigest()[:40]
    folder = cache_folder()
    made, check = folder / f"{key}.so", folder / f"{key}.sum"
    if not intact(made, check):
        try:
            build(source, more, folder, made, check)
        except OSError:
            folder = temporary_folder()
            made, check = folder / f"{key}.so", folder / f"{key}.sum"
            build(source, more, folder, made, check)
    return made


def intact(library: Path, check: Path) -> bool:
    """Whether a library is what was compiled."""
    try:
        return check.read_text() == digest(library)
    except OSError:
        return False


def digest(file: Path) -> str:
    """The hash of a file."""
    return hashlib.sha256(file.read_bytes()).hexdigest()


def build(source: str, more: Sequence[str], folder: Path, library: Path, check: Path) -> None:
    """Compile; the files appear whole or not at all."""
    with tempfile.TemporaryDirectory(dir=folder) as inside:
        text, made, summed = Path(inside, "graph.c"), Path(inside, "graph.so"), Path(inside, "graph.sum")
        text.write_text(source)
        slower = ["-O1"] if source.count("\n") > LONG else []
        flags = [*FLAGS, *slower, *extras(), *more]
        command = [compiler(), *flags, str(text), "-o", str(made), *libraries(flags)]
        ran = subprocess.run(command, capture_output=True, text=True, check=False)
        if ran.returncode != 0:
            if not made.parent.exists() or "No space left" in ran.stderr:
                raise OSError(ran.stderr)
            said = next((line for line in ran.stderr.splitlines() if "error" in line), ran.stderr[:200])
            raise Unsupported("this graph", why=f"{compiler()} refused the C text: {said}")
        summed.write_text(digest(made))
        os.replace(text, library.with_suffix(".c"))
        os.replace(made, library)
        os.replace(summed, check)
