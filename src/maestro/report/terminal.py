"""What the commands print for people. Nothing is wider than 100 columns; colour only on a terminal."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from typing import TextIO

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from maestro.certificate.result import Certificate
from maestro.ir.packet import PACKET_TYPES
from maestro.ir.plan import PortPlan, Reason
from maestro.pipeline import Result, Timing
from maestro.report.facts import Places, fields_text, objects, owner
from maestro.report.source import excerpt

WIDTH = 100


def console(stream: TextIO | None = None) -> Console:
    """A console of at most 100 columns on ``stream`` (standard output unless given); plain when that is no terminal.

    NO_COLOR and TERM=dumb are respected (rich does so).
    """
    stream = stream or sys.stdout
    probe = Console(file=stream)
    return Console(file=stream, highlight=False, width=min(probe.width, WIDTH) if probe.is_terminal else WIDTH)


def analysis(result: Result, *, verbose: bool = False) -> RenderableType:
    """Objects, constraints, RSS, proof, reasons; with ``verbose`` packet types, assumptions and times as well."""
    places = Places(result.root)
    sections = [_head(result), *_objects(result, places), *_constraints(result, places)]
    sections += _ports(result.plan.ports, verbose)
    sections += _proof(result.certificate, result.plan.strategy, verbose)
    for reason in result.plan.reasons:
        sections += _reason(reason, places)
    for note in result.model.notes:
        sections.append(_labelled("note", note.message, f"[{note.code}]", places.short(note.span) if note.span else ""))
    if verbose:
        sections += _times(result.timings)
    return Group(*sections)


def _head(result: Result) -> RenderableType:
    plan, paths = result.plan, len(result.model.paths)
    line = Text(plan.nf, style="bold").append(": ").append(plan.strategy, style=_colour(plan.strategy))
    return line.append(f" on {plan.cores} cores, NIC {plan.nic}; {paths} path{'s' * (paths != 1)}")


def _colour(strategy: str) -> str:
    return "bold yellow" if strategy in ("locks", "locked", "htm", "hybrid") else "bold green"


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=True, header_style="dim")
    for name in columns:
        table.add_column(name, overflow="fold")
    return table


def _heading(text: str) -> Text:
    return Text("\n").append(text, style="bold")


def _objects(result: Result, places: Places) -> Iterator[RenderableType]:
    yield _heading("State")
    found = objects(result.model, result.plan)
    if not found:
        yield Text("  none")
        return
    table = _table("  object", "kind", "entries", "strategy", "rule", "where")
    for o in found:
        strategy = Text(o.strategy, style=_colour(o.strategy))
        table.add_row(f"  {o.name}", o.kind, str(o.capacity), strategy, o.rule or "", ", ".join(places.all(o.spans)))
    yield table


def _constraints(result: Result, places: Places) -> Iterator[RenderableType]:
    if not result.plan.constraints:
        return
    yield _heading("Packets that must meet on one core")
    for c in result.plan.constraints:
        short, bracket, exact = c.text.partition(" [")
        yield _indented(2, Text(short).append(f"  [{c.rule}]", style="dim"))
        names = ", ".join(dict.fromkeys(owner(result.model, n) for n in c.objects))
        if bracket:
            yield _indented(6, Text(exact.removesuffix("]"), style="dim"))
        yield _indented(6, Text(f"{names}: {', '.join(places.all(c.spans))}", style="dim"))


def _indented(columns: int, text: Text) -> RenderableType:
    return Padding(text, (0, 0, 0, columns), expand=False)


def _ports(ports: Iterable[PortPlan], verbose: bool) -> Iterator[RenderableType]:
    yield _heading("RSS")
    for port in ports:
        yield Text(f"  port {port.port}  ").append(f"the core depends on {fields_text(port.fields) or 'nothing'}")
        yield from _key(port.key)
        yield Text(f"          table {port.reta_size} entries").append(_resteered(port))
        if verbose:
            for kind in PACKET_TYPES:
                hashed = fields_text(port.inputs.get(kind, ()))
                yield Text(f"            {kind:<14} {hashed or 'not hashed'}", style="dim")


def _resteered(port: PortPlan) -> str:
    return f"; sent to their core in software: {', '.join(port.resteered)}" if port.resteered else ""


def _key(key: bytes) -> Iterator[Text]:
    """The key in hexadecimal, 26 bytes a row."""
    for at in range(0, len(key), 26):
        yield Text(f"          {'key  ' if not at else '     '} {key[at : at + 26].hex(' ', 2)}")


def _proof(certificate: Certificate, strategy: str, verbose: bool) -> Iterator[RenderableType]:
    verdict = Text("holds", style="bold green") if certificate.holds else Text("DOES NOT HOLD", style="bold red")
    n = certificate.obligations
    what = f"{n} obligation{'s' * (n != 1)}, each shown by Z3, in {certificate.seconds:.2f} s"
    if not n:
        shared = "what is shared is locked: nothing to prove"
        what = "no two packets change the same state" if strategy == "shared-nothing" else shared
    yield _heading("Proof  ").append(verdict).append(f": {what}", "default")
    for failure in certificate.failures:
        yield Text(f"  {failure.message}", style="red")
    if verbose:
        for assumption in certificate.assumptions:
            yield Text(f"  assumes {assumption}", style="dim")


def _reason(reason: Reason, places: Places) -> Iterator[RenderableType]:
    where = places.all(reason.spans)
    yield _labelled("note", reason.message, f"[{reason.code}]", where[0] if where else "")
    if reason.spans:
        first = min(reason.spans)
        yield from excerpt(first, places.path(first))
    if where[1:]:
        yield _indented(2, Text(f"also {', '.join(where[1:])}", style="dim"))
    if reason.hint:
        yield _indented(2, Text("hint: ", style="cyan").append(reason.hint, style="default"))


def _labelled(label: str, message: str, code: str, where: str) -> Text:
    line = Text("\n").append(f"{where}: " if where else "", style="bold")
    return line.append(f"{label}: ", style="bold yellow").append(message).append(f" {code}", style="dim")


def _times(timings: Iterable[Timing]) -> Iterator[RenderableType]:
    yield _heading("Time")
    for t in timings:
        yield Text(f"  {t.phase:<12} {t.seconds:8.3f} s", style="dim")


def project(result: Result) -> RenderableType:
    """Where the generated project is and what to type next."""
    lines = [_heading(f"The parallel NF is in {result.project}")]
    if result.program is None:
        lines.append(Text(f"  build it    make -C {result.project}"))
    lines.append(
        Text(f"  try it      {result.project}/nf-replay --cores {result.plan.cores} --in 0=lan.pcap --in 1=wan.pcap")
    )
    return Group(*lines)


def comparison(result: Result) -> RenderableType:
    """The differential check: how much was compared, and the first differences."""
    found = result.comparison
    assert found is not None
    head = _heading("Against the original  ")
    if found.same:
        head.append("no difference", style="bold green")
    else:
        head.append(f"{found.differences} differences", style="bold red")
    stats = found.stats
    head.append(f" in {found.packets} packets on {result.job.cores} cores", style="default")
    if found.entries:
        head.append(f", {found.entries} entries of merged state", style="default")
    if found.full:
        head.append(f" ({', '.join(found.full)} not when full)", style="default")
    counts = ", ".join(f"{stats[k]} {k}" for k in ("forwarded", "dropped", "flooded", "resteered") if k in stats)
    lines = [head, Text(f"  {counts}", style="dim")]
    if any(o.entries for o in objects(result.model, result.plan)):
        lines.append(Text(f"  {_ALLOCATED}", style="dim"))
    lines += [Text(f"  {difference}") for difference in found.first]
    return Group(*lines)


_ALLOCATED = "what the NF allocates, the original takes from the core's part as well: equal up to such a renaming"


def speed(result: Result) -> RenderableType:
    """Packets per second of every program measured, with the share of packets that each core got."""
    table = _table("  program", "Mpps", "lowest-highest", "against the original", "packets per core")
    for row in result.rows:
        total = sum(row.load) or 1
        load = " ".join(f"{100 * n / total:.0f}%" for n in row.load)
        table.add_row(f"  {row.label}", f"{row.mpps:.1f}", f"{row.low:.1f}-{row.high:.1f}", f"{row.ratio:.2f}x", load)
    notes = ["  millions of packets a second by the threads' CPU time, in memory, medians"]
    generated = {row.cores: row.mpps for row in result.rows[1:]}
    notes += [f"  {n} cores against 1: {mpps / generated[1]:.2f}x" for n, mpps in generated.items() if n > 1]
    return Group(_heading("Speed"), table, *(Text(note, style="dim") for note in notes))
