"""The phases in order, nothing else.

    C ─▶ LLVM IR ─▶ paths ─▶ plan (strategies, RSS) ─▶ proof ─▶ C project ─▶ build ─▶ differential check

Phases pass values: every step takes the result so far and returns it with its own part added.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from secrets import randbits
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Protocol, TypeVar

from maestro.certificate.check import check
from maestro.certificate.result import Certificate
from maestro.codegen.merge import capacities
from maestro.codegen.passes import without
from maestro.codegen.project import require_fresh, write_project
from maestro.diagnostics import InternalError, UnsupportedError, UserError
from maestro.frontend.confine import may_read_of
from maestro.frontend.names import is_runtime
from maestro.frontend.nf import LoadedNF, load
from maestro.frontend.objects import Build, build_program
from maestro.ir.dump import dump as model_text
from maestro.ir.model import Model
from maestro.ir.plan import Plan, Reason
from maestro.rss.profile import Profile
from maestro.rss.profile import load as load_profile
from maestro.rss.quality import Quality
from maestro.sharding.decide import Decision, decide
from maestro.solver.effort import PROOF, Effort
from maestro.symex.budget import Budget
from maestro.symex.explore import explore
from maestro.traffic.generate import uniform_traffic
from maestro.verify.compare import Comparison, together
from maestro.verify.reference import build_reference
from maestro.verify.replies import Replies, rewrites, with_replies
from maestro.verify.run import Captures, differential
from maestro.verify.traffic import enough_packets, path_traffic, timeout_of, two_way_traffic

MAX_CORES = 256
"""What the generated program accepts (REPLAY_MAX_CORES in runtime/include/maestro/replay.h)."""

MAX_PORTS = 64

MIN_PACKETS, MAX_PACKETS = 200_000, 2_000_000
"""Of generated traffic for the differential check, unless the user says how many."""

T = TypeVar("T")


@dataclass(frozen=True)
class Job:
    """What the user asked for. ``nf_args`` go to the NF's own ``nf_config_init``; ``port_names`` are for explanations.

    ``defines``: name → value, None for a name alone. ``seed``: of the RSS keys; None: another one every time.
    ``allow``: files and folders that the NF may read while it starts, besides its own. ``effort``: see there.
    ``without_passes``: of ``maestro.codegen.passes``, what is left out.
    """

    sources: tuple[Path, ...]
    include_dirs: tuple[Path, ...] = ()
    defines: Mapping[str, str | None] = field(default_factory=dict)
    nf_args: tuple[str, ...] = ()
    ports: int = 2
    port_names: Mapping[int, str] = field(default_factory=dict)
    nic: str = "e810"
    cores: int = 2
    strategy: str = "auto"
    seed: int | None = None
    allow: tuple[Path, ...] = ()
    effort: Effort = field(default_factory=Effort)
    without_passes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Timing:
    """``seconds``: wall time."""

    phase: str
    seconds: float


class Progress(Protocol):
    """Told when a phase starts and ends; ``result`` is one line, empty when the phase failed."""

    def started(self, phase: str) -> None: ...

    def finished(self, phase: str, seconds: float, result: str) -> None: ...


class Phases:
    """Runs phases one after another: tells ``progress``, keeps the times."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self.timings: tuple[Timing, ...] = ()

    def run(self, phase: str, work: Callable[[], T], describe: Callable[[T], str]) -> T:
        self._progress.started(phase)
        start = perf_counter()
        summary = ""
        try:
            value = work()
            summary = describe(value)
        finally:
            seconds = perf_counter() - start
            self._progress.finished(phase, seconds, summary)
        self.timings += (Timing(phase, seconds),)
        return value


@dataclass(frozen=True)
class Result:
    """What is known so far. ``root``: the folder that C places are shown relative to."""

    job: Job
    root: Path
    nf: LoadedNF
    model: Model
    plan: Plan
    quality: Quality
    certificate: Certificate
    project: Path | None = None
    program: Path | None = None
    comparison: Comparison | None = None
    timings: tuple[Timing, ...] = ()


def analyze(job: Job, phases: Phases, known: Result | None = None) -> Result:
    """C → plan with its proof. Raises the diagnostics of every phase.

    ``known``: a result for the same NF with the same settings (another strategy, say): it need not be explored again.
    """
    profile = _checked(job)
    if job.seed is None:
        job = replace(job, seed=randbits(32))  # keys that an attacker knows are keys that he can flood
    nf, model = (known.nf, known.model) if known else _paths(job, phases)
    unproven: tuple[Reason, ...] = ()
    decision, certificate = _decide(job, nf, model, profile, unproven, phases)
    for lock_all in (False, True):  # what cannot be proven first, and everything if the rest cannot either
        if not certificate.holds and job.strategy == "auto":
            unproven = (*unproven, *_unproven(certificate))
            decision, certificate = _decide(job, nf, model, profile, unproven, phases, lock_all=lock_all)
    if not certificate.holds and certificate.gave_up:
        hint = f"--{certificate.gave_up}-limit gives it more; --strategy auto takes locks instead"
        message = f"the proof that cores do not disturb each other ran out of {certificate.gave_up}"
        raise UnsupportedError(message, hint=hint, code=f"{certificate.gave_up}-budget")
    if not certificate.holds:
        failures = "\n".join(f"  {f.message}" for f in certificate.failures)
        raise InternalError(f"the plan does not pass the independent check, so it is not used:\n{failures}")
    root = job.sources[0] if job.sources[0].is_dir() else job.sources[0].parent
    return Result(job, root, nf, model, decision.plan, decision.quality, certificate, timings=phases.timings)


def _paths(job: Job, phases: Phases) -> tuple[LoadedNF, Model]:
    nf = phases.run("compile", lambda: load(job.sources, include_dirs=job.include_dirs, defines=job.defines), _compiled)
    return nf, phases.run("explore", lambda: _explore(nf, job), lambda m: _count(len(m.paths), "path"))


def _decide(
    job: Job, nf: LoadedNF, model: Model, profile: Profile, unproven: tuple[Reason, ...], phases: Phases,
    *, lock_all: bool = False,
) -> tuple[Decision, Certificate]:  # fmt: skip
    effort = job.effort.times(PROOF)
    decision = phases.run(
        "plan",
        lambda: decide(
            model,
            profile=profile,
            cores=job.cores,
            strategy=job.strategy,
            seed=job.seed,
            port_names=job.port_names or nf.port_names,
            unproven=unproven,
            lock_all=lock_all,
            effort=effort,
        ),
        lambda d: f"{d.plan.strategy}, keys found in {1000 * d.timings['keys']:.0f} ms",
    )
    return decision, phases.run("proof", lambda: check(model, decision.plan, effort=effort), _proven)


def _unproven(certificate: Certificate) -> tuple[Reason, ...]:
    """What cannot be proven is not used: ``auto`` falls back to locks, for that, and says so."""
    hint = "this plan may be right all the same; please report the NF, so that Maestro learns to prove it"
    return tuple(Reason("not-proven", f.message, f.objects, f.spans, hint) for f in certificate.failures)


def parallelize(job: Job, out_dir: Path, phases: Phases, *, build: bool, extra: Callable[[Result], str]) -> Result:
    """The analysis, then the generated project in ``out_dir``, built if asked for.

    ``extra`` gives the text of ``plan.json``, written beside the code.
    """
    require_fresh(out_dir)
    return generate(analyze(job, phases), out_dir, phases, build=build, extra=extra)


def generate(result: Result, out_dir: Path, phases: Phases, *, build: bool, extra: Callable[[Result], str]) -> Result:
    """The generated project of an analysed NF in ``out_dir``; the rest is as for :func:`parallelize`."""
    note = ", ".join(str(f) for f in result.nf.files)
    phases.run(
        "generate",
        lambda: write_project(
            result.model,
            result.plan,
            out_dir,
            sources_note=note,
            extra={"plan.json": extra(result) + "\n"},
            passes=without(result.job.without_passes),
        ),
        lambda files: f"{len(files)} files in {out_dir}",
    )
    result = replace(result, project=out_dir, timings=phases.timings)
    return build_project(result, phases) if build else result


def build_project(result: Result, phases: Phases) -> Result:
    """Build ``nf-replay`` in the generated project with the bundled compiler."""
    project = result.project
    assert project is not None
    program = project / "nf-replay"
    phases.run("build", lambda: _build(project, program), lambda _: f"{program}")
    return replace(result, program=program, timings=phases.timings)


def verify(job: Job, inputs: Mapping[int, Path] | None, packets: int | None, phases: Phases) -> Result:
    """The generated NF against the original on ``inputs`` (captures by port), or on generated two-way traffic.

    ``packets``: how many to generate; None: enough to fill the tables, up to ``MAX_PACKETS``.
    """
    check_inputs(job, inputs or {})
    with TemporaryDirectory(prefix="maestro-verify-") as folder:
        result = parallelize(job, Path(folder, "project"), phases, build=True, extra=lambda _: "{}")
        result = compare_with_reference(result, Path(folder), inputs, packets, phases)
        return replace(result, project=None, program=None)


def check_inputs(job: Job, inputs: Mapping[int, Path]) -> None:
    """Raises UserError (``pcap``) for what need not wait for two builds: no such port, a file that cannot be read."""
    for port, path in inputs.items():
        if port >= job.ports:
            raise UserError(f"--pcap {port}={path}: the NF has ports 0 to {job.ports - 1}", code="pcap")
        try:
            path.open("rb").close()
        except OSError as error:
            raise UserError(f"{path}: {error.strerror}", code="pcap") from error


def compare_with_reference(
    result: Result,
    folder: Path,
    inputs: Mapping[int, Path] | None,
    packets: int | None,
    phases: Phases,
    made: Sequence[Captures] = (),
) -> Result:
    """Build the reference in ``folder`` and compare every packet's verdict and bytes.

    ``made``: what :func:`model_traffic` made, if it has.
    """
    original, program = reference(result, folder, phases), result.program
    assert program is not None
    if not inputs:
        made = made or model_traffic(result.model, folder / "traffic", packets, phases)
    sets = [inputs] if inputs else _traffic(result, program, folder / "traffic", made, phases)
    comparison = phases.run(
        "verify", lambda: _compare(result, original, program, sets), lambda c: f"{c.differences} differences"
    )
    return replace(result, comparison=comparison, timings=phases.timings)


def model_traffic(model: Model, folder: Path, packets: int | None, phases: Phases) -> Sequence[Captures]:
    """Captures, several sets, for any form of the NF: two-way traffic, and packets for every path."""
    enough = enough_packets(model)
    count = packets or min(max(enough, MIN_PACKETS), MAX_PACKETS)
    two_way = phases.run(
        "traffic",
        lambda: two_way_traffic(model, folder, packets=count),
        lambda _: f"{count} packets, both ways, expiry, {'full' if count >= enough else 'partly filled'} tables",
    )
    made, _ = phases.run(
        "solve",
        lambda: path_traffic(model, folder),
        lambda m: f"packets for {m[1]} of {_count(len(model.paths), 'path')}",
    )
    return [*two_way, made]


def _traffic(
    result: Result, program: Path, folder: Path, made: Sequence[Captures], phases: Phases
) -> Sequence[Captures]:
    """``made``, with replies to what the NF makes of them."""
    model = result.model
    sets = [*made, *_few_flows(result, folder)]
    if not rewrites(model):
        return sets
    spec = Replies(model.ports, timeout_of(model) // 4)
    return phases.run(
        "replies",
        lambda: [
            with_replies(program, inputs, result.job.cores, folder / f"replies{i}", spec)
            for i, inputs in enumerate(sets)
        ],
        lambda _: "to the addresses and ports that the NF gave its packets",
    )


def _few_flows(result: Result, folder: Path) -> list[Captures]:
    """Merged state is compared only while there is room for more of it: captures that do not fill it."""
    room = min((n for n in capacities(result.model, result.plan).values() if n is not None), default=None)
    if room is None:
        return []
    return [uniform_traffic(folder / "few", flows=max(1, min(room // 4, 1000)), packets=20_000, replies=True)]


def reference(result: Result, folder: Path, phases: Phases) -> Path:
    """The reference build in ``folder``, made unless it is there."""
    program = folder / "reference"
    if not program.exists():
        phases.run("reference", lambda: _reference(result, program), lambda _: "the NF's own source, built as it is")
    return program


def dump(job: Job, form: str, phases: Phases) -> str:
    """An intermediate form as text: ``program``, ``model`` or ``constraints``."""
    _checked(job)
    if form == "constraints":
        result = analyze(job, phases)
        return "".join(f"{c.text}  [{c.rule}] {' '.join(map(str, c.spans))}\n" for c in result.plan.constraints)
    nf = load(job.sources, include_dirs=job.include_dirs, defines=job.defines)
    return str(nf.program) if form == "program" else model_text(_explore(nf, job))


def _checked(job: Job) -> Profile:
    """Raises UserError for numbers that cannot be; the NIC's profile."""
    if not 1 <= job.cores <= MAX_CORES:
        raise UserError(
            f"--cores {job.cores}: there can be 1 to {MAX_CORES} cores", hint="give --cores N", code="bad-cores"
        )
    if not 1 <= job.ports <= MAX_PORTS:
        raise UserError(f"--ports {job.ports}: there can be 1 to {MAX_PORTS} ports", code="bad-ports")
    for port in sorted(job.port_names):
        if port >= job.ports:
            message = f"port {port} has a name, but the NF has ports 0 to {job.ports - 1} only"
            raise UserError(message, hint="--ports N, or ports in nf.toml, gives it more", code="bad-ports")
    return load_profile(job.nic)


def _explore(nf: LoadedNF, job: Job) -> Model:
    may_read = may_read_of(job.sources, job.allow)
    model = explore(
        nf.program, nf=nf.name, ports=job.ports, argv=job.nf_args, is_runtime=is_runtime, may_read=may_read,
        budget=Budget(effort=job.effort),
    )  # fmt: skip
    return replace(model, notes=(*model.notes, *nf.notes))


def _compiled(nf: LoadedNF) -> str:
    return f"{len(nf.files)} file{'s' * (len(nf.files) != 1)}, {nf.dialect} dialect"


def _count(n: int, what: str) -> str:
    return f"{n} {what}{'s' * (n != 1)}"


def _proven(certificate: Certificate) -> str:
    if certificate.obligations == 0 and certificate.holds:
        return "nothing to prove"
    return f"{_count(certificate.obligations, 'obligation')} shown" if certificate.holds else ""


def _build(project: Path, program: Path) -> None:
    runtime = sorted(f for f in (project / "runtime").rglob("*.c") if f.parent.name != "dpdk")
    sources = [project / "nf.c", project / "nf_rss.c", *runtime]
    headers = "".join(f"{h.relative_to(project)}\n{h.read_text()}" for h in sorted(project.rglob("*.h")))
    build = Build([project / "include"], flags=("-O3", "-pthread"), known=frozenset(runtime), headers=headers)
    build_program(sources, program, build)


def _reference(result: Result, output: Path) -> None:
    build_reference(result.nf, result.plan, output, argv=result.job.nf_args, model=result.model)


def _compare(result: Result, reference: Path, program: Path, sets: Sequence[Captures]) -> Comparison:
    """One comparison over several sets of captures."""
    replicas = capacities(result.model, result.plan)
    runs = (differential(reference, program, inputs, result.job.cores, replicas=replicas) for inputs in sets)
    return together(runs)
