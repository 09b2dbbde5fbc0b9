"""The floor (runtime/io/floor): a plain C loop that parses, hashes and probes one prefetched table, in nf-replay."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from maestro.frontend.nf import RUNTIME
from maestro.frontend.objects import Build, build_program
from maestro.verify.reference import FLAGS


def sources() -> list[Path]:
    """nf-replay's files, its benchmark loop replaced by the floor's."""
    replay = (f for f in sorted((RUNTIME / "io" / "replay").glob("*.c")) if f.name != "bench.c")
    return [RUNTIME / "io" / "floor" / "floor.c", *replay, *sorted((RUNTIME / "rss").glob("*.c"))]


def build_floor(output: Path, *, flags: Sequence[str] = FLAGS, compiler: str | None = None) -> None:
    """Build ``output`` as references and generated projects are built. It takes nf-replay's options, on one core."""
    how = Build(include_dirs=[RUNTIME / "include"], flags=flags, compiler=compiler)
    build_program(sources(), output, how)
