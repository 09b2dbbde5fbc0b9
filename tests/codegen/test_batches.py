"""Every combination of the passes that are for speed, in batches of every size, against the NF itself."""

from __future__ import annotations

import random
from collections.abc import Sequence
from itertools import combinations
from pathlib import Path

import pytest
from compiled import Frame, GeneratedNF, shared_nothing
from native_nf import NativeNF, model_of

import handmade
from maestro.codegen.emit import emit_nf
from maestro.codegen.passes import ALL, NAMES, NONE, Passes, without
from maestro.traffic.flows import FlowKey, inward_frame, make_flow, outward_frame

EXAMPLES = Path(__file__).parents[2] / "examples"
SECOND = 10**9


def every_combination() -> list[Passes]:
    names = sorted(NAMES)
    return [Passes(frozenset(off)) for n in range(len(names) + 1) for off in combinations(names, n)]


def traffic(seed: int, count: int) -> list[Frame]:
    """Few flows, both ways, answers to what NATs send, strangers, other packets; pauses after which all expires."""
    rng, now, out = random.Random(seed), 10**12, []
    for _ in range(count):
        now += rng.choice((0, 0, 1, 1000, SECOND, 70 * SECOND) if rng.random() < 0.1 else (0, 1))
        key = FlowKey(0x0A000001 + rng.randrange(9), 0x08080801 + rng.randrange(3), 1024 + rng.randrange(9),
                      rng.choice((53, 80, 443)), rng.choice((6, 17)))  # fmt: skip
        flow = make_flow(key, 0, 1)
        device, data = rng.choice(((0, outward_frame), (1, inward_frame), (0, inward_frame)))
        frame = data(flow, rng.randrange(1 << 16))
        if rng.random() < 0.05:
            frame = rng.choice((frame[:33], frame[:12] + b"\x86\xdd" + frame[14:], frame[:14]))
        out.append(Frame(device, frame, now))
    return out


def batches(frames: Sequence[Frame], seed: int) -> list[Sequence[Frame]]:
    rng, at, out = random.Random(seed), 0, []
    while at < len(frames):
        size = rng.choice((1, 2, 7, 31, 32))
        out.append(frames[at : at + size])
        at += size
    return out


@pytest.mark.parametrize("passes", every_combination(), ids=lambda p: "without " + ",".join(sorted(p.off)))
@pytest.mark.parametrize("name", ["firewall", "nat", "policer", "port-scan-detector", "connection-limiter"])
def test_every_combination_does_what_the_nf_does(name: str, passes: Passes, tmp_path: Path) -> None:
    model = model_of(EXAMPLES / name)
    native = NativeNF(EXAMPLES / name, tmp_path)
    generated = GeneratedNF(model, tmp_path, passes=passes)
    verdicts = set()
    for batch in batches(traffic(1, 6000), 2):
        expected = [native.packet(f.device, f.data, f.now) for f in batch]
        assert generated.burst(batch) == expected
        verdicts.update(verdict for verdict, _ in expected)
    generated.close()
    assert len(verdicts) >= 2


def test_a_batch_of_the_same_new_flow_opens_it_once(tmp_path: Path) -> None:
    """What is fetched ahead is a guess: the second packet of a batch finds what the first one put."""
    model = handmade.firewall()
    generated = GeneratedNF(model, tmp_path, plan=shared_nothing(model))
    flow = make_flow(FlowKey(0x0A000001, 0x08080808, 1024, 53, 17), 0, 1)
    out, back = Frame(0, outward_frame(flow, 1), 10**12), Frame(1, inward_frame(flow, 1), 10**12)
    assert [verdict for verdict, _ in generated.burst([back, out, back, out, back])] == [0xFFFE, 1, 0, 1, 0]
    assert generated.packet(1, back.data, 10**12 + 60 * SECOND)[0] == 0xFFFE
    generated.close()


def test_passes_that_are_left_out_leave_no_trace() -> None:
    model = handmade.firewall()
    plan = shared_nothing(model)
    full, none = emit_nf(model, plan, ALL), emit_nf(model, plan, NONE)
    assert "flow_get(" in full
    assert "nf_burst(" in full
    assert "flow_get(" not in none
    assert "map_get(&nf->flows" in none
    assert "nf_burst(" not in none
    assert "nf_burst(" not in emit_nf(model, plan, without(["batches"]))
