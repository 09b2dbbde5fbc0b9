"""Two runs that may have allocated differently: equal up to a one-to-one renaming of what each live flow was given.

The reference of ``maestro verify`` allocates as the parallel cores do, and all bytes are compared. This comparison does
not rest on that: the reference runs as the NF's author wrote it, and only its choices may differ.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from maestro.diagnostics import InternalError
from maestro.verify.verdicts import Verdict, VerdictFile

Span = tuple[int, int]
"""(offset, size) of bytes of a frame as it was sent."""

_CHUNK = 4096


@dataclass
class _Run:
    """What the live flows of one run were given. A flow lives until ``timeout`` ns after its last packet."""

    name: str
    timeout: int
    values: dict[bytes, tuple[bytes, int]] = field(default_factory=dict)
    flows: dict[bytes, bytes] = field(default_factory=dict)

    def _live(self, flow: bytes, now: int) -> bool:
        return flow in self.values and self.values[flow][1] > now - self.timeout

    def give(self, flow: bytes, value: bytes, now: int) -> str | None:
        """What is wrong with a packet of ``flow`` that shows ``value``; None when nothing is."""
        problem = None
        holder = self.flows.get(value)
        if self._live(flow, now) and self.values[flow][0] != value:
            problem = f"{self.name}: a flow had {self.values[flow][0].hex()} and now has {value.hex()}"
        elif holder is not None and holder != flow and self._live(holder, now) and self.values[holder][0] == value:
            problem = f"{self.name}: two live flows share {value.hex()}"
        self.values[flow], self.flows[value] = (value, now), flow
        return problem


def renamed(
    reference: Path,
    parallel: Path,
    flows: Sequence[bytes | None],
    chosen: Sequence[Span],
    *,
    timeout: int,
    derived: Sequence[Span] = (),
) -> tuple[str, ...]:
    """What contradicts a one-to-one renaming between two verdict files; empty when nothing does.

    ``flows``: what identifies each packet's flow, None for packets that show nothing allocated. ``chosen``: the bytes
    that show what the flow was given, ``derived``: those that depend on them (checksums) and are not compared. Each
    run's flow must keep what it has while it lives, and no two live flows may share it. Raises InternalError when the
    files are not of runs over these packets.
    """
    problems: list[str] = []
    runs = _Run("reference", timeout), _Run("parallel", timeout)
    with VerdictFile(reference) as one, VerdictFile(parallel) as other:
        if not one.packets == other.packets == len(flows):
            raise InternalError(f"runs of {one.packets} and {other.packets} packets, {len(flows)} flows")
        for start in range(0, one.packets, _CHUNK):
            count = min(_CHUNK, one.packets - start)
            for a, b in zip(one.verdicts(start, count), other.verdicts(start, count), strict=True):
                problems += _packet(a, b, flows[a.number], runs, chosen, derived)
    return tuple(problems)


def _packet(
    a: Verdict, b: Verdict, flow: bytes | None, runs: tuple[_Run, _Run], chosen: Sequence[Span], derived: Sequence[Span]
) -> Iterable[str]:
    place = f"packet {a.number}"
    if a.verdict != b.verdict:
        yield f"{place}: the verdicts are {a.verdict} and {b.verdict}"
        return
    free = () if flow is None else (*chosen, *derived)
    if _without(a.sent, free) != _without(b.sent, free):
        yield f"{place}: differs in bytes that nothing allocated explains"
    if flow is None or not a.sent:
        return
    for run, v in zip(runs, (a, b), strict=True):
        problem = run.give(flow, b"".join(v.sent[at : at + size] for at, size in chosen), v.time)
        if problem:
            yield f"{place}: {problem}"


def _without(data: bytes, spans: Iterable[Span]) -> bytes:
    out = bytearray(data)
    for at, size in spans:
        out[at : at + size] = bytes(len(out[at : at + size]))
    return bytes(out)
