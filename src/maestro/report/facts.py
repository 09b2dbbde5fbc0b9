"""What the reports show, computed once: state objects as the user knows them, and C places in short."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from maestro.codegen import steering
from maestro.codegen.capacity import Shares, divide
from maestro.diagnostics import Span
from maestro.ir.model import Model
from maestro.ir.packet import FIELDS
from maestro.ir.plan import FieldBits, ObjectPlan, Plan, Reason

_PARTS = ("map", "keys", "values", "ages")
"""What one maestro.h map consists of: ``flows.map``, ``flows.keys``, ``flows.values``, ``flows.ages``."""

_WEAKEST_LAST = ("read-only", "sharded", "steered", "replicated", "locked")


@dataclass(frozen=True)
class ObjectFacts:
    """One state object. ``capacity``: entries in the sequential NF; ``per_core``: what each core has at least.

    ``entries``: what each core has of an object that is divided; empty when it is not, or the numbers are not known.
    """

    name: str
    kind: str
    capacity: int
    per_core: int
    strategy: str
    rule: str | None
    spans: tuple[Span, ...]
    parts: tuple[str, ...] = ()
    entries: tuple[int, ...] = ()


def objects(model: Model, plan: Plan) -> tuple[ObjectFacts, ...]:
    """The plan's objects, with the parts of one maestro.h map as one object."""
    groups: dict[str, list[ObjectPlan]] = {}
    for obj in plan.objects:
        groups.setdefault(owner(model, obj.name), []).append(obj)
    entries = _entries(model, plan) if plan.strategy in ("shared-nothing", "hybrid") else {}
    return tuple(_merge(model, name, parts, entries) for name, parts in groups.items())


def _entries(model: Model, plan: Plan) -> dict[str, tuple[int, ...]]:
    """For each divided object what every core has."""
    shares = divide(model, plan)
    indices = {of: _indices(model, plan, of, shares) for of in {share.of for share in shares.values()}}
    return {name: tuple(share.times * n for n in indices[share.of]) for name, share in shares.items()}


def _indices(model: Model, plan: Plan, allocator: str, shares: Shares) -> tuple[int, ...]:
    capacity = model.object(allocator).capacity
    if shares[allocator].steered:
        return steering.counts(plan, allocator, capacity) or ()
    return tuple(capacity // plan.cores + (core < capacity % plan.cores) for core in range(plan.cores))


def owner(model: Model, name: str) -> str:
    """The object as the user knows it that ``name`` is, or is a part of."""
    prefix, dot, part = name.rpartition(".")
    is_part = dot and part in _PARTS and any(o.name == f"{prefix}.map" for o in model.objects)
    return prefix if is_part else name


def said(model: Model, message: str) -> str:
    """``message`` with the objects in it as the user knows them, each once: the parts of a map are the map."""

    def known(run: re.Match[str]) -> str:
        names = dict.fromkeys(owner(model, name) for name in re.findall(r"`([^`]+)`", run[0]))
        return ", ".join(f"`{name}`" for name in names)

    return re.sub(r"`[^`]+`(?:, `[^`]+`)*", known, message)


def reasons(model: Model, plan: Plan) -> tuple[Reason, ...]:
    """The plan's reasons in the user's terms; those that then say the same, but for the index of an array, are one."""
    alike: dict[tuple[str, str, str], list[Reason]] = {}
    for r in plan.reasons:
        message = said(model, r.message)
        alike.setdefault((r.code, _INDEX.sub("[*]", message, count=1), r.hint), []).append(replace(r, message=message))
    return tuple(_one(own) for own in alike.values())


def _one(alike: Sequence[Reason]) -> Reason:
    return replace(
        alike[0],
        message=next(together(r.message for r in alike)),
        objects=tuple(dict.fromkeys(n for r in alike for n in r.objects)),
        spans=tuple(dict.fromkeys(s for r in alike for s in r.spans)),
        conflict=next((r.conflict for r in alike if r.conflict), ()),
    )


def _merge(model: Model, name: str, parts: Sequence[ObjectPlan], entries: Mapping[str, tuple[int, ...]]) -> ObjectFacts:
    weakest = max(parts, key=lambda p: _WEAKEST_LAST.index(p.strategy))
    whole = len(parts) == 1 and parts[0].name == name
    first, each = model.object(parts[0].name), entries.get(parts[0].name, ())
    return ObjectFacts(
        name,
        parts[0].kind if whole else "map",
        first.capacity,
        min(each, default=first.capacity),
        weakest.strategy,
        next((p.rule for p in (weakest, *parts) if p.rule), None),
        tuple(sorted({s for p in parts for s in p.spans})),
        () if whole else tuple(p.name for p in parts),
        each,
    )


@dataclass(frozen=True)
class Places:
    """Writes C places relative to ``root``, the folder of the NF's sources."""

    root: Path

    def path(self, span: Span) -> Path:
        """The file that ``span`` names, as a path that can be opened."""
        path = Path(span.file)
        return path if path.is_absolute() or path.exists() else self.root / path

    def file(self, span: Span) -> str:
        relative = os.path.relpath(self.path(span).resolve(), self.root.resolve())
        return Path(relative).name if relative.startswith("..") else relative

    def short(self, span: Span) -> str:
        """``fw.c:78``."""
        return f"{self.file(span)}:{span.line}" if span.line else self.file(span)

    def all(self, spans: Iterable[Span]) -> list[str]:
        """Distinct places in source order."""
        return list(dict.fromkeys(self.short(s) for s in sorted(spans)))


def fields_text(fields: Iterable[FieldBits]) -> str:
    """``ipv4.src ipv4.dst[0..7]``: bits only where they are not the whole field."""
    return " ".join(
        f.name
        if (f.first, f.count) == (0, FIELDS[f.name.partition("^")[0]])
        else f"{f.name}[{f.first}..{f.first + f.count - 1}]"
        for f in fields
    )


_INDEX = re.compile(r"\[(\d+)\]")


def together(names: Iterable[str]) -> Iterator[str]:
    """The elements of an array of state objects as one: ``levels[0..2].subnets``. Each text once."""
    places: dict[str, dict[int, None]] = {}
    for name in names:
        number = _INDEX.search(name)
        places.setdefault(_INDEX.sub("[*]", name, count=1), {}).update({int(number[1]): None} if number else {})
    for pattern, found in places.items():
        span = f"{min(found)}..{max(found)}" if len(found) > 1 else "".join(map(str, found))
        yield pattern.replace("[*]", f"[{span}]", 1) if found else pattern
