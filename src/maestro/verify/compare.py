"""Two runs over the same packets, compared: every verdict and every byte sent."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from maestro.diagnostics import InternalError
from maestro.verify import verdicts
from maestro.verify.fields import field_at
from maestro.verify.merged import MergedComparison, MergedDifference
from maestro.verify.verdicts import Verdict, VerdictFile

_CHUNK = 4096  # packets compared at once as plain bytes; only chunks that differ are looked into
_MAX_DESCRIBED = 10


@dataclass(frozen=True)
class ByteDifference:
    """Bytes ``offset`` … of a field (``ipv4.ttl``) that were sent as ``reference`` and as ``parallel``.

    When one frame is longer than the other, its end is a difference from the other's nothing.
    """

    field: str
    offset: int
    reference: bytes
    parallel: bytes

    def __str__(self) -> str:
        one, other = (data.hex() or "nothing" for data in (self.reference, self.parallel))
        return f"{self.field} (byte {self.offset}): {one} ≠ {other}"


@dataclass(frozen=True)
class Difference:
    """Packet ``number`` (from 0, as captured) on which the runs disagree; ``core`` of the parallel run."""

    number: int
    time: int
    in_port: int
    core: int
    reference: int
    parallel: int
    bytes: tuple[ByteDifference, ...]

    def __str__(self) -> str:
        place = f"packet {self.number} (port {self.in_port}, t = {self.time} ns, core {self.core})"
        if self.reference != self.parallel:
            return f"{place}: reference {verdict_text(self.reference)}, parallel {verdict_text(self.parallel)}"
        return f"{place}: {verdict_text(self.reference)} by both, but " + "; ".join(map(str, self.bytes))


@dataclass(frozen=True)
class Comparison:
    """``differences``: how many packets and entries differ; ``first``: the first few of them, described.

    ``stats``: the parallel run's counters, when the comparison made that run. ``entries``: of merged state, compared
    after the run; ``full``: objects whose merged state was not, because the reference had no room left for more.
    """

    packets: int
    differences: int
    first: tuple[Difference | MergedDifference, ...] = ()
    stats: dict[str, Any] = field(default_factory=dict)
    entries: int = 0
    full: tuple[str, ...] = ()

    @property
    def same(self) -> bool:
        return self.differences == 0


def together(comparisons: Iterable[Comparison]) -> Comparison:
    """Comparisons over several sets of packets as one; counters are added up."""
    total = Comparison(0, 0)
    for one in comparisons:
        total = Comparison(
            total.packets + one.packets,
            total.differences + one.differences,
            (*total.first, *one.first)[:_MAX_DESCRIBED],
            _added(total.stats, one.stats) if total.stats else one.stats,
            total.entries + one.entries,
            tuple(sorted({*total.full, *one.full})),
        )
    return total


def _added(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    return {
        k: v + w if isinstance(v, int | float) and isinstance(w := other[k], int | float) and k != "cores" else v
        for k, v in one.items()
    }


def verdict_text(verdict: int) -> str:
    match verdict:
        case verdicts.DROP:
            return "drops"
        case verdicts.FLOOD:
            return "floods"
        case port:
            return f"forwards to port {port}"


def compare(reference_verdicts: Path, parallel_verdicts: Path) -> Comparison:
    """Raises :class:`InternalError` when the files are not of runs over the same packets."""
    count = 0
    first: list[Difference] = []
    with VerdictFile(reference_verdicts) as reference, VerdictFile(parallel_verdicts) as parallel:
        if reference.packets != parallel.packets:
            raise InternalError(f"runs of {reference.packets} and {parallel.packets} packets cannot be compared")
        for one, other in _differing(reference, parallel):
            count += 1
            if len(first) < _MAX_DESCRIBED:
                first.append(_describe(one, other, parallel.core(one.number)))
        return Comparison(reference.packets, count, tuple(first))


def with_merged(found: Comparison, merged: MergedComparison) -> Comparison:
    """``found`` and what differs in merged state."""
    return replace(
        found,
        entries=merged.entries,
        differences=found.differences + len(merged.differences),
        first=(*found.first, *merged.differences)[:_MAX_DESCRIBED],
        full=merged.full,
    )


def _differing(reference: VerdictFile, parallel: VerdictFile) -> Iterator[tuple[Verdict, Verdict]]:
    for start in range(0, reference.packets, _CHUNK):
        count = min(_CHUNK, reference.packets - start)
        if reference.records(start, count) == parallel.records(start, count) and (
            reference.payload(start, count) == parallel.payload(start, count)
        ):
            continue
        pairs = zip(reference.verdicts(start, count), parallel.verdicts(start, count), strict=True)
        yield from ((one, other) for one, other in pairs if one != other)


def _describe(one: Verdict, other: Verdict, core: int) -> Difference:
    if (one.number, one.time, one.in_port) != (other.number, other.time, other.in_port):
        raise InternalError(f"packet {one.number} is not the same one in both runs")
    changes = tuple(_byte_differences(one.sent, other.sent)) if one.verdict == other.verdict else ()
    return Difference(one.number, one.time, one.in_port, core, one.verdict, other.verdict, changes)


def _byte_differences(one: bytes, other: bytes) -> Iterator[ByteDifference]:
    """Differing bytes, neighbours of one field together."""
    named = max(one, other, key=len)
    start: int | None = None
    for at in range(len(named) + 1):
        differs = at < len(named) and one[at : at + 1] != other[at : at + 1]
        if start is not None and (not differs or field_at(named, at) != field_at(named, start)):
            yield ByteDifference(field_at(named, start), start, one[start:at], other[start:at])
            start = None
        if differs and start is None:
            start = at
