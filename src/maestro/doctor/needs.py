"""What is needed of the NICs: by an NF, or as stated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from maestro.frontend.settings import settings
from maestro.pipeline import Job, Phases, analyze
from maestro.rss import language
from maestro.rss.profile import Profile, load
from maestro.rss.requirement import Requirement
from maestro.sharding.analysis import analyse
from maestro.sharding.job import Job as ShardingJob
from maestro.solver.bitwuzla_backend import Backend


@dataclass(frozen=True)
class Needs:
    """``types``: by port, the packet types to steer. ``own_key``: the NF gives out indices by its own key (R6), so
    another key will not do for it, whatever it fulfils. ``name``: the NF's, or empty."""

    requirements: tuple[Requirement, ...]
    types: Mapping[int, frozenset[str]]
    ports: int
    own_key: bool = False
    name: str = ""


def stated(texts: Sequence[str], profile: Profile) -> Needs:
    """In the language of ``maestro rss``."""
    requirements = tuple(language.parse(text, profile) for text in texts)
    ports = max(language.ports(requirements), default=-1) + 1
    return Needs(requirements, language.types_at(requirements), ports)


def of_nf(source: Path, nic: str, cores: int, arguments: tuple[str, ...] | None, phases: Phases) -> Needs:
    """Those of a plan that has passed its proof, none with locks. ``arguments``: None for those of nf.toml."""
    job = _job(source, nic, cores, arguments)
    result = analyze(job, phases)
    model, plan = result.model, result.plan
    if plan.strategy == "locks":
        return Needs((), {}, model.ports, name=plan.nf)
    names = job.port_names or result.nf.port_names
    sharding = ShardingJob(analyse(model, Backend().check), load(nic), cores, 0, names)
    requirements, types = sharding.requirements(sharding.outcome().choice)
    steered = {port: frozenset(some) for port, some in types.items()}
    return Needs(requirements, steered, model.ports, bool(plan.steering), plan.nf)


def _job(source: Path, nic: str, cores: int, arguments: tuple[str, ...] | None) -> Job:
    own = settings((source,))
    pairs = (text.partition("=") for text in own.defines or ())
    return Job(
        (source,),
        defines={name: value if equals else None for name, equals, value in pairs},
        nf_args=(own.args or ()) if arguments is None else arguments,
        ports=own.ports or 2,
        port_names=own.port_names or {},
        nic=nic,
        cores=cores,
    )
