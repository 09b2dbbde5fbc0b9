"""State of which every core has a copy: what the copies merge to, against the reference's one state."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from maestro.diagnostics import InternalError

Entries = dict[tuple[str, bytes], bytes]
"""(object, key) → value, as bytes in memory."""


@dataclass(frozen=True)
class MergedDifference:
    """One entry of which the runs disagree; None where a run does not have it."""

    object: str
    key: bytes
    reference: bytes | None
    parallel: bytes | None

    def __str__(self) -> str:
        return (
            f"after the last packet, {self.object} at {self.key.hex()}: "
            f"reference {_text(self.reference)}, parallel {_text(self.parallel)}"
        )


def _text(value: bytes | None) -> str:
    return "has none" if value is None else value.hex() or "has it"


def read(path: Path) -> Entries:
    """What ``nf-replay --merged`` wrote. Raises InternalError when it is anything else, or a key comes twice."""
    lines = path.read_text(encoding="utf-8").splitlines()
    if not lines or lines[0] != "object,key,value":
        raise InternalError(f"{path}: not a file of merged state")
    found: Entries = {}
    for line in lines[1:]:
        name, key, value = line.rsplit(",", 2)
        if (name, bytes.fromhex(key)) in found:
            raise InternalError(f"{path}: {name} has {key} twice")
        found[name, bytes.fromhex(key)] = bytes.fromhex(value)
    return found


@dataclass(frozen=True)
class MergedComparison:
    """``entries``: how many were compared. ``full``: objects that were not, because the reference had no room left.

    Every core's copy has as much room as the one state, so that together they go on counting when that is full.
    """

    entries: int
    differences: tuple[MergedDifference, ...]
    full: tuple[str, ...] = ()


def compare_merged(reference: Path, parallel: Path, capacities: Mapping[str, int | None]) -> MergedComparison:
    """The entries of two files, sorted by object and key. ``capacities``: of objects that can be full."""
    one, other = read(reference), read(parallel)
    sizes = Counter(name for name, _ in one)
    full = {name for name, room in capacities.items() if room is not None and sizes[name] >= room}
    places = sorted(place for place in one.keys() | other.keys() if place[0] not in full)
    differing = (
        MergedDifference(name, key, one.get((name, key)), other.get((name, key)))
        for name, key in places
        if one.get((name, key)) != other.get((name, key))
    )
    return MergedComparison(len(places), tuple(differing), tuple(sorted(full)))
