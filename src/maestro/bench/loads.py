"""Traffic for a measurement: generated captures, made once for all NFs that can share them, or the user's own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from secrets import token_bytes

from maestro.bench.measure import Load
from maestro.diagnostics import UserError
from maestro.traffic.fast import write_shape
from maestro.traffic.rewrite import KEEP, Rewrite, rewritten
from maestro.traffic.scan import scan
from maestro.traffic.shapes import KINDS, ZIPF, Shape, mean_size, opening

_ROUNDS_OF_FLOWS = 16
"""Under churn: so many packets a flow, that a flow which is gone is forgotten before it returns, and no other is."""


@dataclass(frozen=True)
class Wanted:
    """One traffic as the user names it. ``name``: a kind, ``zipf:EXPONENT``, or a capture (on port 0), or several,
    ``0=FILE,1=FILE``. ``churn``: flows per minute."""

    name: str = "uniform"
    flows: int | None = None
    size: int = 64
    churn: float = 0.0
    replies: bool = False
    seed: int = 1
    packets: int | None = None
    rewrite: Rewrite = KEEP


def packets_for(flows: int) -> int:
    """Several passes over the flows, so that their order differs; at least what makes a round last."""
    return max(30_000, 3 * flows if flows <= 1_000_000 else 2 * flows)


def shape_of(wanted: Wanted, expiry: int | None) -> Shape | None:
    """None for captures. ``expiry``: ns after which the NF forgets, if it does. Raises UserError (``traffic``)."""
    kind, colon, exponent = wanted.name.partition(":")
    if kind not in KINDS or (colon and kind != "zipf"):
        return None
    try:
        shape = Shape(kind, size=wanted.size, exponent=float(exponent) if colon else ZIPF, churn=wanted.churn,
                      replies=wanted.replies or kind == "internet", seed=wanted.seed, cyclic=True)  # fmt: skip
    except ValueError as error:
        raise UserError(f"'{wanted.name}': zipf:1.26, for example", code="traffic") from error
    if wanted.flows is not None:
        shape = replace(shape, flows=wanted.flows)
    packets = wanted.packets or packets_for(shape.count) * (1 + shape.replies)
    if not shape.churn or expiry is None:
        return replace(shape, packets=packets, churn=0.0)
    packets = wanted.packets or max(packets, _ROUNDS_OF_FLOWS * shape.count)
    return replace(shape, packets=packets, duration=4 * expiry)


def make(wanted: Wanted, folder: Path, *, expiry: int | None = None, ports: int = 2) -> Load:
    """Captures in ``folder``, unless they are there. An NF with one port gets all packets on it.

    Raises UserError (``traffic``, ``pcap``).
    """
    shape = shape_of(wanted, expiry)
    if shape is None:
        return _given(wanted, folder, ports)
    churning, name = bool(shape.churn), label(shape)
    target = folder / f"{name}-{shape.flows}-{shape.size}-{shape.packets}-{shape.churn:g}-{shape.duration}-{ports > 1}"
    captures = {port: target / f"port{port}.pcap" for port in range(min(2, ports))}
    if not (target / "done").exists():
        write_shape(shape, (0, min(1, ports - 1)), target)
        (target / "done").touch()
    return Load(
        name, shape.count, mean_size(shape), captures, "trace" if churning else "tick",
        opening(shape) if churning else 0.0, shape.churn if churning else 0.0,
    )  # fmt: skip


def export(wanted: Wanted, folder: Path) -> list[Path]:
    """Captures for use elsewhere: flows live exactly as long as the churn says and never return."""
    shape = shape_of(wanted, None)
    if shape is None:
        return list(_given(wanted, folder, ports=64).captures.values())
    shape = replace(shape, cyclic=False, churn=wanted.churn)
    return list(write_shape(shape, (0, 1), folder).values())


def label(shape: Shape) -> str:
    exponent = f":{shape.exponent:g}" if shape.kind == "zipf" and shape.exponent != ZIPF else ""
    return f"{shape.kind}{exponent}{'+replies' if shape.replies and shape.kind != 'internet' else ''}"


def _given(wanted: Wanted, folder: Path, ports: int) -> Load:
    captures: dict[int, Path] = {}
    for part in wanted.name.split(","):
        port, equals, name = part.partition("=")
        numbered = bool(equals) and port.isdecimal()
        captures[int(port) if numbered else 0] = Path(name if numbered else part)
    for number, path in captures.items():
        if not path.is_file():
            hint = f"there is {', '.join(KINDS)}, and captures: FILE, or 0=FILE,1=FILE"
            raise UserError(f"'{wanted.name}' is no traffic: there is no file {path}", hint=hint, code="traffic")
        if number >= ports:
            raise UserError(f"{path}: the NF has ports 0 to {ports - 1}", code="traffic")
    if wanted.rewrite.does_something:
        how = replace(wanted.rewrite, key=wanted.rewrite.key or token_bytes(32))  # one for all: replies still match
        captures = {n: rewritten(path, folder / f"port{n}-{path.name}", how) for n, path in captures.items()}
    facts = scan(captures.values())
    names = ",".join(path.name for path in captures.values())
    return Load(names, facts.flows, facts.mean_size, captures, "trace")


def capacity_warning(flows: int, tables: Mapping[str, int]) -> str | None:
    """What to say when an NF cannot hold that many flows; ``tables``: entries of its flow tables by name."""
    small = {name: entries for name, entries in tables.items() if entries < flows}
    if not small:
        return None
    name, entries = min(small.items(), key=lambda item: item[1])
    return f"{name} has {entries} entries, fewer than {flows} flows: what does not fit is measured as refused"
