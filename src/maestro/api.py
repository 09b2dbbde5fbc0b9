"""Maestro from Python: what ``import maestro`` offers.

    import maestro

    plan = maestro.parallelize("fw.c", cores=8)
    plan.strategy            # 'shared-nothing'
    plan.ports[0].key        # b'\\x32\\x87…'
    print(plan)              # what `maestro analyze` prints
    plan.write("fw-parallel")

In a notebook a plan shows itself as a table. Errors are :class:`maestro.UserError`: its text has the C line and what to
do. Reference: docs/reference/python.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from html import escape
from pathlib import Path
from typing import Any

from maestro import pipeline
from maestro.codegen.project import require_fresh
from maestro.frontend.settings import settings
from maestro.ir.plan import Constraint, PortPlan, Reason
from maestro.pipeline import Job, Phases
from maestro.report import json as documents
from maestro.report import terminal
from maestro.report.facts import ObjectFacts, fields_text, objects, reasons
from maestro.report.progress import Silent
from maestro.solver.effort import Effort
from maestro.verify.compare import Comparison

Source = str | Path


def job(
    sources: Source | Sequence[Source],
    *,
    cores: int | None = None,
    nic: str | None = None,
    ports: int | None = None,
    args: Sequence[str] | None = None,
    port_names: Mapping[int, str] | None = None,
    include_dirs: Iterable[Source] = (),
    defines: Mapping[str, str | None] | None = None,
    strategy: str = "auto",
    seed: int | None = None,
    allow: Iterable[Source] = (),
    time_limit: float | None = None,
    memory_limit: int | None = None,
) -> Job:
    """What is to be done: what is given here, then the nf.toml of the NF's folder, then the defaults.

    ``sources``: C files, or one folder. ``args``: for the NF's own ``nf_config_init``. ``defines``: name → value, None
    for a name alone. ``allow``: what the NF may read while it starts, besides files in its own folder and those that
    ``args`` name. ``time_limit`` (seconds of processor time), ``memory_limit`` (MB): of the
    analysis. Raises UserError (``nf-toml``).
    """
    paths = tuple(Path(s) for s in ([sources] if isinstance(sources, str | Path) else sources))
    own = settings(paths)
    written = {n: value if equals else None for n, equals, value in (d.partition("=") for d in own.defines or ())}
    given = {
        "cores": (cores, own.cores),
        "nic": (nic, own.nic),
        "ports": (ports, own.ports),
        "nf_args": (args, own.args),
    }
    chosen: dict[str, Any] = {}
    for name, choices in given.items():
        if found := [c for c in choices if c is not None]:
            chosen[name] = found[0]
    if "nf_args" in chosen:
        chosen["nf_args"] = tuple(chosen["nf_args"])
    return Job(
        paths,
        tuple(Path(d) for d in include_dirs),
        {**written, **(defines or {})},
        port_names={**(own.port_names or {}), **(port_names or {})},
        strategy=strategy,
        seed=seed,
        allow=(*map(Path, allow), *_named(args or ())),
        effort=_effort(time_limit, memory_limit),
        **chosen,
    )


def _effort(seconds: float | None, memory_mb: int | None) -> Effort:
    default = Effort()
    return Effort(
        default.seconds if seconds is None else seconds, default.memory_mb if memory_mb is None else memory_mb
    )


def _named(args: Iterable[str]) -> Iterable[Path]:
    """The files that the user's own arguments name (``table.txt``, ``--table=table.txt``): the NF may read them."""
    words = (word for arg in args for word in (arg, arg.partition("=")[2]) if word)
    return [path for path in map(Path, words) if "\0" not in str(path) and path.is_file()]


def analyze(sources: Source | Sequence[Source], **options: Any) -> Plan:
    """How the NF in ``sources`` can be parallelized. Options: those of :func:`job`.

    Raises UserError for what the command line ends with an error for, too.
    """
    return Plan(pipeline.analyze(job(sources, **options), Phases(Silent())))


def parallelize(
    sources: Source | Sequence[Source], output: Source | None = None, *, build: bool = False, **options: Any
) -> Plan:
    """:func:`analyze`; and with ``output`` the C project, in a new folder, built if so asked.

    Raises UserError as :func:`analyze`, and for a folder that exists.
    """
    if output is None:
        return analyze(sources, **options)
    asked = job(sources, **options)
    return Plan(pipeline.parallelize(asked, Path(output), Phases(Silent()), build=build, extra=documents.timeless))


@dataclass(frozen=True)
class Plan:
    """What Maestro decided for one NF. It holds: without a proof there is no plan."""

    result: pipeline.Result

    @property
    def nf(self) -> str:
        """Its name."""
        return self.result.plan.nf

    @property
    def strategy(self) -> str:
        """``shared-nothing``, ``hybrid``, ``locks`` or ``htm``."""
        return self.result.plan.strategy

    @property
    def nic(self) -> str:
        return self.result.plan.nic

    @property
    def cores(self) -> int:
        return self.result.plan.cores

    @property
    def seed(self) -> int | None:
        """Gives the same RSS keys once more."""
        return self.result.job.seed

    @property
    def paths(self) -> int:
        """How many ways a packet can take through the NF."""
        return len(self.result.model.paths)

    @property
    def ports(self) -> tuple[PortPlan, ...]:
        """Per port: ``key`` (bytes), ``fields``, ``reta`` (a core per table index), ``resteered`` packet types."""
        return self.result.plan.ports

    @property
    def objects(self) -> tuple[ObjectFacts, ...]:
        """Per state object: ``name``, ``kind``, ``capacity``, ``strategy``, ``rule``, ``spans`` (C lines)."""
        return objects(self.result.model, self.result.plan)

    @property
    def constraints(self) -> tuple[Constraint, ...]:
        """Which packets must share a core, as ``text``, by which ``rule``."""
        return self.result.plan.constraints

    @property
    def reasons(self) -> tuple[Reason, ...]:
        """What is not as one would wish, or good to know: ``code``, ``message``, ``spans``, ``hint``."""
        return reasons(self.result.model, self.result.plan)

    @property
    def assumptions(self) -> tuple[str, ...]:
        """What the proof rests on."""
        return self.result.certificate.assumptions

    @property
    def folder(self) -> Path | None:
        """The C project, if one was written."""
        return self.result.project

    def write(self, output: Source, *, build: bool = False) -> Plan:
        """The same plan with its C project in ``output``. Raises UserError for a folder that exists."""
        folder = Path(output)
        require_fresh(folder)
        extra = documents.timeless
        return Plan(pipeline.generate(self.result, folder, Phases(Silent()), build=build, extra=extra))

    def verify(self, captures: Mapping[int, Source] | None = None, *, packets: int | None = None) -> Comparison:
        """The parallel NF against the original, packet by packet: ``packets``, ``differences``, ``first`` few of them.

        ``captures``: a pcap per port; without, generated traffic of ``packets`` packets (None: enough to fill tables).
        """
        inputs = {port: Path(name) for port, name in captures.items()} if captures else None
        comparison = pipeline.verify(self.result.job, inputs, packets, Phases(Silent())).comparison
        assert comparison is not None
        return comparison

    @cached_property
    def document(self) -> dict[str, Any]:
        """Everything as plain Python values, as in docs/reference/json.md."""
        return documents.document(self.result)

    def __str__(self) -> str:
        return terminal.plain(terminal.analysis(self.result))

    def __repr__(self) -> str:
        return f"<maestro.Plan {self.nf}: {self.strategy} on {self.cores} cores, NIC {self.nic}>"

    def _repr_html_(self) -> str:
        """For notebooks."""
        head = f"{self.nf}: {self.strategy} on {self.cores} cores, NIC {self.nic}; {self.paths} paths"
        objects = [(o.name, o.kind, o.strategy, o.rule or "", ", ".join(map(str, o.spans))) for o in self.objects]
        ports = [(str(p.port), fields_text(p.fields) or "nothing", p.key.hex(), str(p.reta_size)) for p in self.ports]
        why = [(r.code, r.message, r.hint) for r in self.reasons]
        return (
            f"<p><b>{escape(head)}</b></p>"
            + _html(("object", "kind", "strategy", "rule", "where"), objects)
            + _html(("port", "the core depends on", "RSS key", "table"), ports)
            + (_html(("reason", "message", "hint"), why) if why else "")
        )


def _html(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [("th", head), *(("td", row) for row in rows)]
    cells = ("".join(f"<{tag}>{escape(text)}</{tag}>" for text in row) for tag, row in lines)
    return f"<table>{''.join(f'<tr>{row}</tr>' for row in cells)}</table>"
