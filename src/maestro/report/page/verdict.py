"""The four answers that the page starts with: what was decided, why, whether to trust it, what to configure."""

from __future__ import annotations

from dataclasses import dataclass

from maestro.pipeline import Result
from maestro.report.codes import is_refusal
from maestro.report.facts import fields_text, objects, reasons, together


@dataclass(frozen=True)
class Say:
    """``headline``: the decision in one sentence; ``good``: nothing is shared that packets change."""

    headline: str
    why: str
    trust: str
    configure: str
    good: bool


def say(result: Result) -> Say:
    return Say(_headline(result), _why(result), _trust(result), _configure(result), result.plan.strategy == _BEST)


_BEST = "shared-nothing"
_MOST = 3
"""Objects that the headline names."""


def _headline(result: Result) -> str:
    plan = result.plan
    cores = f"{plan.cores} core{'s' * (plan.cores != 1)}"
    if plan.strategy == _BEST and not _named(result, "sharded", "steered", "replicated"):
        return f"{plan.nf} runs on {cores} that share nothing: it changes no state, so any core can take any packet."
    if plan.strategy == _BEST:
        return (
            f"{plan.nf} runs on {cores} that share nothing: the NIC brings packets that need the same state to "
            "the same core."
        )
    locked = _named(result, "locked")
    if plan.strategy == "hybrid":
        own = _named(result, "sharded", "steered", "replicated")
        return f"{plan.nf} runs on {cores}: each core has its part of {own}; all share {locked}, behind a lock."
    how = "hardware transactions" if plan.strategy == "htm" else "locks"
    return f"{plan.nf} runs on {cores} that share {locked or 'its state'}, kept safe by {how}."


def _named(result: Result, *strategies: str) -> str:
    names = [o.name for o in objects(result.model, result.plan) if o.strategy in strategies]
    found = list(together(names))
    if len(found) > _MOST:
        found = [*found[: _MOST - 1], f"{len(found) - _MOST + 1} more"]
    return found[0] if len(found) == 1 else f"{', '.join(found[:-1])} and {found[-1]}" if found else ""


def _why(result: Result) -> str:
    refusals = [r for r in reasons(result.model, result.plan) if is_refusal(r)]
    if refusals:
        more = f" (and {len(refusals) - 1} more)" if len(refusals) > 1 else ""
        return refusals[0].message[:1].upper() + refusals[0].message[1:] + more
    n = len(result.plan.constraints)
    if n:
        return f"{n} requirement{'s' * (n != 1)} on which packets must meet; all of them can be met by RSS."
    return "No two packets need to meet on one core." if result.plan.strategy == _BEST else "Locks were asked for."


def _trust(result: Result) -> str:
    certificate, n = result.certificate, result.certificate.obligations
    if not certificate.holds:
        return "The proof does not hold; do not use this plan."
    if not n:
        return "There was nothing to prove; what is shared is locked, or nothing is changed."
    return f"Proved: {n} obligation{'s' * (n != 1)} shown by an independent checker with Z3."


def _configure(result: Result) -> str:
    ports = result.plan.ports
    chosen = {fields_text(p.fields) for p in ports}
    keys = "with the key below" if len(ports) == 1 else "with each port's key below"
    if len(chosen) == 1:
        return f"RSS on the {result.plan.nic} by {chosen.pop() or 'anything'}, {keys}."
    said = [f"port {p.port} by {fields_text(p.fields) or 'anything'}" for p in ports]
    return f"RSS on the {result.plan.nic}, {keys}: {'; '.join(said)}."
