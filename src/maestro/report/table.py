"""``maestro analyze --table``: several NFs, one line each, as a Markdown table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from itertools import groupby
from multiprocessing import get_context
from pathlib import Path
from signal import SIGINT, signal
from time import perf_counter

from maestro import pipeline
from maestro.diagnostics import ExitStatus, SourceError, UserError
from maestro.report import errors, json
from maestro.report.facts import ObjectFacts, fields_text, objects, together
from maestro.report.view import View
from maestro.sharding.notation import port_name

PROCESSES = 2
"""Analyses at a time, when there are several."""

_HEAD = ("NF", "paths", "strategy", "rules", "the core depends on", "state")


@dataclass(frozen=True)
class Row:
    """One NF. ``cells``: as in ``_HEAD``. ``document``: its JSON output. ``error``: why there is nothing else."""

    nf: str
    seconds: float
    cells: tuple[str, ...] = ()
    document: json.Json | None = None
    error: UserError | None = None


def sources(given: Iterable[Path]) -> list[Path]:
    """Every NF in ``given``: C files, folders of C files, folders of such folders.

    Raises SourceError (``no-source``) where there is none.
    """
    found: list[Path] = []
    for path in given:
        inner = sorted(p for p in path.iterdir() if any(p.glob("*.c"))) if path.is_dir() else []
        found += [path] if path.is_file() or any(path.glob("*.c")) else inner
        if not path.is_file() and not any(path.glob("*.c")) and not inner:
            raise SourceError(f"'{path}' holds no NF: no C files, and no folder with C files", code="no-source")
    return found


def rows(jobs: Sequence[pipeline.Job], view: View) -> list[Row]:
    """Analyses of all ``jobs``, in their order, two at a time.

    Without a seed the same keys are found every time: a table shows none, and should not change by itself.
    """
    fixed = [replace(job, seed=job.seed or 0) for job in jobs]
    room = max((len(_name(job)) for job in fixed), default=0)
    if len(fixed) == 1:
        return [_shown(_row(fixed[0]), view, room)]
    context = get_context("spawn")
    with ProcessPoolExecutor(PROCESSES, mp_context=context, initializer=_leave_quietly) as pool:
        return [_shown(row, view, room) for row in pool.map(_row, fixed)]


def _leave_quietly() -> None:
    """Ctrl-C reaches the other processes too: it is for the first to say so."""

    def leave(*_: object) -> None:
        raise SystemExit(ExitStatus.INTERRUPTED)

    signal(SIGINT, leave)


def _name(job: pipeline.Job) -> str:
    """What the NF is called, known before it is analysed."""
    return job.sources[0].resolve().stem


def _shown(row: Row, view: View, room: int) -> Row:
    """``row``, after its line of progress. ``room``: columns for the name."""
    progress = view.progress()
    progress.finished(f"{row.nf:<{room}} ", row.seconds, row.cells[2] if row.cells else "")
    return row


def _row(job: pipeline.Job) -> Row:
    start = perf_counter()
    try:
        result = pipeline.analyze(job, View(quiet=True).phases())
    except UserError as error:
        return Row(_name(job), perf_counter() - start, error=error)
    return Row(result.plan.nf, perf_counter() - start, _cells(result), json.document(result))


def _cells(result: pipeline.Result) -> tuple[str, ...]:
    plan, found = result.plan, objects(result.model, result.plan)
    rules = sorted({o.rule for o in found if o.rule} | {c.rule for c in plan.constraints})
    return (
        plan.nf,
        str(len(result.model.paths)),
        plan.strategy,
        ", ".join(rules) or "–",
        "; ".join(_ports(result)),
        "; ".join(_state(found)) or "none",
    )


def _ports(result: pipeline.Result) -> Iterator[str]:
    """``p0(LAN), p1(WAN): ipv4.src ipv4.dst``: ports with the same fields together."""
    names = result.job.port_names or result.nf.port_names
    chosen = [(fields_text(p.fields) or "nothing", port_name(p.port, names)) for p in result.plan.ports]
    for fields in dict.fromkeys(fields for fields, _ in chosen):
        yield f"{', '.join(name for f, name in chosen if f == fields)}: {fields}"


def _state(found: Sequence[ObjectFacts]) -> Iterator[str]:
    by_strategy = sorted(found, key=lambda o: o.strategy)
    for strategy, group in groupby(by_strategy, key=lambda o: o.strategy):
        yield f"{strategy}: {', '.join(together(o.name for o in group))}"


def markdown(found: Sequence[Row], *, times: bool = False) -> str:
    """The table. ``times``: with the seconds that each analysis took, which differ from run to run."""
    head = (*_HEAD, "seconds") if times else _HEAD
    lines = [_line(head), _line(["---"] * len(head))]
    for row in found:
        cells = row.cells or (row.nf, "", f"error: {row.error.code if row.error else ''}", "", "", "")
        lines.append(_line((*cells, f"{row.seconds:.2f}") if times else cells))
    return "\n".join(lines)


def _line(cells: Iterable[str]) -> str:
    escaped = [c.replace("|", "\\|") for c in cells]
    return f"| {' | '.join(escaped)} |"


def as_json(found: Sequence[Row]) -> str:
    """``nfs``: the JSON output of every NF, or its error."""
    nfs = [{"nf": row.nf, **errors.document(row.error)} if row.error else row.document for row in found]
    return json.text({"nfs": nfs})
