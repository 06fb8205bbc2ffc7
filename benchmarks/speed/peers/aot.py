"""AOTInductor: the step exported, compiled ahead of time, and loaded again; for steps without gradients."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
import torch._inductor.compile_fx  # as for torch.compile: imports are not what is timed
import torch.export._trace
from torch import nn

from benchmarks.speed.registry import NotApplicable
from benchmarks.speed.work import Work


class Holder(nn.Module):
    """A function as the module that `torch.export` wants."""

    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__()
        self.function = function

    def forward(self, *args: Any) -> Any:
        return self.function(*args)


def prepare(work: Work) -> Callable[..., Any]:
    if work.training:
        raise NotApplicable("inference only")
    module = work.step if isinstance(work.step, nn.Module) else Holder(work.step)
    exported = torch.export.export(module, work.batches[0])
    package = Path(tempfile.mkdtemp(), "step.pt2")
    torch._inductor.aoti_compile_and_package(exported, package_path=str(package))
    return torch._inductor.aoti_load_package(str(package))


def facts(run: Any) -> dict[str, Any]:
    return {}
