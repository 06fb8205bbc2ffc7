"""What a verification answers."""

from __future__ import annotations

from dataclasses import dataclass, field

from torch import Tensor


@dataclass(frozen=True)
class Proved:
    """No point of the region is unsafe; `arithmetic` names the numbers for which that holds."""

    arithmetic: str = "real numbers, the parameters as stored; bounds in float64, rounded outward"
    boxes: int = field(default=0, compare=False)

    def __str__(self) -> str:
        return f"proved ({self.arithmetic}; {self.boxes} boxes)"


@dataclass(frozen=True)
class Refuted:
    """`witness`, in the program's own dtype and shape, is unsafe: the program was run on it and gave `output`."""

    witness: Tensor
    output: Tensor

    def __str__(self) -> str:
        return (
            f"refuted by the input {self.witness.flatten().tolist()}, whose output is {self.output.flatten().tolist()}"
        )


@dataclass(frozen=True)
class Unknown:
    """Neither was found; `why` says what ended the search."""

    why: str

    def __str__(self) -> str:
        return f"unknown: {self.why}"


Verdict = Proved | Refuted | Unknown
