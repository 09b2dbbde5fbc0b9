"""What ``maestro rss solve`` is asked, and everything that is found out about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from maestro.rss import language, profile, smt
from maestro.rss.against import Contest, contest
from maestro.rss.cost import Cost, costs
from maestro.rss.explain import Infeasible
from maestro.rss.profile import Profile
from maestro.rss.requirement import Requirement
from maestro.rss.solve import Configuration, configure, pose

_Z3_MS = 60_000  # for each question


@dataclass(frozen=True)
class Answered:
    """``asked``: what Z3 said, if it was to be asked; ``rivals``: how random keys compare, if they were to be drawn.
    ``costs``: what every valid key loses because fields which must not matter are hashed."""

    nic: Profile
    requirements: tuple[Requirement, ...]
    seed: int | None
    found: Configuration | Infeasible
    asked: smt.Asked | None = None
    rivals: Contest | None = None
    robust: bool = False
    costs: tuple[Cost, ...] = ()


def answer(
    *,
    nic: str,
    texts: Sequence[str],
    cores: int,
    weights: Sequence[float] | None = None,
    seed: int | None = None,
    reta_size: int | None = None,
    no_software: bool = False,
    solver: str = "gf2",
    against: int | None = None,
    robust: bool = False,
) -> Answered:
    """Raises UserError for names, texts, tables and cores that will not do."""
    card, software = profile.load(nic), not no_software
    requirements = tuple(language.parse(text, card) for text in texts)
    ports = language.ports(requirements)
    found = configure(
        card, ports, requirements, cores=cores, steer_types={}, seed=seed, reta_size=reta_size, weights=weights,
        software=software, robust=robust,
    )  # fmt: skip
    problem = pose(card, ports, requirements, {}, reta_size, software=software, robust=robust)
    asked = smt.confirm(problem, requirements, found, _Z3_MS) if solver == "z3" else None
    rivals = contest(problem, found, against, seed) if against and isinstance(found, Configuration) else None
    lost = costs(problem, found) if isinstance(found, Configuration) else ()
    return Answered(card, requirements, seed, found, asked, rivals, robust, lost)
