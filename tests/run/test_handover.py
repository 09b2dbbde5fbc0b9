"""Cores with state in common and state of their own that also hand packets over: as one core in the recorded order."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from maestro.traffic.generate import TrafficSpec, mixed_traffic
from maestro.verify.run import differential
from run.parallel import HERE, PAUSES, THREAD, parallel

pytestmark = pytest.mark.skipif(shutil.which("gcc") is None, reason="gcc is not installed")


@pytest.mark.parametrize("flags", [("-O2",), THREAD], ids=["optimised", "thread"])
def test_a_hybrid_nf_whose_packets_are_handed_over(flags: tuple[str, ...], tmp_path: Path) -> None:
    gate = parallel(HERE / "locks" / "gate.c", tmp_path, cores=3, strategy="auto", locked="opened")
    assert gate.plan.strategy == "hybrid"
    assert all(port.resteered for port in gate.plan.ports)
    spec = TrafficSpec(8000, flows=100, seed=6, odd=0.5, capacity_hint=300)
    traffic = mixed_traffic(spec, tmp_path / "traffic")
    result = differential(gate.reference, gate.build(tmp_path / "out", *flags, *PAUSES), traffic, 3)
    assert result.same, result.first
    assert result.stats["resteered"] > 100
