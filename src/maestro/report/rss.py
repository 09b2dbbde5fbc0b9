"""What ``maestro rss`` prints, for people and for programs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from maestro.ir.packet import FIELDS
from maestro.report.facts import fields_text
from maestro.report.json import port_json, quality_json
from maestro.rss import spread
from maestro.rss.against import Contest
from maestro.rss.cost import Cost, Loss
from maestro.rss.endpoint import Hashed
from maestro.rss.explain import Infeasible
from maestro.rss.profile import Profile
from maestro.rss.quality import FieldQuality, Quality
from maestro.rss.request import Answered
from maestro.rss.requirement import Requirement
from maestro.rss.smt import Asked
from maestro.rss.solve import Configuration, PortConfiguration
from maestro.rss.spread import Spread
from maestro.rss.together import PairQuality
from maestro.solver.answer import Answer

Json = dict[str, Any]


def facts(*rows: tuple[str, str]) -> Table:
    """Names and values, one a line."""
    table = Table.grid(padding=(0, 2, 0, 0))
    for name, value in rows:
        table.add_row(Text(f"  {name}"), Text(value))
    return table


def hashed(found: Hashed) -> RenderableType:
    """Hash, table index and queue of one packet."""
    rows = [("hash", f"0x{found.hash:08x}  of {', '.join(found.inputs)}")]
    if found.flow is not None:
        rows.append(("addresses alone", f"0x{found.addresses:08x}"))
    rows += [
        ("table index", f"{found.index} of {found.reta_size}"),
        ("queue", f"{found.queue} of {found.cores} (the table filled in turn)"),
    ]
    return Group(Text(f"{found.source} → {found.destination}", style="bold"), facts(*rows))


def hashed_json(found: Hashed) -> Json:
    """Hashes as numbers; ``hash`` is the one that decided ``index`` and ``queue``."""
    return {
        "source": str(found.source),
        "destination": str(found.destination),
        "inputs": list(found.inputs),
        "hash": found.hash,
        "hash_addresses": found.addresses,
        "hash_flow": found.flow,
        "reta_size": found.reta_size,
        "index": found.index,
        "cores": found.cores,
        "queue": found.queue,
    }


def configuration(
    found: Configuration,
    nic: Profile,
    asked: Asked | None = None,
    rivals: Contest | None = None,
    *,
    robust: bool = False,
    symmetric: str = "none",
) -> RenderableType:
    """Fields, keys, table and quality of every port."""
    head = Text(nic.title, style="bold").append(f": {found.cores} cores, found in {1000 * found.seconds:.1f} ms")
    parts: list[RenderableType] = [head]
    for port in found.ports:
        parts.append(Text(f"\nport {port.port}", style="bold"))
        parts.append(facts(*_port_facts(port)))
    if robust:
        parts.append(Text("\nrobust: valid whether fields that are not chosen are left out or masked in place"))
    if symmetric != "none":
        parts.append(
            Text(f"\nsymmetric-{symmetric}: the NIC is to hash {symmetric} of source and destination for each")
        )
        parts.append(Text("of the two; packets that agree in it meet, those of fields that count up together too"))
    spreads = {p.port: spread.measure(p.key, p.owner_inputs, p.reta) for p in found.ports}
    return Group(*parts, quality(found.quality), measured(spreads), *_compared(rivals), *_judged(asked, found.seconds))


def measured(spreads: Mapping[int, Sequence[Spread]]) -> RenderableType:
    """How even the cores are under traffic of some kinds, by port."""
    title = Text(f"\nspread of {spread.PACKETS} packets", style="bold")
    columns = ("port", "traffic", "fullest core", "variation of cores", "fullest entry")
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for name in columns:
        table.add_column(("  " if name == "port" else "") + name)
    for port, found in spreads.items():
        for s in found:
            cells = (f"{s.core:.2f} of its share", f"{s.variation:.3f}", f"{100 * s.entry:.2f} % of the packets")
            table.add_row(f"  {port}", s.traffic, *cells)
    return Group(title, table)


def measured_json(found: Iterable[Spread]) -> list[Json]:
    return [
        {"traffic": s.traffic, "fullest_core": s.core, "variation": s.variation, "fullest_entry": s.entry}
        for s in found
    ]


def _compared(rivals: Contest | None) -> Iterator[RenderableType]:
    if rivals is None:
        return
    share = 100 * rivals.flawless / rivals.keys
    rows = [
        ("this key", _score(rivals.ours)),
        ("the best of them", _score(rivals.best)),
        ("as good in ranks", f"{rivals.flawless} of them ({share:.2f} %)"),
        ("better", f"{rivals.better} of them, all things considered"),
    ]
    title = Text(f"\nagainst {rivals.keys} random valid keys", style="bold").append(f" ({rivals.seconds:.1f} s)", "dim")
    yield Group(title, facts(*rows))


def _score(score: tuple[int, int, int]) -> str:
    return f"{score[0]} ranks missed, {score[1]} by pairs of fields, {score[2]} lost when fields count up together"


def _compared_json(rivals: Contest | None) -> Json:
    if rivals is None:
        return {}
    names = ("missed", "pairs", "lockstep")
    found = {"ours": dict(zip(names, rivals.ours, strict=True)), "best": dict(zip(names, rivals.best, strict=True))}
    rest = {"keys": rivals.keys, "as_good_in_ranks": rivals.flawless, "better": rivals.better}
    return {"against": found | rest | {"seconds": rivals.seconds}}


def _judged(asked: Asked | None, seconds: float | None = None) -> Iterator[RenderableType]:
    """What Z3 said, and how long both took."""
    if asked is None:
        return
    said = {Answer.SAT: "there are such keys", Answer.UNSAT: "there are no such keys"}.get(asked.answer, "gave up")
    ways = f" ({asked.questions} ways to choose fields)" if asked.questions > 1 else ""
    rows = [("z3", f"{said}, in {1000 * asked.seconds:.1f} ms{ways}")]
    if seconds is not None:
        rows.append(("elimination", f"the same, in {1000 * seconds:.1f} ms, the choice of keys included"))
    yield Group(Text("\nsolvers", style="bold"), facts(*rows))


def _asked_json(asked: Asked | None) -> Json:
    """Nothing unless Z3 was asked."""
    if asked is None:
        return {}
    keys = {str(port): key.hex() for port, key in asked.keys.items()}
    answer = {"answer": asked.answer.value, "questions": asked.questions, "seconds": asked.seconds, "keys": keys}
    return {"z3": answer}


def _port_facts(port: PortConfiguration) -> Iterator[tuple[str, str]]:
    yield "the core depends on", fields_text(port.fields)
    yield "field set", f"{port.field_set} ({port.main}: {fields_text(port.inputs[port.main])})"
    yield "key", port.key.hex(" ", 2)
    yield "table", f"{len(port.reta)} entries, {_shares(port.reta)}"
    if port.resteered:
        by = fields_text(port.owner_inputs)
        yield "in software", f"{', '.join(port.resteered)}: to be sent on by the hash over {by}"


def _shares(table: Sequence[int]) -> str:
    counts = Counter(table)
    if len(counts) <= 8 and max(counts.values()) - min(counts.values()) > 1:
        return ", ".join(f"core {core}: {counts[core]}" for core in sorted(counts))
    least, most = min(counts.values()), max(counts.values())
    return f"{least} a core" if least == most else f"{least} to {most} a core"


def quality(found: Quality) -> RenderableType:
    """One sentence when nothing is lost, or else the fields that are, and by how much balance suffers."""
    title = Text("\nquality", style="bold")
    rows = [("full rank", "every field reaches as much of the table as any valid key lets it")]
    if not found.is_full:
        short = [f for f in found.fields if f.rank < f.possible]
        rows = [("ranks lost", ", ".join(f"{_named(f)} {f.rank} of {f.possible}" for f in short))]
    short_pairs = [p for p in found.pairs if p.rank < p.possible]
    if short_pairs:
        rows.append(("lost by pairs", ", ".join(map(_pair, short_pairs))))
    elif found.pairs:
        rows.append(("pairs of fields", "every two fields reach as much together as any valid key lets them"))
    reached = {f.port: f.rank for f in reversed(found.fields) if not f.field}
    rows.append(("table reached", ", ".join(f"port {p}: {1 << r} entries" for p, r in sorted(reached.items()))))
    narrow = [f"{_named(f)} {1 << f.rank} entries" for f in found.fields if f.field and f.rank < reached[f.port]]
    if narrow:
        rows.append(("fields alone", ", ".join(narrow)))
    if found.largest_bucket > found.ideal_bucket:
        share = (
            f"{100 * found.largest_bucket:.2f} % of packets when a field counts up, {100 * found.ideal_bucket:.2f} %"
        )
        rows.append(("fullest entry", f"{share} were ideal"))
    return Group(title, facts(*rows))


def _pair(p: PairQuality) -> str:
    return f"port {p.port} {' with '.join(p.fields)} {p.rank} of {p.possible} ({p.bits} low-order bits of each)"


def _named(f: FieldQuality) -> str:
    return f"port {f.port} {f.field or 'all fields'}"


def configuration_json(
    found: Configuration,
    requirements: Iterable[Requirement],
    seed: int | None,
    asked: Asked | None = None,
    rivals: Contest | None = None,
) -> Json:
    """``ports`` and ``quality`` as in docs/reference/json.md, and each port's field set."""
    return {
        "feasible": True,
        "nic": found.nic,
        "cores": found.cores,
        "seed": seed,
        "requirements": [r.label for r in requirements],
        "ports": [
            port_json(plan)
            | {
                "field_set": port.field_set,
                "spread": measured_json(spread.measure(port.key, port.owner_inputs, port.reta)),
            }
            for plan, port in zip(found.to_port_plans(), found.ports, strict=True)
        ],
        "quality": quality_json(found.quality),
        "seconds": found.seconds,
        **_compared_json(rivals),
        **_asked_json(asked),
    }


def infeasible(found: Infeasible, nic: Profile, asked: Asked | None = None) -> RenderableType:
    """Why there is no key, the requirements that exclude each other, and what the NIC can do."""
    parts: list[RenderableType] = [Text("no key does this: ", style="bold red").append(found.reason, style="default")]
    if found.conflict:
        parts.append(Text("\na smallest set of requirements that leaves no choice of core:"))
        parts += [Text(f"  {label}") for label in found.conflict]
    if found.types:
        parts.append(Text(f"\nwithout {', '.join(found.types)} packets it would work"))
    parts.append(Text(f"\n{nic.title} can hash {', '.join(f for f in FIELDS if f in nic.hashable)}"))
    return Group(*parts, *_judged(asked))


def infeasible_json(
    found: Infeasible, nic: Profile, requirements: Iterable[Requirement], asked: Asked | None = None
) -> Json:
    return {
        "feasible": False,
        "nic": nic.name,
        "requirements": [r.label for r in requirements],
        "reason": found.reason,
        "port": found.port,
        "conflict": list(found.conflict),
        "types": list(found.types),
        "unhashable": list(found.unhashable),
        "hashable": [f for f in FIELDS if f in nic.hashable],
        **_asked_json(asked),
    }


def _costs(costs: Sequence[Cost]) -> Iterator[RenderableType]:
    """What no valid key can help, and by how much balance suffers."""
    if not costs:
        return
    rows = []
    for cost in costs:
        if cost.zeroed:
            what = f"{', '.join(cost.zeroed)}: the NIC cannot leave out, so their key windows are zero"
            rows.append((f"port {cost.port}", what if cost.losses else f"{what}; that costs nothing"))
        rows += [(f"port {cost.port}", _loss(loss)) for loss in cost.losses]
    yield Group(Text("\nwhat no valid key can help", style="bold"), facts(*rows))


def _loss(loss: Loss) -> str:
    reached, whole = 1 << loss.possible, 1 << loss.full
    name = loss.field or "all fields"
    share = f"{100 / reached:.3g} % of the packets on an entry, not {100 / whole:.3g} %"
    return f"{name}: rank {loss.possible} of {loss.full}, {reached} of {whole} entries: {share}"


def answered(a: Answered) -> RenderableType:
    """A configuration, or why there is none; one for every group of packet types that has a key of its own."""
    if a.rules:
        parts: list[RenderableType] = []
        for group, own in a.rules:
            parts.append(Text(f"\nrules for {', '.join(group.types)}", style="bold"))
            parts.append(configuration(own, a.nic))
        return Group(*parts)
    if isinstance(a.found, Infeasible):
        return infeasible(a.found, a.nic, a.asked)
    return Group(
        configuration(a.found, a.nic, a.asked, a.rivals, robust=a.robust, symmetric=a.symmetric), *_costs(a.costs)
    )


def answered_json(a: Answered) -> Json:
    if a.rules:
        rules = [
            {"types": list(group.types)} | configuration_json(own, group.requirements, a.seed) for group, own in a.rules
        ]
        return {"feasible": True, "nic": a.nic.name, "requirements": [r.label for r in a.requirements], "rules": rules}
    if isinstance(a.found, Infeasible):
        return infeasible_json(a.found, a.nic, a.requirements, a.asked)
    return configuration_json(a.found, a.requirements, a.seed, a.asked, a.rivals) | {
        "robust": a.robust,
        "symmetric": a.symmetric,
        "zeroing": [
            {
                "port": cost.port,
                "zeroed": list(cost.zeroed),
                "lost": [{"field": loss.field, "possible": loss.possible, "full": loss.full} for loss in cost.losses],
            }
            for cost in a.costs
        ],
    }
