"""The model of an NF is the NF: every path really happens, as the model says, and every packet takes exactly one.

The NF's own source, compiled natively, gets packets made for each path by the solver, and random ones. Its state
structures answer from a script, so that the answers are those that the model was given; the calls that it makes, its
verdict and every byte of the packet must be the model's.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from random import Random

import pytest
import tricky
from following import Followed, differences, follow, matching
from random_inputs import random_answers, random_input
from scripted import NativeNF
from solved import PathSolver, Solution, answering, as_input

import structures
from maestro.frontend.names import is_runtime
from maestro.frontend.nf import load
from maestro.ir.expr import binary, const, negate
from maestro.ir.model import Assume, Model, Step
from maestro.ir.tree import build
from maestro.symex.budget import Budget
from maestro.symex.explore import explore

EXAMPLES = Path(__file__).parents[2] / "examples"
NFS = {
    "forwarder": ("forwarder", ()),
    "policer": ("policer", ()),
    "firewall": ("firewall", ()),
    "firewall with next hops": (
        "firewall",
        ("--wan", "0", "--eth-dest", "0,02:11:12:13:14:15", "--eth-dest", "1,02:21:22:23:24:25"),
    ),
    "firewall-maestro": ("firewall-maestro", ()),
    **{name: (name, ()) for name in (*tricky.SOURCES, *structures.SOURCES)},
}
"""(source, arguments) by what tests call them."""
MERGED = ("policer", "options", "cells", "twice", "handlers", "dialect", "resizing", "prefixes")
"""Those that are also explored with branches merged, under their name and `` merged``."""
NAMES = [*NFS, *(f"{name} merged" for name in MERGED)]
RANDOM = 600
"""Packets an NF."""
TRIED = 60
"""How many of them are tried on every path one by one."""


@dataclass
class Subject:
    """An NF in all its forms."""

    model: Model
    native: NativeNF

    @cached_property
    def solutions(self) -> list[tuple[int, Solution]]:
        """(path, solution): several of each path."""
        solver = PathSolver(self.model, Random(1))
        return [(i, s) for i, path in enumerate(self.model.paths) for s in solver.solutions(path)]

    def solved(self, model: Model) -> list[Followed]:
        """What ``model`` says of the packets that were made for this NF's paths."""
        tree, rng = build(model.paths), Random(2)
        return [follow(model, tree, as_input(s, rng), answering(s)) for _, s in self.solutions]

    def differences(self, said: Sequence[Followed]) -> list[str]:
        outcomes = self.native.run([s.scenario for s in said])
        return [d for s, did in zip(said, outcomes, strict=True) for d in differences(s, did)]


@pytest.fixture(scope="module")
def subjects(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Subject]:
    """Subjects by name, each made once."""
    made: dict[str, Subject] = {}

    def subject(name: str) -> Subject:
        if name not in made:
            folder = tmp_path_factory.mktemp("nf")
            source, argv = NFS[name.removesuffix(" merged")]
            nf = load([_source(source, folder)])
            budget = Budget(merging=name.endswith(" merged"))
            model = explore(nf.program, nf=nf.name, ports=2, argv=argv, is_runtime=is_runtime, budget=budget)
            made[name] = Subject(model, NativeNF(nf, model, folder, argv))
        return made[name]

    return subject


def _source(name: str, folder: Path) -> Path:
    for sources in (tricky, structures):
        if name in sources.SOURCES:
            source = folder / "nf.c"
            source.write_text(sources.source(name))
            return source
    return EXAMPLES / name


@pytest.mark.parametrize("name", NAMES)
def test_every_path_happens_as_the_model_says(name: str, subjects: Callable[[str], Subject]) -> None:
    subject = subjects(name)
    said = subject.solved(subject.model)
    assert [s.path for s in said] == [i for i, _ in subject.solutions]
    assert {s.path for s in said} == set(range(len(subject.model.paths)))
    assert not subject.differences(said)


@pytest.mark.parametrize("name", NAMES)
def test_every_packet_takes_exactly_one_path(name: str, subjects: Callable[[str], Subject]) -> None:
    subject = subjects(name)
    model, tree, rng = subject.model, build(subject.model.paths), Random(3)
    hints = [s for _, s in subject.solutions]
    said = []
    for n in range(RANDOM):
        given, hint = random_input(rng, hints)
        draw = random_answers(model, rng, hint)
        said.append(follow(model, tree, given, draw))
        if n < TRIED:
            assert matching(model, given, draw) == ([] if said[-1].path is None else [said[-1].path])
    assert not subject.differences(said)


def _with_steps(model: Model, change: Callable[[Step], Step]) -> Model:
    paths = tuple(replace(p, steps=tuple(change(s) for s in p.steps)) for p in model.paths)
    return replace(model, paths=paths)


def _wrong_condition(model: Model) -> Model:
    """The two sides of one branch change places."""
    cond = next(c for c in model.paths[0].conditions)

    def change(step: Step) -> Step:
        if isinstance(step, Assume) and step.cond in (cond, negate(cond)):
            return replace(step, cond=negate(step.cond))
        return step

    return _with_steps(model, change)


def _wrong_argument(model: Model) -> Model:
    """One bit of one argument of one operation of one path."""
    at = next(i for i, p in enumerate(model.paths) if p.operations)
    op = model.paths[at].operations[-1]
    (name, value), *rest = op.args
    wrong = replace(op, args=((name, binary("xor", value, const(1, value.width))), *rest))
    return _with_steps(model, lambda s: wrong if s is op else s)


def _wrong_verdict(model: Model) -> Model:
    path = next(p for p in model.paths if p.verdict.kind == "forward")
    wrong = replace(path, verdict=replace(path.verdict, kind="flood"))
    return replace(model, paths=tuple(wrong if p is path else p for p in model.paths))


def _wrong_byte(model: Model) -> Model:
    path = model.paths[0]
    wrong = replace(path, edits=(*path.edits, (3, const(0x77, 8))))
    return replace(model, paths=(wrong, *model.paths[1:]))


@pytest.mark.parametrize("break_it", [_wrong_condition, _wrong_argument, _wrong_verdict, _wrong_byte])
def test_a_wrong_model_is_noticed(break_it: Callable[[Model], Model], subjects: Callable[[str], Subject]) -> None:
    subject = subjects("firewall")
    assert subject.differences(subject.solved(break_it(subject.model)))
