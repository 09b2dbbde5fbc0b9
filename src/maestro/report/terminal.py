"""What the commands print for people. Nothing is wider than 100 columns; colour only on a terminal."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from io import StringIO
from typing import TextIO

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from maestro.certificate.result import Certificate
from maestro.ir.packet import PACKET_TYPES
from maestro.ir.plan import PortPlan
from maestro.pipeline import Result, Timing
from maestro.report.facts import Places, fields_text, objects
from maestro.report.state import Details, colour, heading, overview

WIDTH = 100


def console(stream: TextIO | None = None) -> Console:
    """A console of at most 100 columns on ``stream`` (standard output unless given); plain when that is no terminal.

    NO_COLOR and TERM=dumb are respected (rich does so).
    """
    stream = stream or sys.stdout
    probe = Console(file=stream)
    return Console(file=stream, highlight=False, width=min(probe.width, WIDTH) if probe.is_terminal else WIDTH)


def plain(text: RenderableType) -> str:
    """Without colours and blanks at the ends of lines."""
    out = Console(file=StringIO(), highlight=False, width=WIDTH, color_system=None)
    with out.capture() as printed:
        out.print(text)
    return "".join(f"{line.rstrip()}\n" for line in printed.get().splitlines())


def analysis(result: Result, *, verbose: bool = False) -> RenderableType:
    """Objects, constraints, RSS, proof, reasons; with ``verbose`` packet types, assumptions and times as well."""
    places = Places(result.root)
    sections = [_head(result), *overview(result, places), *Details(result, places, verbose).render()]
    sections += _ports(result.plan.ports, verbose)
    sections += _proof(result.certificate, result.plan.strategy, verbose)
    if verbose:
        sections += _times(result.timings)
    return Group(*sections)


def _head(result: Result) -> RenderableType:
    plan, paths = result.plan, len(result.model.paths)
    line = Text(plan.nf, style="bold").append(": ").append(plan.strategy, style=colour(plan.strategy))
    return line.append(f" on {plan.cores} cores, NIC {plan.nic}; {paths} path{'s' * (paths != 1)}")


def _ports(ports: Iterable[PortPlan], verbose: bool) -> Iterator[RenderableType]:
    yield heading("RSS")
    for port in ports:
        depends = Text(f"the core depends on {fields_text(port.fields) or 'nothing'}")
        facts = Table.grid(padding=(0, 1, 0, 0))
        facts.add_row("key", Text(port.key.hex(" ", 2)))
        facts.add_row("table", Text(f"{port.reta_size} entries").append(_resteered(port)))
        rows = Table.grid(padding=(0, 2, 0, 0))
        rows.add_row(f"  port {port.port}", depends)
        rows.add_row("", facts)
        yield rows
        if verbose:
            for kind in PACKET_TYPES:
                hashed = fields_text(port.inputs.get(kind, ()))
                yield Text(f"            {kind:<14} {hashed or 'not hashed'}", style="dim")


def _resteered(port: PortPlan) -> str:
    return f"; sent to their core in software: {', '.join(port.resteered)}" if port.resteered else ""


def _proof(certificate: Certificate, strategy: str, verbose: bool) -> Iterator[RenderableType]:
    verdict = Text("holds", style="bold green") if certificate.holds else Text("DOES NOT HOLD", style="bold red")
    n = certificate.obligations
    what = f"{n} obligation{'s' * (n != 1)}, each shown by Z3, in {certificate.seconds:.2f} s"
    if not n:
        shared = "what is shared is locked: nothing to prove"
        what = "no two packets change the same state" if strategy == "shared-nothing" else shared
    yield heading("Proof  ").append(verdict).append(f": {what}", "default")
    for failure in certificate.failures:
        yield Text(f"  {failure.message}", style="red")
    if verbose:
        for assumption in certificate.assumptions:
            yield Text(f"  assumes {assumption}", style="dim")


def _times(timings: Iterable[Timing]) -> Iterator[RenderableType]:
    yield heading("Time")
    for t in timings:
        yield Text(f"  {t.phase:<12} {t.seconds:8.3f} s", style="dim")


def project(result: Result) -> RenderableType:
    """Where the generated project is and what to type next."""
    lines = [heading(f"The parallel NF is in {result.project}")]
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
    head = heading("Against the original  ")
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


_ALLOCATED = "what is allocated, the original takes from the core's part too: equal up to such a renaming"
