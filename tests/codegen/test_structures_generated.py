"""Every structure end to end: the C generated from an NF's model against the NF itself on the plain structures."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from compiled import GeneratedNF, locks, shared_nothing
from native_nf import NativeNF, model_of

from maestro.ir.model import Model
from maestro.ir.plan import Plan
from structures import SOURCES, source


def packets(seed: int, count: int) -> Iterator[tuple[int, bytes, int]]:
    rng, now = random.Random(seed), 1000
    for _ in range(count):
        now += rng.randrange(4) if rng.random() < 0.99 else 300
        yield rng.randrange(2), rng.randbytes(rng.choice((30, 40, 61, 29))), now


@pytest.mark.parametrize("planned", [shared_nothing, locks], ids=lambda p: p.__name__)
@pytest.mark.parametrize("name", SOURCES)
def test_generated_code_does_what_the_nf_does(name: str, planned: Callable[[Model], Plan], tmp_path: Path) -> None:
    file = tmp_path / f"{name}.c"
    file.write_text(source(name))
    model = model_of(file)
    generated, native = GeneratedNF(model, tmp_path, plan=planned(model)), NativeNF(file, tmp_path)
    verdicts: dict[int, int] = {}
    answers = set()
    for n, (device, data, now) in enumerate(packets(1, 6000)):
        expected = native.packet(device, data, now)
        assert generated.packet(device, data, now) == expected, f"packet {n}: device {device}, {data.hex()}, at {now}"
        verdicts[expected[0]] = verdicts.get(expected[0], 0) + 1
        answers.add(tuple(a for a, b in zip(expected[1][20:], data[20:], strict=True) if a != b))
    generated.close()
    assert len(verdicts) >= 3
    assert min(verdicts.values()) > 20, verdicts
    assert len(answers) > 1
