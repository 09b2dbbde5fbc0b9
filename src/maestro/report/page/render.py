"""The report: one HTML page that needs nothing else, the same bytes for the same result.

The NF's source and names are text that nobody vouches for: the template engine escapes all of it, the page's data is
JSON without ``<``, ``>`` and ``&``, and the content security policy allows only the page's own script and style.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from importlib.resources import files as resources
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from maestro import __version__
from maestro.diagnostics import UserError
from maestro.pipeline import Result
from maestro.report.codes import is_refusal, rules
from maestro.report.facts import Places, objects, owner, together
from maestro.report.page import bench, load, pictures, verdict
from maestro.report.page.listing import files
from maestro.report.page.paths import Lines, Paths
from maestro.report.sections import sections

MEANS = {
    "read-only": "no packet changes it; all cores share it",
    "sharded": "packets that use one entry meet on one core",
    "steered": "a core gives out only entries that the NIC steers back to it",
    "replicated": "every core has a copy, merged when read from outside",
    "locked": "shared by all cores, behind a lock",
}


def write(
    result: Result,
    output: Path,
    *,
    captures: Mapping[int, Path] | None = None,
    bench_file: Path | None = None,
    times: bool = False,
) -> None:
    """The page, written to ``output`` whole or not at all. Raises UserError for inputs and places that cannot be."""
    text = render(result, captures=captures, bench_file=bench_file, times=times)
    part = output.with_name(output.name + ".part")
    try:
        part.write_text(text, encoding="utf-8")
        part.replace(output)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise UserError(f"{output}: {error.strerror}", hint="-o FILE names a file in a folder that exists") from error


def render(
    result: Result,
    *,
    captures: Mapping[int, Path] | None = None,
    bench_file: Path | None = None,
    times: bool = False,
) -> str:
    """``captures``: traffic by port for the cores' load. ``bench_file``: what ``maestro bench --json`` printed.

    ``times``: with how long the phases took, which differs from run to run.
    """
    names = dict(result.job.port_names or result.nf.port_names)
    shown, places = files(result), Places(result.root)
    lines = Lines(places, {f.name: f.number for f in shown})
    described = Paths(result.model, names, lines)
    paths = described.all()
    measured = bench.read(bench_file) if bench_file else None
    spread = load.load(result.plan, captures)
    data = {
        "tree": described.tree(),
        "paths": [{"id": p["id"], "ports": p["ports"], "verdict": p["verdict"], "objects": p["objects"],
                   "changes": p["changes"], "text": p["verdict_text"]} for p in paths],
        "ports": {str(n): names.get(n, "") for n in range(result.model.ports)},
        "load": {"packets": list(spread.packets), "bytes": list(spread.bytes)},
        "bench": bench.as_json(measured) if measured else None,
    }  # fmt: skip
    return _template(
        result=result, plan=result.plan, model=result.model, certificate=result.certificate, version=__version__,
        says=verdict.say(result), files=shown, paths=paths, names=names, load=spread, bench=measured,
        objects=objects(result.model, result.plan), means=MEANS, rules=rules(), timings=result.timings if times else (),
        sections=_sections(result, lines), verdicts=sorted({p["verdict"] for p in paths}),
        used=list(dict.fromkeys(o for p in paths for o in p["objects"])),
        ports=[pictures.picture(p, names.get(p.port, ""), result.plan.cores) for p in result.plan.ports],
        data=_json(data),
    )  # fmt: skip


def _sections(result: Result, lines: Lines) -> list[dict[str, Any]]:
    """What is said about state, with links: requirements, the rules that made them, reasons."""
    model = result.model
    groups, rest = sections(model, result.plan)
    said = [
        {
            "objects": s.objects, "names": ", ".join(together(o.name for o in s.objects)), "strategy": s.strategy,
            "rules": [(r, rules()[r][0]) for r in s.rules if r in rules()],
            "constraints": [_constraint(result, c, lines) for c in s.constraints],
            "reasons": [_reason(result, r, lines) for r in s.reasons],
        }
        for s in groups
    ]  # fmt: skip
    notes = [{"code": n.code, "level": "note", "message": n.message, "hint": "", "lines": _linked(lines, (n.span,)),
              "conflict": []} for n in model.notes]  # fmt: skip
    about_all = [*(_reason(result, r, lines) for r in rest), *notes]
    if about_all:
        said.append({"objects": (), "names": "The NF as a whole", "strategy": "", "rules": [], "constraints": [],
                     "reasons": about_all})  # fmt: skip
    return said


def _constraint(result: Result, c: Any, lines: Lines) -> dict[str, Any]:
    short, bracket, exact = c.text.partition(" [")
    names = list(dict.fromkeys(owner(result.model, n) for n in c.objects))
    left, _, right = exact.removesuffix("]").partition(" = ")
    exact = left if left == right else f"{left} = {right}" if bracket else ""
    return {"text": short, "exact": exact, "rule": c.rule, "objects": names, "lines": _linked(lines, c.spans)}


def _reason(result: Result, r: Any, lines: Lines) -> dict[str, Any]:
    return {
        "code": r.code, "level": "warning" if is_refusal(r) else "note", "message": r.message, "hint": r.hint,
        "lines": _linked(lines, r.spans),
        "conflict": [_constraint(result, c, lines) for c in r.conflict] if len(r.conflict) > 1 else [],
    }  # fmt: skip


def _linked(lines: Lines, spans: Any) -> list[Any]:
    found = [line for s in sorted(s for s in spans if s) if (line := lines.of(s))]
    return list({line["id"]: line for line in found}.values())


def _json(value: object) -> Markup:
    """JSON that cannot end the script element that it stands in."""
    text = json.dumps(value, ensure_ascii=True, separators=(",", ":"), sort_keys=True)
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(text)


def _template(**values: Any) -> str:
    static = resources("maestro.report.page") / "static"
    style, d3, script = (
        (static / name).read_text(encoding="utf-8").strip() for name in ("report.css", "d3.min.js", "report.js")
    )
    policy = (
        f"default-src 'none'; style-src {_hash(style)}; script-src {_hash(d3)} {_hash(script)}; "
        "base-uri 'none'; form-action 'none'"
    )
    loader = PackageLoader("maestro.report.page", "static")
    environment = Environment(
        loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["code"] = code
    page = environment.get_template("report.html")
    return page.render(policy=policy, style=Markup(style), d3=Markup(d3), script=Markup(script), **values) + "\n"


def code(text: str) -> Markup:
    """What stands between backticks as code, all of it escaped."""
    parts = [escape(part) for part in text.split("`")]
    if len(parts) % 2 == 0:
        return escape(text)
    return Markup("").join(Markup("<code>{}</code>").format(part) if i % 2 else part for i, part in enumerate(parts))


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
