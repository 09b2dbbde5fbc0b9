"""How given traffic, or made-up traffic, is spread over the cores by the plan's keys and tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from maestro.diagnostics import UserError
from maestro.ir.plan import Plan, PortPlan
from maestro.rss.hasher import Steered, classify
from maestro.traffic.generate import uniform_traffic
from maestro.traffic.pcap import read_pcap

FLOWS, PACKETS = 2_000, 20_000
"""Of the traffic made up when none is given."""


@dataclass(frozen=True)
class PortLoad:
    """Packets and bytes by core; ``handed_over``: packets that software passes on to the core that owns their state."""

    port: int
    packets: tuple[int, ...]
    bytes: tuple[int, ...]
    handed_over: int


@dataclass(frozen=True)
class Load:
    """``traffic``: what was spread, in words."""

    traffic: str
    ports: tuple[PortLoad, ...]

    @property
    def packets(self) -> tuple[int, ...]:
        return tuple(map(sum, zip(*(p.packets for p in self.ports), strict=True)))

    @property
    def bytes(self) -> tuple[int, ...]:
        return tuple(map(sum, zip(*(p.bytes for p in self.ports), strict=True)))

    @property
    def handed_over(self) -> int:
        return sum(p.handed_over for p in self.ports)

    @property
    def fullest(self) -> float:
        """Packets of the busiest core, over its fair share; 1 is perfect, also when there are none."""
        total = sum(self.packets)
        return max(self.packets) * len(self.packets) / total if total else 1.0


def load(plan: Plan, captures: Mapping[int, Path] | None) -> Load:
    """``captures`` by port, or, without any, uniform flows with replies: the first port's, answered on the second.

    Raises UserError (``pcap``): a port that the NF does not have, a file that is no capture.
    """
    if captures:
        ports = {p.port for p in plan.ports}
        for port, path in captures.items():
            if port not in ports:
                raise UserError(f"--pcap {port}={path}: the NF has ports 0 to {max(ports)}", code="pcap")
        names = ", ".join(f"{path.name} on port {port}" for port, path in sorted(captures.items()))
        return Load(names, _ports(plan, captures))
    pair = [p.port for p in plan.ports][:2]
    with TemporaryDirectory(prefix="maestro-report-") as folder:
        replies = len(pair) > 1
        made = uniform_traffic(
            Path(folder), flows=FLOWS, packets=PACKETS, replies=replies, lan_port=pair[0], wan_port=pair[-1]
        )
        said = (
            f"{PACKETS:,} generated packets of {FLOWS:,} flows"
            + " from 10.0.0.0/8"
            + (", half of them replies" * replies)
        )
        return Load(said, _ports(plan, made))


def _ports(plan: Plan, captures: Mapping[int, Path]) -> tuple[PortLoad, ...]:
    return tuple(_port(p, captures.get(p.port), plan.cores) for p in plan.ports)


def _port(port: PortPlan, capture: Path | None, cores: int) -> PortLoad:
    steered = Steered(port.key, port.inputs, port.resteered, port.owner_inputs, port.owner_layout)
    packets, volume, handed = [0] * cores, [0] * cores, 0
    for _, frame in read_pcap(capture) if capture else ():
        core = port.reta[steered.hash(frame) & port.reta_size - 1]
        packets[core] += 1
        volume[core] += len(frame)
        handed += classify(frame) in port.resteered
    return PortLoad(port.port, tuple(packets), tuple(volume), handed)
