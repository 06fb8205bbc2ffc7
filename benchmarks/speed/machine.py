"""On what and when it was measured."""

from __future__ import annotations

import datetime
import importlib.metadata
import os
import platform
import subprocess
from pathlib import Path
from typing import Any


def machine(threads: int, jax: str) -> dict[str, Any]:
    """Versions, processor, threads, date; how busy the machine was with other things."""
    return {
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "torch": importlib.metadata.version("torch"),
        "commit": commit(),
        "jax": version_of_jax(jax),
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "processor": processor(),
        "processors": len(os.sched_getaffinity(0)),
        "threads": threads,
        "load": round(os.getloadavg()[0], 2),
    }


def processor() -> str:
    """Its name, where the system tells."""
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor()


def version_of_jax(python: str) -> str | None:
    """That of another Python; None if it has none."""
    if not Path(python).exists():
        return None
    ask = "import importlib.metadata as m; print(m.version('jax'))"
    answer = subprocess.run([python, "-c", ask], capture_output=True, text=True, check=False)
    return answer.stdout.strip() or None


def commit() -> str | None:
    """That of the working tree, with a plus if there are changes; None outside of a repository."""
    ask = ["git", "describe", "--always", "--dirty=+", "--exclude=*"]
    answer = subprocess.run(ask, cwd=Path(__file__).parent, capture_output=True, text=True, check=False)
    return answer.stdout.strip() or None
