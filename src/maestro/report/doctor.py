"""What ``maestro doctor`` prints."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.text import Text

from maestro.doctor.examine import Examination
from maestro.doctor.reading import Reading
from maestro.report import rss_emit
from maestro.report.facts import fields_text
from maestro.report.json import Json, quality_json
from maestro.report.rss import facts, measured, measured_json, quality
from maestro.report.rss_check import pair_facts, pair_json
from maestro.rss import spread
from maestro.rss.explain import Infeasible
from maestro.rss.keys import WELL_KNOWN
from maestro.rss.spread import Spread

_LETTERS = {"s": "src", "d": "dst", "f": "sport", "n": "dport", "m": "eth.dst", "v": "vlan", "t": "proto"}


def examined(found: Examination) -> RenderableType:
    """What the devices do, whether that is what is needed, and commands that would mend it."""
    parts: list[RenderableType] = [_device(port, r) for port, r in found.readings.items()]
    parts += [Text("")] if found.findings else []
    for f in found.findings:
        mark = "✗" if f.wrong else "·"
        parts.append(Text(f"{mark} {f.device + ': ' if f.device else ''}{f.what}", style="red" if f.wrong else ""))
    parts += [*_requirements(found), *_quality(found)]
    parts += [*_verdict(found), *_infeasible(found)]
    return Group(*parts)


def _device(port: int, r: Reading) -> RenderableType:
    names = [name for name, key in WELL_KNOWN.items() if r.key and key(len(r.key)) == r.key]
    key = f"{len(r.key)} bytes {r.key[:8].hex(':')}:…{f' ({names[0]})' if names else ''}" if r.key else "not told"
    rows = [
        ("driver", r.driver or "not told"),
        ("queues", f"{r.queues or r.rings}" + (f" of {r.most}" if r.most else "")),
    ]
    rows += [("table", f"{len(r.table)} entries for {len(set(r.table))} queues"), ("key", key)]
    rows += [("function", " ".join([r.function or "not told", *r.transforms]))]
    rows += [(flow, " ".join(_LETTERS[c] for c in letters) or "not hashed") for flow, letters in r.fields.items()]
    return Group(Text(f"port {port}: {r.device}", style="bold"), facts(*rows))


def _requirements(found: Examination) -> Iterator[RenderableType]:
    for r in found.unchecked:
        yield Text(f"not checked, as it is about a port whose device is not named: {r.label}")
    checked = found.checked
    if checked is None:
        return
    if checked.constant:
        yield Text("\nthe hash is constant: all packets reach one core", style="red")
    for pair in checked.violated:
        yield Text("\nviolated: ", style="bold red").append(pair.requirement, style="default")
        yield facts(*pair_facts(pair))
        if _same_queue(found, pair.left_index, pair.right_index):
            yield Text("  (the table happens to send these two to one queue: not a thing to rely on)")
    for port, types in checked.resteered.items():
        if types and checked.holds and found.needs.requirements:
            yield Text(
                f"port {port}: {', '.join(types)}: software must send these on, the NIC does not steer them right"
            )


def _same_queue(found: Examination, left: int, right: int) -> bool:
    queues = {r.table[i % len(r.table)] for r in found.readings.values() for i in (left, right)}
    return len(queues) == 1


def _spreads(found: Examination) -> dict[int, tuple[Spread, ...]]:
    if found.checked is None:
        return {}
    given = found.checked
    return {p: spread.measure(given.keys[p], given.inputs[p], _queues(r)) for p, r in found.readings.items()}


def _queues(r: Reading) -> list[int]:
    """The table, its queues numbered anew without gaps."""
    number = {q: n for n, q in enumerate(sorted(set(r.table)))}
    return [number[q] for q in r.table]


def _quality(found: Examination) -> Iterator[RenderableType]:
    if found.checked is not None and found.checked.quality is not None:
        for port, inputs in found.checked.inputs.items():
            yield Text(f"port {port} hashes {fields_text(inputs)}")
        yield quality(found.checked.quality)
        lost = found.checked.lockstep
        yield facts(
            ("fields that count up together", f"some cancel out ({lost} ranks lost)" if lost else "no ranks lost")
        )
        yield measured(_spreads(found))


def _verdict(found: Examination) -> Iterator[RenderableType]:
    who = found.needs.name or "the requirements"
    if found.holds is None:
        return
    if not found.holds:
        yield Text(
            f"\nthis does not do what {who} needs" if found.needs.name else "\nthe requirements are not met", "bold red"
        )
    elif found.unchecked:
        yield Text(
            f"\nnothing is wrong here, but {_count(found)} not checked: name the other ports' devices too", "bold"
        )
    elif found.needs.requirements:
        yield Text(f"\nthis does what {who} needs" if found.needs.name else "\nthe requirements are met", "bold green")
    else:
        yield Text(f"\n{who} asks nothing of the NIC: any core may take any packet", "bold green")


def _count(found: Examination) -> str:
    n = len(found.unchecked)
    return "1 requirement was" if n == 1 else f"{n} requirements were"


def _infeasible(found: Examination) -> Iterator[RenderableType]:
    if isinstance(found.mend, Infeasible):
        yield Text(f"no key and fields of {found.nic.title} do it: {found.mend.reason}")


def commands(found: Examination) -> str:
    """Of ethtool, for all ports; empty when nothing needs mending or nothing would."""
    if found.mend is None or isinstance(found.mend, Infeasible) or (found.holds and not found.unchecked):
        return ""
    names = {port: r.device for port, r in found.readings.items()}
    text = rss_emit.ethtool(found.mend, found.nic, {p.port: _steered(found, p.port) for p in found.mend.ports}, names)
    first = [
        f"ethtool -X {r.device} hfunc toeplitz" for r in found.readings.values() if r.function not in ("", "toeplitz")
    ]
    first += [f"ethtool -X {r.device} xfrm none" for r in found.readings.values() if r.transforms]
    return "\n".join([text, *first])


def _steered(found: Examination, port: int) -> frozenset[str]:
    return found.needs.types.get(port, frozenset())


def examined_json(found: Examination) -> Json:
    checked = found.checked
    return {
        "holds": found.holds,
        "nic": found.nic.name,
        "nf": found.needs.name or None,
        "cores": found.cores,
        "devices": {str(port): _reading_json(r) for port, r in found.readings.items()},
        "findings": [{"device": f.device, "message": f.what, "wrong": f.wrong} for f in found.findings],
        "requirements": [r.label for r in found.needs.requirements],
        "unchecked": [r.label for r in found.unchecked],
        "violated": [pair_json(v) for v in checked.violated] if checked else [],
        "resteered": {str(p): list(types) for p, types in checked.resteered.items()} if checked else {},
        "quality": quality_json(checked.quality) if checked and checked.quality else None,
        "spread": {str(port): measured_json(s) for port, s in _spreads(found).items()},
        "commands": commands(found).splitlines(),
    }


def _reading_json(r: Reading) -> Json:
    return {
        "device": r.device,
        "driver": r.driver or None,
        "queues": r.queues or r.rings,
        "most_queues": r.most or None,
        "table": list(r.table),
        "key": r.key.hex() or None,
        "function": r.function or None,
        "transforms": list(r.transforms),
        "fields": dict(r.fields),
    }
