"""Traffic as N cores would get it: by the generated keys and tables, as the NIC spreads it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from maestro.bench.measure import Load
from maestro.ir.plan import Plan, PortPlan
from maestro.rss import reta
from maestro.rss.hasher import Steered
from maestro.traffic.pcap import PcapWriter
from maestro.traffic.scan import frames, scan, tuple_of

Tables = Mapping[int, Sequence[int]]
"""Core of every entry, by port."""


def steered(port: PortPlan) -> Steered:
    return Steered(port.key, port.inputs, port.resteered, port.owner_inputs, port.owner_layout)


@dataclass(frozen=True)
class Hashed:
    """One traffic: packets in all, and by table entry, for each port."""

    packets: int
    entries: dict[int, tuple[int, ...]]


class Splitter:
    """Hashes each flow once."""

    def __init__(self, plan: Plan) -> None:
        self.ports: dict[int, PortPlan] = {port.port: port for port in plan.ports}
        self._cores = plan.cores
        self._steered: dict[int, Steered] = {port.port: steered(port) for port in plan.ports}
        self._known: dict[tuple[int, bytes], int] = {}

    def index(self, port: int, frame: bytes) -> int:
        """The frame's entry of the port's table."""
        key = tuple_of(frame)
        if key is None:
            return self._steered[port].hash(frame) & self.ports[port].reta_size - 1
        known = self._known.get((port, key))
        if known is None:
            known = self._known[port, key] = self._steered[port].hash(frame) & self.ports[port].reta_size - 1
        return known

    def tables(self, cores: int) -> Tables:
        """The planned ones, or as the runtime fills them for another number of cores."""
        return {n: p.reta if cores == self._cores else reta.fill(p.reta_size, cores) for n, p in self.ports.items()}

    def count(self, load: Load) -> Hashed:
        counts = {n: [0] * port.reta_size for n, port in self.ports.items()}
        total = 0
        for port, path in load.captures.items():
            for _, frame in frames(path):
                counts[port][self.index(port, frame)] += 1
                total += 1
        return Hashed(total, {n: tuple(c) for n, c in counts.items()})

    def part(self, load: Load, tables: Tables, core: int, folder: Path, least: int = 0) -> Load:
        """What ``core`` gets of it, as captures in ``folder``, with its own number of flows; repeated until there are
        at ``least`` so many packets."""
        folder.mkdir(parents=True)
        captures = {port: folder / path.name for port, path in load.captures.items()}
        own = {port: [one for one in frames(path) if tables[port][self.index(port, one[1])] == core]
               for port, path in load.captures.items()}  # fmt: skip
        passes = max(1, -(-least // max(1, sum(map(len, own.values())))))
        times = [time for packets in own.values() for time, _ in packets]
        span = max(times, default=0) - min(times, default=0) + 1
        for port, path in captures.items():
            with PcapWriter(path) as writer:
                for number in range(passes):
                    for time, frame in own[port]:
                        writer.write(time + number * span, frame)
        facts = scan(captures.values())
        return replace(load, flows=facts.flows, captures=captures, traffic=f"{load.traffic}, part")


def loads_of(hashed: Hashed, tables: Tables, cores: int) -> list[int]:
    """Packets by core."""
    loads = [0] * cores
    for port, counts in hashed.entries.items():
        for entry, count in enumerate(counts):
            loads[tables[port][entry]] += count
    return loads


def balanced(hashed: Hashed, cores: int) -> Tables:
    """Tables made for this traffic; one table for all ports, so that packets that must meet still do."""
    sizes = {len(counts) for counts in hashed.entries.values()}
    size = max(sizes)
    total = [0] * size
    for counts in hashed.entries.values():
        for at in range(size):
            total[at] += counts[at % len(counts)] if len(counts) == size else 0
    table = reta.balance(total, cores)
    return {port: table if len(counts) == size else reta.fill(len(counts), cores)
            for port, counts in hashed.entries.items()}  # fmt: skip
