"""How long a question takes: keys that make the 4-tuple symmetric over two ports, by elimination and by Z3."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from time import process_time

from maestro.rss import language, profile
from maestro.rss.profile import Profile
from maestro.rss.requirement import Requirement
from maestro.rss.smt import ask, chosen
from maestro.rss.solve import Configuration, configure, pose
from maestro.solver.answer import Answer

SYMMETRIC = "port0(ipv4.src,ipv4.dst,l4.sport,l4.dport) == port1(ipv4.dst,ipv4.src,l4.dport,l4.sport)"

_Z3_MS = 60_000


@dataclass(frozen=True)
class Solved:
    """``milliseconds``: CPU time from the requirement to keys and tables, the choice of keys included, median over
    different seeds; ``slowest``: the longest. ``z3``: CPU time until Z3 had answered the same question about the field
    sets that were chosen, with ``answer``."""

    nic: str
    milliseconds: float
    slowest: float
    z3: float
    answer: Answer


def measure(nics: Sequence[str], turns: int) -> tuple[Solved, ...]:
    """Raises UserError for a NIC that is not known."""
    cards = [profile.load(name) for name in nics]
    return tuple(_measure(card, turns) for card in cards)


def _measure(card: Profile, turns: int) -> Solved:
    requirements = [language.parse(SYMMETRIC, card)]
    times, found = [], None
    for seed in range(turns):
        started = process_time()
        found = configure(card, (0, 1), requirements, cores=2, steer_types={}, seed=seed)
        times.append(1000 * (process_time() - started))
    started = process_time()
    answer = _z3(card, requirements, found) if isinstance(found, Configuration) else Answer.UNKNOWN
    return Solved(card.name, median(times), max(times), 1000 * (process_time() - started), answer)


def _z3(card: Profile, requirements: Sequence[Requirement], found: Configuration) -> Answer:
    problem = pose(card, (0, 1), requirements, {})
    return ask(problem, requirements, chosen(problem, found), _Z3_MS)[0]
