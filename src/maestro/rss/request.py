"""What ``maestro rss solve`` is asked, and everything that is found out about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from maestro.diagnostics import UserError
from maestro.rss import language, per_rule, profile, smt
from maestro.rss import symmetric as modes
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
    ``costs``: what every valid key loses because fields which must not matter are hashed. ``symmetric``: the mode that
    the NIC is to be in; ``nic`` is then the NIC in that mode. ``rules``: with keys of their own, every group of
    packet types and its configuration; ``found`` is then what one key for all would do."""

    nic: Profile
    requirements: tuple[Requirement, ...]
    seed: int | None
    found: Configuration | Infeasible
    asked: smt.Asked | None = None
    rivals: Contest | None = None
    robust: bool = False
    costs: tuple[Cost, ...] = ()
    symmetric: str = "none"
    rules: tuple[tuple[per_rule.Group, Configuration], ...] = ()


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
    symmetric: str = "auto",
    per_rule_keys: bool = False,
) -> Answered:
    """Raises UserError for names, texts, tables and cores that will not do, and for modes that the NIC does not have.

    ``symmetric``: never, always (by its name), or where it helps (auto): only in that mode is there a key, or one that
    reaches more of the table.
    """
    card, software = profile.load(nic), not no_software
    requirements = tuple(language.parse(text, card) for text in texts)
    ports = language.ports(requirements)

    def solved(card: Profile) -> Configuration | Infeasible:
        return configure(
            card, ports, requirements, cores=cores, steer_types={}, seed=seed, reta_size=reta_size, weights=weights,
            software=software, robust=robust,
        )  # fmt: skip

    if per_rule_keys:
        if robust or against or solver != "gf2" or symmetric not in ("never", "auto"):
            text = "--per-rule-keys does not go with --robust, --against, --solver z3 or a symmetric mode"
            raise UserError(text, code="rss-per-rule")
        per_rule.offered(card)
        return _by_rule(card, requirements, solved(card), cores, weights, seed, reta_size, software)
    mode = "none"
    if symmetric not in ("never", "auto"):
        if robust:
            raise UserError("--robust keys are for fields as they are, not for symmetric modes", code="rss-symmetric")
        card, mode = modes.applied(card, symmetric), symmetric
    found = solved(card)
    if symmetric == "auto" and not robust and modes.offered(card, "xor") and not _whole(found):
        other = modes.applied(card, "xor")
        in_mode = solved(other)
        if _reach(in_mode) > _reach(found):
            card, mode, found = other, "xor", in_mode
    problem = pose(card, ports, requirements, {}, reta_size, software=software, robust=robust)
    asked = smt.confirm(problem, requirements, found, _Z3_MS) if solver == "z3" else None
    rivals = contest(problem, found, against, seed) if against and isinstance(found, Configuration) else None
    lost = costs(problem, found) if isinstance(found, Configuration) else ()
    return Answered(card, requirements, seed, found, asked, rivals, robust, lost, mode)


def _by_rule(
    card: Profile,
    requirements: tuple[Requirement, ...],
    one: Configuration | Infeasible,
    cores: int,
    weights: Sequence[float] | None,
    seed: int | None,
    reta_size: int | None,
    software: bool,
) -> Answered:
    """Keys by packet type where ``one`` for all is none, or leaves packet types to software."""
    if isinstance(one, Configuration) and not any(p.resteered for p in one.ports) and _whole(one):
        return Answered(card, requirements, seed, one)
    found = per_rule.solve(
        card, requirements, cores=cores, weights=weights, seed=seed, reta_size=reta_size, software=software
    )
    if isinstance(found, Infeasible):
        return Answered(card, requirements, seed, found)
    return Answered(card, requirements, seed, one, rules=found if len(found) > 1 else ())


def _reach(found: Configuration | Infeasible) -> int:
    """The ranks over all inputs, summed over the ports: nothing where there is no key."""
    if isinstance(found, Infeasible):
        return 0
    return sum({f.port: f.rank for f in reversed(found.quality.fields) if not f.field}.values())


def _whole(found: Configuration | Infeasible) -> bool:
    """Whether the hash reaches the whole table at every port."""
    if isinstance(found, Infeasible):
        return False
    return _reach(found) == sum(len(p.reta).bit_length() - 1 for p in found.ports)
