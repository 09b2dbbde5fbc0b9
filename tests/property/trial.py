"""One random NF through everything: analysed, proven, generated, built, and compared with the original."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from maestro.diagnostics import UserError
from maestro.pipeline import Job, Phases, Result, verify
from property.random_libvig import random_libvig
from property.random_nf import random_nf

PACKETS = 4000


@dataclass(frozen=True)
class Trial:
    """``refused``: the code of the error that ended it. ``strategy`` of the NF; ``reasons``: codes why not better."""

    refused: str = ""
    strategy: str = ""
    reasons: tuple[str, ...] = ()
    packets: int = 0
    differences: int = 0
    first: tuple[str, ...] = ()

    def __str__(self) -> str:
        if self.refused:
            return f"refused {self.refused}"
        because = f" ({', '.join(self.reasons)})" if self.reasons else ""
        shown = "".join(f"\n    {text}" for text in self.first)
        return f"{self.strategy}{because}, {self.differences} differences in {self.packets} packets{shown}"


class _Silent:
    def started(self, phase: str) -> None: ...

    def finished(self, phase: str, seconds: float, result: str) -> None: ...


def source_of(number: int) -> str:
    """Even numbers are of the maestro.h dialect, odd ones use libVig."""
    return random_libvig(number) if number % 2 else random_nf(number)


def attempt(number: int, folder: Path, strategy: str = "auto") -> Trial:
    """NF ``number``, written to ``folder``. Raises what is a bug of Maestro's: InternalError, for one."""
    path = folder / f"nf{number}.c"
    path.write_text(source_of(number))
    job = Job(
        (path,),
        cores=2 + number % 3,
        nic=("e810", "82599", "mlx5", "virtio-net")[number % 4],
        seed=number,
        strategy=strategy,
    )
    try:
        return _outcome(verify(job, None, PACKETS, Phases(_Silent())))
    except UserError as error:
        return Trial(refused=error.code)


def _outcome(result: Result) -> Trial:
    plan, comparison = result.plan, result.comparison
    assert comparison is not None
    assert result.certificate.holds
    why = tuple(sorted({r.code for r in plan.reasons}))
    shown = tuple(map(str, comparison.first[:3]))
    return Trial("", plan.strategy, why, comparison.packets, comparison.differences, shown)
