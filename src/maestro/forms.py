"""All forms of one NF side by side: shared-nothing, hybrid, locks, htm. Each is a result, or the reason why not."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from maestro.ir.plan import Reason
from maestro.pipeline import (
    Job,
    Phases,
    Result,
    analyze,
    check_inputs,
    compare_with_reference,
    generate,
    model_traffic,
)  # fmt: skip
from maestro.verify.run import Captures

FORMS = ("shared-nothing", "hybrid", "locks", "htm")
"""Best first. What ``--strategy`` can ask for, and ``hybrid``, which ``auto`` takes where some state needs locks."""


@dataclass(frozen=True)
class Form:
    """``result``: None where the NF has no such form; then ``reason`` says why. ``chosen``: ``auto`` takes this one."""

    name: str
    result: Result | None
    reason: Reason | None = None
    chosen: bool = False


def forms(job: Job, phases: Phases, use: Callable[[Result], Result] = lambda result: result) -> tuple[Form, ...]:
    """Every form of the NF that ``job`` names, in the order of ``FORMS``; ``job.strategy`` does not matter.

    All have one model and, if ``job`` has none, one seed. ``use`` is applied to the result of each form that there is
    (build it, compare it, measure it). Raises the diagnostics of the analysis: an NF that cannot be explored has no
    form at all.
    """
    best = analyze(replace(job, strategy="auto"), phases)
    return tuple(_form(name, best, phases, use) for name in FORMS)


def _form(name: str, best: Result, phases: Phases, use: Callable[[Result], Result]) -> Form:
    if name == best.plan.strategy:
        return Form(name, use(best), chosen=True)
    reason = _refusal(name, best)
    if reason is not None:
        return Form(name, None, reason)
    return Form(name, use(analyze(replace(best.job, strategy=name), phases, best)))


def _refusal(name: str, best: Result) -> Reason | None:
    """Why the NF has no such form, given what is best for it."""
    written = {op.object for path in best.model.paths for op in path.operations if op.kind.modifies}
    if name == "shared-nothing":
        return best.plan.reasons[0]  # refusals come first, and there are some: ``auto`` would have taken it
    if name == "hybrid":
        what = "all state can be sharded" if best.plan.strategy == "shared-nothing" else "no state can be sharded"
        return Reason("same-form", f"{what}: a hybrid would be {best.plan.strategy}")
    if not written:
        return Reason("same-form", f"packets change no state: {name} would be shared-nothing")
    return None


def verify_forms(job: Job, inputs: Mapping[int, Path] | None, packets: int | None, phases: Phases) -> tuple[Form, ...]:
    """Every form compared with the original, as :func:`maestro.pipeline.verify` does."""
    check_inputs(job, inputs or {})
    made: list[Captures] = []
    with TemporaryDirectory(prefix="maestro-forms-") as folder:

        def compared(result: Result) -> Result:
            place = Path(folder, result.plan.strategy)
            if not made and not inputs:
                made.extend(model_traffic(result.model, Path(folder, "traffic"), packets, phases))
            result = generate(result, place / "project", phases, build=True, extra=lambda _: "{}")
            result = compare_with_reference(result, place, inputs, packets, phases, made)
            return replace(result, project=None, program=None)

        return forms(job, phases, compared)
