"""The analysis as SARIF 2.1.0, for tools that show findings beside the code.

One run. Its results: the reasons of the plan and the notes about the NF, each under the rule of its code, and the
constraints, each under the sharding rule that it follows. Files are named relative to the folder of the NF's sources.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from maestro import __version__
from maestro.diagnostics import Span, UserError
from maestro.ir.plan import Constraint, Reason
from maestro.pipeline import Result
from maestro.report import codes
from maestro.report.facts import Places, owner, reasons

Json = dict[str, Any]

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_ROOT = "SRCROOT"


def render(result: Result) -> str:
    """The analysis as one SARIF log."""
    places, model = Places(result.root), result.model
    found = [_reason(result, r, places) for r in reasons(model, result.plan)]
    found += [_result(n.code, "note", n.message, [n.span] if n.span else [], places) for n in model.notes]
    found += [_constraint(result, c, places) for c in result.plan.constraints]
    run = _run(found)
    run["originalUriBaseIds"] = {_ROOT: {"uri": f"{result.root.resolve().as_uri()}/"}}
    run["invocations"] = [{"executionSuccessful": True}]
    return _log(run)


def failure(error: UserError) -> str:
    """An analysis that came to nothing: no results, and the error as the tool's own message."""
    notification: Json = {"level": "error", "message": {"text": error.message}, "descriptor": {"id": error.code}}
    if error.hint:
        notification["message"]["text"] += f"\nhint: {error.hint}"
    if error.span:
        path = Path(error.span.file)
        uri = path.as_uri() if path.is_absolute() else quote(error.span.file)
        place: Json = {"artifactLocation": {"uri": uri}, **_region(error.span)}
        notification["locations"] = [{"physicalLocation": place}]
    run = _run([])
    run["invocations"] = [{"executionSuccessful": False, "toolExecutionNotifications": [notification]}]
    return _log(run)


def _log(run: Json) -> str:
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, ensure_ascii=False, indent=2)


def _run(results: Sequence[Json]) -> Json:
    """``results`` with the tool and the rules that they name."""
    used = list(dict.fromkeys(r["ruleId"] for r in results))
    for r in results:
        r["ruleIndex"] = used.index(r["ruleId"])
    driver = {
        "name": "Maestro",
        "version": __version__,
        "semanticVersion": __version__,
        "rules": [_rule(code) for code in used],
    }
    return {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": list(results)}


def _rule(code: str) -> Json:
    """What the page of reasons says about a code, or about a sharding rule (R1 to R7)."""
    if code in codes.rules():
        name, text = codes.rules()[code]
        sentence = f"{text[0].upper()}{text[1:]}."
        return {
            "id": code,
            "name": "".join(word.capitalize() for word in name.split()),
            "shortDescription": {"text": f"{code}, {name}"},
            "fullDescription": {"text": sentence},
            "defaultConfiguration": {"level": "note"},
        }
    known = codes.explanations().get(code)
    if known is None:
        return {"id": code}
    return {
        "id": code,
        "name": "".join(word.capitalize() for word in code.split("-")),
        "shortDescription": {"text": known.summary},
        "fullDescription": {"text": " ".join(known.meaning.split())},
        "help": {"text": known.hint, "markdown": f"{known.meaning}\n\n{known.example}\n\n{known.hint}"},
        "defaultConfiguration": {"level": "warning" if known.is_refusal else "note"},
        "properties": {"tags": [known.group]},
    }


def _reason(result: Result, reason: Reason, places: Places) -> Json:
    text = reason.message + (f"\nhint: {reason.hint}" if reason.hint else "")
    level = "warning" if codes.is_refusal(reason) else "note"
    made = _result(reason.code, level, text, reason.spans, places)
    made["properties"] = {"objects": _owners(result, reason.objects)}
    if reason.conflict:
        made["properties"]["conflict"] = [c.text for c in reason.conflict]
    return made


def _constraint(result: Result, c: Constraint, places: Places) -> Json:
    made = _result(c.rule, "note", c.text, c.spans, places)
    made["properties"] = {"objects": _owners(result, c.objects)}
    return made


def _owners(result: Result, names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(owner(result.model, n) for n in names))


def _result(code: str, level: str, text: str, spans: Sequence[Span], places: Places) -> Json:
    """The first place is where the result is shown, the others are related to it."""
    made: Json = {"ruleId": code, "level": level, "message": {"text": text}}
    ordered = list(dict.fromkeys(spans))
    if ordered:
        made["locations"] = [_location(ordered[0], places)]
    if ordered[1:]:
        made["relatedLocations"] = [
            {"id": n, **_location(s, places), "message": {"text": "also here"}} for n, s in enumerate(ordered[1:], 1)
        ]
    return made


def _location(span: Span, places: Places) -> Json:
    artifact = {"uri": quote(places.file(span)), "uriBaseId": _ROOT}
    return {"physicalLocation": {"artifactLocation": artifact, **_region(span)}}


def _region(span: Span) -> Json:
    if not span.line:
        return {}
    column = {"startColumn": span.column} if span.column else {}
    return {"region": {"startLine": span.line, **column}}
