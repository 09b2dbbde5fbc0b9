"""What ``maestro rss check`` prints."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address

from rich.console import Group, RenderableType
from rich.text import Text

from maestro.report.facts import fields_text
from maestro.report.json import Json, quality_json
from maestro.report.rss import facts, measured, measured_json, quality
from maestro.rss import reta, spread
from maestro.rss.check import Checked, Counterexample, Packet
from maestro.rss.profile import Profile
from maestro.rss.requirement import Requirement
from maestro.rss.spread import Spread


def checked(found: Checked, nic: Profile, cores: int) -> RenderableType:
    """The answer, with which field sets, and how good the key is; or a pair of packets that shows that it fails."""
    parts: list[RenderableType] = []
    if found.holds:
        parts.append(Text("the key does it", style="bold green").append(f" on {nic.title}", style="default"))
    else:
        parts.append(Text("the key does not do it", style="bold red").append(f" on {nic.title}", style="default"))
    rows = [(f"port {p}", _port(found, p)) for p in found.field_sets]
    parts.append(facts(*rows, ("table", f"{1 << found.table_bits} entries")))
    if found.quality is not None:
        parts.append(quality(found.quality))
        together = "no ranks lost" if not found.lockstep else f"some cancel out ({found.lockstep} ranks lost)"
        parts.append(facts(("fields that count up together", together), *_robust(found)))
        return Group(*parts, measured(_spreads(found, cores)))
    if found.holds:
        parts.append(Text("\nranks say nothing in this symmetric mode: quality is not computed"))
        return Group(*parts)
    if found.undecided:
        parts.append(Text("\nneither shown to hold nor violated by any packets that were tried:"))
        parts += [Text(f"  {label}") for label in found.undecided]
    if found.constant:
        parts.append(Text("\nonly because its hash is constant: all packets reach one core"))
    for pair in found.violated:
        parts.append(Text("\nviolated: ", style="bold").append(pair.requirement, style="default"))
        parts.append(facts(*pair_facts(pair)))
    if found.unreliable:
        what = f"what {nic.title} does with {', '.join(found.unreliable)} packets is not known"
        parts.append(Text(f"\n{what}"))
    if found.tried > 1:
        parts.append(Text(f"\nnor with any other of the {found.tried} ways to set the NIC up"))
    return Group(*parts, Text("\nmaestro rss solve finds keys that do it"))


def _robust(found: Checked) -> Iterable[tuple[str, str]]:
    if found.robust is None:
        return
    if found.robust:
        yield "robust", "yes: it would do it as well if fields that are not chosen were masked in place"
        return
    yield "robust", "no: it would not do it if fields that are not chosen were masked in place, as for"
    for pair in found.unmasked:
        yield from pair_facts(pair)


def _spreads(found: Checked, cores: int) -> dict[int, tuple[Spread, ...]]:
    if found.symmetric not in ("none", "xor"):  # spread.py hashes linear functions
        return {}
    table = reta.fill(1 << found.table_bits, cores)
    return {port: spread.measure(found.keys[port], inputs, table) for port, inputs in found.inputs.items()}


def _port(found: Checked, port: int) -> str:
    types = found.resteered[port]
    software = f"; {', '.join(types)} in software" if types else ""
    return f"hashes {fields_text(found.inputs[port])} (field set {found.field_sets[port]}){software}"


def pair_facts(pair: Counterexample) -> Iterable[tuple[str, str]]:
    """Two packets that should meet, and where they go."""
    yield f"{pair.left_type} to index {pair.left_index}", _packet(pair.left)
    yield f"{pair.right_type} to index {pair.right_index}", _packet(pair.right)


def _packet(packet: Packet) -> str:
    return ", ".join(f"{name} {value_text(name, value)}" for name, value in packet.items())


def value_text(name: str, value: int) -> str:
    """A field's value as people write it."""
    match name.split("."):
        case ["ipv4", "src" | "dst"]:
            return str(IPv4Address(value))
        case ["ipv6", _]:
            return str(IPv6Address(value))
        case ["eth", "src" | "dst"]:
            return value.to_bytes(6, "big").hex(":")
    return str(value)


def checked_json(found: Checked, nic: Profile, requirements: Iterable[Requirement], cores: int) -> Json:
    return {
        "holds": found.holds,
        "constant": found.constant,
        "nic": nic.name,
        "requirements": [r.label for r in requirements],
        "field_sets": {str(port): name for port, name in found.field_sets.items()},
        "resteered": {str(port): list(types) for port, types in found.resteered.items()},
        "reta_size": 1 << found.table_bits,
        "violated": [pair_json(v) for v in found.violated],
        "quality": quality_json(found.quality) if found.quality else None,
        "lockstep": found.lockstep,
        "robust": found.robust,
        "symmetric": found.symmetric,
        "undecided": list(found.undecided),
        "spread": {str(port): measured_json(s) for port, s in _spreads(found, cores).items()},
    }


def pair_json(pair: Counterexample) -> Json:
    return {
        "requirement": pair.requirement,
        "packets": [
            _packet_json(pair.left_type, pair.left, pair.left_index),
            _packet_json(pair.right_type, pair.right, pair.right_index),
        ],
    }


def _packet_json(kind: str, packet: Packet, index: int) -> Json:
    return {"type": kind, "fields": {name: value_text(name, v) for name, v in packet.items()}, "index": index}
