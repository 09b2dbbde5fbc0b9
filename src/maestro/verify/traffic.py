"""Traffic for the differential check, fitted to the NF's own tables and timeouts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path

from maestro.ir.expr import Expr, signed
from maestro.ir.model import Kind, Model
from maestro.traffic.generate import TrafficSpec, mixed_traffic, write_streams
from maestro.traffic.sequences import path_stream, sequences

FLOWS = 1000
CAPACITY, EXPIRY = 1024, 1_000_000_000
"""For NFs without tables or timeouts."""
SOLVING = 10.0
"""Seconds that the solver may take for packets of every path."""
MAX_PATH_PACKETS = 400_000


def two_way_traffic(model: Model, out_dir: Path, *, packets: int, seed: int = 1) -> list[Mapping[int, Path]]:
    """Captures by port, two sets: flows opened from the lower-numbered ports, and from the higher-numbered ones.

    Maestro does not know which side of an NF is the inside; one of the two fills its tables.
    """
    ports = tuple(range(model.ports))
    half = max(1, len(ports) // 2)
    low, high = ports[:half], ports[half:] or ports[:1]
    sets: list[Mapping[int, Path]] = []
    for name, lan, wan, count in (("low", low, high, (packets + 1) // 2), ("high", high, low, packets // 2)):
        spec = TrafficSpec(
            packets=count, flows=FLOWS, seed=seed, lan_ports=lan, wan_ports=tuple(set(wan) - set(lan)) or lan,
            capacity_hint=_capacity(model), expiry_hint_ns=timeout_of(model),
        )  # fmt: skip
        sets.append(mixed_traffic(spec, out_dir / name))
    return sets


def path_traffic(model: Model, out_dir: Path, *, seed: int = 1) -> tuple[Mapping[int, Path], int]:
    """Captures by port with packets made for every path, and for how many paths the solver made some in its time."""
    found, paths = sequences(model, seed, SOLVING)
    stream = islice(path_stream(found, seed, timeout_of(model)), MAX_PATH_PACKETS)
    return write_streams(stream, tuple(range(model.ports)), out_dir / "paths"), paths


def enough_packets(model: Model) -> int:
    """How many packets of :func:`two_way_traffic` fill the NF's largest table in each set."""
    return 2 * 10 * _capacity(model)


def _capacity(model: Model) -> int:
    return max((o.capacity for o in model.objects if o.kind == "dchain"), default=CAPACITY)


def timeout_of(model: Model) -> int:
    """The longest timeout: the constant in thresholds of the form ``now - constant``."""
    times = (op.arg("time") for p in model.paths for op in p.operations if op.kind is Kind.EXPIRE)
    return max((timeout for time in times for timeout in _timeout(time)), default=EXPIRY)


def _timeout(time: Expr) -> Iterator[int]:
    if time.op == "add" and time.args[0].op == "sym" and time.args[0].name == "now" and time.args[1].is_const:
        value = -signed(time.args[1].value, 64)
        if value > 0:
            yield value
