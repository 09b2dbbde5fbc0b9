"""The state objects for people: a table of all, then, per section, what decided their strategy."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from maestro.diagnostics import Span
from maestro.ir.plan import Constraint, Reason
from maestro.pipeline import Result
from maestro.report.codes import is_refusal, rules
from maestro.report.facts import Places, objects, owner, together
from maestro.report.sections import Section, deeds, index_fields, named_fields, sections
from maestro.report.source import excerpts

_ALL = 1_000_000

_MEANS = {
    "read-only": "no packet changes them, all cores share them",
    "sharded": "packets that use one entry meet on one core",
    "steered": "a core gives out only indices that the NIC steers back to it",
    "replicated": "every core has a copy of its own, merged when read from outside",
    "locked": "shared by all cores, behind a lock",
}


_MERGED = {
    "add": "added up", "max": "the largest", "min": "the smallest", "same": "the same in all",
    "or": "or-ed", "and": "and-ed", "xor": "xor-ed",
}  # fmt: skip
"""How the copies of a value become one (``maestro.ir.plan.Replica``)."""


def heading(text: str) -> Text:
    return Text("\n").append(text, style="bold")


def table(*columns: str) -> Table:
    made = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=True, header_style="dim")
    for name in columns:
        made.add_column(name, overflow="fold")
    return made


def colour(strategy: str) -> str:
    return "bold yellow" if strategy in ("locks", "locked", "htm", "hybrid") else "bold green"


def indented(columns: int, text: Text) -> RenderableType:
    return Padding(text, (0, 0, 0, columns), expand=False)


@dataclass(frozen=True)
class Hanging:
    """``text`` two columns in, its further lines four."""

    text: Text

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for n, line in enumerate(self.text.wrap(console, max(20, options.max_width - 4))):
            yield Text("    " if n else "  ").append_text(line)


def overview(result: Result, places: Places) -> Iterator[RenderableType]:
    yield heading("State")
    found = objects(result.model, result.plan)
    if not found:
        yield Text("  none")
        return
    made = table("  object", "kind", "entries", "strategy", "rule", "where")
    for o in found:
        strategy = Text(o.strategy, style=colour(o.strategy))
        made.add_row(f"  {o.name}", o.kind, str(o.capacity), strategy, o.rule or "", ", ".join(places.all(o.spans)))
    yield made


class Details:
    """The sections. ``verbose``: with all lines of source, however many."""

    def __init__(self, result: Result, places: Places, verbose: bool) -> None:
        self._result, self._places = result, places
        self._labels: Mapping[Span, str] = deeds(result.model)
        self._most = _ALL if verbose else 8
        self._shown: set[Span] = set()
        self._verbose = verbose

    def render(self) -> Iterator[RenderableType]:
        """Every section, then the reasons and notes that are about no object."""
        model = self._result.model
        found, rest = sections(model, self._result.plan)
        for section in found:
            yield from self._section(section)
        for reason in rest:
            yield Text("")
            yield from self._reason(reason)
        for note in model.notes:
            yield Text("")
            yield from self._reason(Reason(note.code, note.message, (), (note.span,) if note.span else ()))

    def _section(self, section: Section) -> Iterator[RenderableType]:
        self._shown = set()
        names = ", ".join(together(o.name for o in section.objects))
        known = ", ".join(f"{r} {rules()[r][0]}" for r in section.rules if r in rules())
        line = heading(f"{names}: ").append(section.strategy, style=colour(section.strategy))
        yield line.append(f" ({known})" if known else "", style="default")
        yield indented(2, Text(_MEANS[section.strategy], style="dim"))
        for constraint in section.constraints:
            yield from self._constraint(constraint)
        yield from self._devices(section)
        if section.strategy not in ("read-only", "locked") or (section.strategy == "locked" and not section.reasons):
            yield from self._source(section.decided_by)
        for n, reason in enumerate(section.reasons, 1):
            repeated = any(reason.hint == later.hint for later in section.reasons[n:])
            yield from self._reason(replace(reason, hint="") if repeated else reason)

    def _constraint(self, c: Constraint) -> Iterator[RenderableType]:
        """The requirement; where its short form hides the fields, those too, once when both sides name the same."""
        short, bracket, exact = c.text.partition(" [")
        yield Hanging(Text(short).append(f"  [{c.rule}]", style="dim"))
        if bracket:
            left, _, right = exact.removesuffix("]").partition(" = ")
            yield indented(6, Text(left if left == right else f"{left} = {right}", style="dim"))

    def _devices(self, section: Section) -> Iterator[RenderableType]:
        """How R5, R6 and R7 are put to work."""
        plan, names = self._result.plan, {o.name for o in section.objects}
        for s in (s for s in plan.steering if owner(self._result.model, s.allocator) in names):
            said = f"packets on port {s.port} name indices of {s.allocator} in {index_fields(s.index)}"
            yield Hanging(Text(said).append(self._each(section, s.allocator)))
        for i in (i for i in plan.interchanges if names & {owner(self._result.model, n) for n in i.objects}):
            compared = ", ".join(named_fields(self._result.model, i.vector, i.bytes))
            yield Hanging(Text(f"the NF compares {compared} of {i.vector} with the packet"))
        for r in (r for r in plan.replicas if owner(self._result.model, r.object) in names and r.parts):
            merged = ", ".join(
                f"{name} {_MERGED[how]}"
                for at, size, how in r.parts
                for name in named_fields(self._result.model, r.object, [(at, size)])
            )
            yield Hanging(Text(f"copies of {r.object} are merged: {merged}"))

    def _each(self, section: Section, allocator: str) -> str:
        """How many indices every core gets, where that is known."""
        each = next((o.entries for o in section.objects if o.name == owner(self._result.model, allocator)), ())
        return f"; cores 0 to {len(each) - 1} have {', '.join(map(str, each))} of them" if len(each) > 1 else ""

    def _reason(self, reason: Reason) -> Iterator[RenderableType]:
        level, style = ("warning", "bold yellow") if is_refusal(reason) else ("note", "bold cyan")
        line = Text().append(level, style=style).append(f"[{reason.code}]", style="dim")
        yield Hanging(line.append(f": {reason.message}"))
        for part in reason.conflict if len(reason.conflict) > 1 else ():
            short = part.text.partition(" [")[0]
            names = ", ".join(dict.fromkeys(owner(self._result.model, n) for n in part.objects))
            yield indented(6, Text(short).append(f"  {names}: {', '.join(self._places.all(part.spans))}", style="dim"))
        fresh = [s for s in reason.spans if s not in self._shown]
        if is_refusal(reason) or len(fresh) == len(reason.spans):
            yield from self._source(fresh)
        if reason.spans and not fresh and is_refusal(reason):
            yield indented(4, Text(f"at {', '.join(self._places.all(reason.spans))}, shown above", style="dim"))
        if reason.hint:
            yield indented(4, Text().append("hint: ", style="cyan").append(reason.hint))

    def _source(self, spans: Iterable[Span]) -> Iterator[RenderableType]:
        """Excerpts of ``spans``; each place is shown once a section."""
        fresh = list(spans)
        self._shown |= set(fresh)
        yield from excerpts(fresh, self._paths(fresh), self._labels, self._most)

    def _paths(self, spans: Sequence[Span]) -> dict[str, tuple[Path, str]]:
        return {s.file: (self._places.path(s), self._places.file(s)) for s in spans}
