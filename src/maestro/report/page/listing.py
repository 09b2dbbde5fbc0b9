"""The NF's C files, line by line, with what each line does to state."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from maestro.diagnostics import Span
from maestro.ir.model import Model
from maestro.pipeline import Result
from maestro.report.facts import Places, objects, owner, together
from maestro.report.sections import deeds


@dataclass(frozen=True)
class Line:
    """``label``: what is done to state here, empty for most lines; ``paths``: who does it; ``changes``: not only reads.

    ``defines``: the label speaks of a definition.
    """

    number: int
    text: str
    label: str = ""
    paths: tuple[int, ...] = ()
    changes: bool = False
    defines: bool = False


@dataclass(frozen=True)
class File:
    name: str
    number: int
    lines: tuple[Line, ...]

    @property
    def marked(self) -> int:
        return sum(bool(line.label) for line in self.lines)


def files(result: Result) -> tuple[File, ...]:
    """The files of the NF, and those that its state is used in; files that cannot be read are left out."""
    places, model = Places(result.root), result.model
    paths = {places.file(Span(str(f), 1)): f for f in result.nf.files}
    for span in _places(model):
        if not span.file.startswith("<"):
            paths.setdefault(places.file(span), places.path(span))
    texts = {name: text for name, path in paths.items() if (text := _read(path)) is not None}
    marks = _marks(result, places)
    return tuple(_file(name, i, text, marks) for i, (name, text) in enumerate(texts.items()))


def _places(model: Model) -> list[Span]:
    defined = [o.span for o in model.objects]
    return sorted({*defined, *(o.span for p in model.paths for o in p.operations if o.span)})


def _read(path: Path) -> str | None:
    try:
        return path.read_text(errors="replace")
    except OSError:
        return None


def _file(name: str, number: int, text: str, marks: Mapping[tuple[str, int], Line]) -> File:
    made = []
    for i, line in enumerate(text.splitlines(), 1):
        mark = marks.get((name, i), Line(i, ""))
        made.append(Line(i, line.expandtabs(4), mark.label, mark.paths, mark.changes, mark.defines))
    return File(name, number, tuple(made))


def _marks(result: Result, places: Places) -> dict[tuple[str, int], Line]:
    model = result.model
    labels: dict[tuple[str, int], list[str]] = {}
    for span, said in sorted(deeds(model).items()):
        labels.setdefault((places.file(span), span.line), []).append(said)
    users, changed = _users(model, places)
    marks = {
        at: Line(at[1], "", "; ".join(dict.fromkeys(said)), users.get(at, ()), at in changed)
        for at, said in labels.items()
    }
    strategies = {o.name: o.strategy for o in objects(model, result.plan)}
    defined: dict[tuple[str, int], list[str]] = {}
    for obj in model.objects:
        name = owner(model, obj.name)
        defined.setdefault((places.file(obj.span), obj.span.line), []).append(name)
    for at, names in defined.items():
        unique = list(dict.fromkeys(names))
        how = ", ".join(dict.fromkeys(strategies[n] for n in unique))
        label = f"{', '.join(together(unique))}: {how}"
        old = marks.get(at)
        said = f"{label}; {old.label}" if old else label
        marks[at] = Line(at[1], "", said, users.get(at, ()), at in changed, True)
    return marks


def _users(model: Model, places: Places) -> tuple[dict[tuple[str, int], tuple[int, ...]], set[tuple[str, int]]]:
    """By line, the paths that use state there; and the lines that change state."""
    users: dict[tuple[str, int], dict[int, None]] = {}
    changed = set()
    for number, path in enumerate(model.paths):
        for op in (o for o in path.operations if o.span):
            assert op.span is not None
            at = (places.file(op.span), op.span.line)
            users.setdefault(at, {})[number] = None
            if op.kind.modifies:
                changed.add(at)
    return {at: tuple(found) for at, found in users.items()}, changed
