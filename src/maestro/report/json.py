"""The JSON output: a contract that tools build on, described key by key in docs/reference/json.md."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from maestro import __version__
from maestro.bench.measure import Run
from maestro.bench.results import run_json
from maestro.ir.plan import Constraint, FieldBits, PortPlan
from maestro.pipeline import Result
from maestro.report.codes import is_refusal
from maestro.report.facts import Places, objects, owner, reasons
from maestro.report.sections import deeds, index_fields, named_fields, sections
from maestro.rss.quality import Quality

Json = dict[str, Any]


def render(result: Result, runs: Sequence[Run] = ()) -> str:
    """The whole result as one JSON object, keys in a fixed order, ending without a newline. ``runs``: measurements."""
    measured = {"bench": [run_json(run) for run in runs]} if runs else {}
    return text({**document(result), **measured})


def timeless(result: Result) -> str:
    """``plan.json``: the same document without times, so that equal input gives equal bytes."""
    whole = document(result)
    del whole["timings"], whole["certificate"]["seconds"]
    return text(whole)


def text(value: Json) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2)


def document(result: Result) -> Json:
    """The same as Python values."""
    places = Places(result.root)
    model, plan = result.model, result.plan
    return {
        "nf": plan.nf,
        "paths": len(model.paths),
        "strategy": plan.strategy,
        "objects": _objects(result, places),
        "any_split": plan.any_split,
        "ports": [port_json(p) for p in plan.ports],
        "reasons": [
            {
                "code": r.code,
                "message": r.message,
                "objects": _owners(result, r.objects),
                "lines": places.all(r.spans),
                "hint": r.hint,
                "level": "warning" if is_refusal(r) else "note",
                "conflict": [_constraint(result, c, places) for c in r.conflict],
            }
            for r in reasons(model, plan)
        ],
        "certificate": _certificate(result, places),
        "maestro": __version__,
        "nic": plan.nic,
        "cores": plan.cores,
        "seed": result.job.seed,
        "constraints": [_constraint(result, c, places) for c in plan.constraints],
        **_devices(result),
        "notes": [
            {"code": n.code, "message": n.message, "line": places.short(n.span) if n.span else None}
            for n in model.notes
        ],
        "quality": quality_json(result.quality),
        "timings": {t.phase: round(t.seconds, 4) for t in result.timings},
        **_later(result),
    }


def _owners(result: Result, names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(owner(result.model, n) for n in names))


def _constraint(result: Result, c: Constraint, places: Places) -> Json:
    return {"text": c.text, "rule": c.rule, "objects": _owners(result, c.objects), "lines": places.all(c.spans)}


def _devices(result: Result) -> Json:
    """How R6, R5 and R7 are put to work."""
    plan, model = result.plan, result.model
    return {
        "steering": [{"allocator": s.allocator, "port": s.port, "index": index_fields(s.index)} for s in plan.steering],
        "interchanges": [
            {
                "objects": _owners(result, i.objects),
                "vector": i.vector,
                "compared": list(named_fields(model, i.vector, i.bytes)),
            }
            for i in plan.interchanges
        ],
        "replicas": [
            {"object": r.object, "parts": [{"offset": at, "size": size, "merge": how} for at, size, how in r.parts]}
            for r in plan.replicas
        ],
    }


def _objects(result: Result, places: Places) -> list[Json]:
    labels = deeds(result.model)
    decided = {o.name: s.decided_by for s in sections(result.model, result.plan)[0] for o in s.objects}
    return [
        {
            "name": o.name,
            "kind": o.kind,
            "strategy": o.strategy,
            "rule": o.rule,
            "lines": places.all(o.spans),
            "capacity": o.capacity,
            "capacity_per_core": o.per_core,
            "entries_per_core": list(o.entries),
            "parts": list(o.parts),
            "decided_by": [
                {"line": places.short(s), "does": labels.get(s, "")} for s in decided[o.name] if s in o.spans
            ],
        }
        for o in objects(result.model, result.plan)
    ]


def port_json(port: PortPlan) -> Json:
    return {
        "port": port.port,
        "fields": [_bits(f) for f in port.fields],
        "key": port.key.hex(),
        "reta_size": port.reta_size,
        "inputs": {kind: [_bits(f) for f in fields] for kind, fields in port.inputs.items()},
        "resteered": list(port.resteered),
        "reta": list(port.reta),
        "owner_inputs": [_bits(f) for f in port.owner_inputs],
        "owner_layout": port.owner_layout,
    }


def _bits(f: FieldBits) -> Json:
    return {"name": f.name, "bits": [f.first, f.count]}


def _certificate(result: Result, places: Places) -> Json:
    certificate = result.certificate
    return {
        "holds": certificate.holds,
        "obligations": certificate.obligations,
        "seconds": round(certificate.seconds, 4),
        "assumptions": list(certificate.assumptions),
        "failures": [
            {"message": f.message, "objects": _owners(result, f.objects), "lines": places.all(f.spans)}
            for f in certificate.failures
        ],
    }


def quality_json(quality: Quality) -> Json:
    return {
        "full_rank": quality.is_full,
        "largest_bucket": quality.largest_bucket,
        "ideal_bucket": quality.ideal_bucket,
        "fields": [{"port": f.port, "name": f.field, "rank": f.rank, "possible": f.possible} for f in quality.fields],
        "pairs": [
            {"port": p.port, "names": list(p.fields), "bits": p.bits, "rank": p.rank, "possible": p.possible}
            for p in quality.pairs
        ],
    }


def _later(result: Result) -> Json:
    """What only some commands know."""
    found: Json = {}
    if result.project:
        found["project"] = str(result.project)
    if result.program:
        found["program"] = str(result.program)
    if result.comparison:
        found["verify"] = {
            "packets": result.comparison.packets,
            "differences": result.comparison.differences,
            "first": [str(d) for d in result.comparison.first],
            "stats": result.comparison.stats,
            "merged_entries": result.comparison.entries,
            "merged_full": list(result.comparison.full),
        }
    return found
