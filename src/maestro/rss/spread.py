"""How a key spreads traffic that looks like something: measured, beside the ranks that ``quality`` computes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from math import sqrt
from random import Random

from maestro.ir.plan import FieldBits
from maestro.rss.hasher import Toeplitz
from maestro.rss.requirement import Inputs

PACKETS = 4096
_HOSTS = 512  # of the Zipf traffic, at each end
_SEED = 1  # the traffic is the same for every key, so that keys can be compared


@dataclass(frozen=True)
class Spread:
    """``entry``: share of the packets on the fullest table entry. ``core``: packets of the fullest core, over its share
    of the table. ``variation``: standard deviation over mean of the same number of all cores."""

    traffic: str
    entry: float
    core: float
    variation: float


def measure(key: bytes, inputs: Inputs, table: Sequence[int]) -> tuple[Spread, ...]:
    """Uniform, sequential (all hashed fields count up together) and Zipf-distributed packets."""
    hash = Toeplitz(key, sum(part.count for part in inputs))
    mask, shares, found = len(table) - 1, Counter(table), list[Spread]()
    for name, packets in (("uniform", _uniform), ("sequential", _sequential), ("zipf", _zipf)):
        entries = Counter(hash(string) & mask for string in packets(inputs, Random(_SEED)))
        loads = [0.0] * (max(table) + 1)
        for index, count in entries.items():
            core = table[index]
            loads[core] += count * len(table) / (PACKETS * shares[core])
        found.append(Spread(name, max(entries.values()) / PACKETS, max(loads), variation(loads)))
    return tuple(found)


def variation(loads: Sequence[float]) -> float:
    """The coefficient of variation; 0 when there is no load."""
    mean = sum(loads) / len(loads)
    return sqrt(sum((load - mean) ** 2 for load in loads) / len(loads)) / mean if mean else 0.0


def _uniform(inputs: Inputs, rng: Random) -> Iterator[int]:
    if any("^" in part.name for part in inputs):
        return (_string(inputs, [rng.getrandbits(part.count) for part in inputs]) for _ in range(PACKETS))
    width = sum(part.count for part in inputs)
    return (rng.getrandbits(width) for _ in range(PACKETS))


def _sequential(inputs: Inputs, rng: Random) -> Iterator[int]:
    """As generators do it: 10.0.0.n to 10.1.0.n, from port n to port n."""
    starts = [rng.getrandbits(part.count) & -PACKETS for part in inputs]
    return (_string(inputs, [start + n for start in starts]) for n in range(PACKETS))


def _zipf(inputs: Inputs, rng: Random) -> Iterator[int]:
    """The n-th most frequent value of a field is n times rarer than the first."""
    weights = list(accumulate(1 / n for n in range(1, _HOSTS + 1)))
    columns = [
        rng.choices([rng.getrandbits(part.count) for _ in range(_HOSTS)], cum_weights=weights, k=PACKETS)
        for part in inputs
    ]
    return (_string(inputs, row) for row in zip(*columns, strict=True))


def _string(inputs: Sequence[FieldBits], values: Sequence[int]) -> int:
    """``values`` are those of source and destination where parts are XORs of these."""
    string = 0
    xors = {part: 0 for part in inputs if "^" in part.name}
    for part, value in zip(inputs, values, strict=True):
        if part in xors:
            xors[part] ^= value
    for part, own in zip(inputs, values, strict=True):
        value = xors.get(part, own)
        string = string << part.count | value & (1 << part.count) - 1
    return string
