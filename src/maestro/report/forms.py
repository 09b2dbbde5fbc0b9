"""All forms of an NF side by side: one line each for people, one object each for programs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.text import Text

from maestro.forms import Form
from maestro.ir.model import Model
from maestro.report import json
from maestro.report.facts import objects, said
from maestro.report.state import colour, heading, table
from maestro.verify.compare import Comparison

_NO_RTM = "this CPU has no hardware transactions (RTM): htm ran on its locks"


def table_of(forms: Sequence[Form]) -> RenderableType:
    """Which forms there are, what becomes of the state in each, and how they compare with the original."""
    shown = next(f.result for f in forms if f.result)
    rows = table("  form", "", "state", "against the original")
    for form in forms:
        name = Text("  ").append(form.name, style=colour(form.name) if form.result else "dim")
        rows.add_row(name, "auto" if form.chosen else "", _state(form, shown.model), _compared(form))
    head = heading("Forms of ").append(f"{shown.plan.nf} on {shown.job.cores} cores, NIC {shown.plan.nic}")
    compared = [f.result.comparison for f in forms if f.result and f.result.comparison]
    notes = [_NO_RTM] if any(_without_transactions(c) for c in compared) else []
    first = [str(d) for c in compared for d in c.first]
    return Group(head, rows, *(Text(f"  {note}", style="dim") for note in notes), *(Text(f"  {d}") for d in first))


def _state(form: Form, model: Model) -> Text:
    if form.result is None:
        assert form.reason is not None
        return Text(f"none: {said(model, form.reason.message)} [{form.reason.code}]", style="dim")
    counts = Counter(o.strategy for o in objects(form.result.model, form.result.plan))
    return Text(", ".join(f"{n} {strategy}" for strategy, n in counts.items()) or "none")


def _compared(form: Form) -> Text:
    found = form.result.comparison if form.result else None
    if found is None:
        return Text()
    if found.same:
        return Text(f"no difference in {found.packets} packets", style="green")
    return Text(f"{found.differences} differences in {found.packets} packets", style="red")


def _without_transactions(found: Comparison) -> bool:
    """Whether an NF with transactions ran where there are none."""
    return any(not core["htm"]["present"] for core in found.stats.get("per_core", ()) if "htm" in core)


def as_json(forms: Sequence[Form]) -> str:
    """``nf``, and ``forms``: ``form``, ``chosen``, and the JSON of its result, or else the ``reason`` why not."""
    shown = next(f.result for f in forms if f.result)
    return json.text({"nf": shown.plan.nf, "forms": [_form(f, shown.model) for f in forms]})


def _form(form: Form, model: Model) -> json.Json:
    if form.result is not None:
        return {"form": form.name, "chosen": form.chosen, "reason": None, "result": json.document(form.result)}
    assert form.reason is not None
    reason = {"code": form.reason.code, "message": said(model, form.reason.message), "hint": form.reason.hint}
    return {"form": form.name, "chosen": False, "reason": reason, "result": None}
