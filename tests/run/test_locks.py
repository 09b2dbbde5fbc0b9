"""Generated NFs whose cores have state in common: every verdict and byte as the reference gives them.

The reference takes the packets in the order in which they took effect in the parallel run, so a difference is a run
that no sequence of packets explains. The mistakes are those that generators of such code have made; each must show.
"""

from __future__ import annotations

import shutil
from itertools import pairwise
from pathlib import Path

import pytest

from maestro.traffic.generate import TrafficSpec, mixed_traffic
from maestro.verify.run import differential, replay
from maestro.verify.verdicts import VerdictFile
from run.parallel import ADDRESS, HERE, PAUSES, THREAD, Parallel, parallel

pytestmark = pytest.mark.skipif(shutil.which("gcc") is None, reason="gcc is not installed")

EXAMPLES = Path(__file__).parents[2] / "examples"
CORES = 3  # more than a small machine has: threads are interrupted anywhere

NFS = {
    "bridge": {"source": HERE / "locks" / "bridge.c"},
    "counter": {"source": HERE / "locks" / "counter.c"},
    "table": {"source": HERE / "locks" / "table.c"},
    "gate": {"source": HERE / "locks" / "gate.c", "strategy": "auto", "locked": "opened"},
    "gate-locked": {"source": HERE / "locks" / "gate.c"},
    "firewall": {"source": EXAMPLES / "firewall", "argv": ("--max-flows", "500", "--expire", "1000000")},
    "policer": {"source": EXAMPLES / "policer", "argv": ("--capacity", "300", "--rate", "1000", "--burst", "1000")},
}

_made: dict[str, Parallel] = {}


@pytest.fixture
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Parallel:
    name = request.param
    if name not in _made:
        _made[name] = parallel(folder=tmp_path_factory.mktemp(name), cores=CORES, **NFS[name])
    return _made[name]


@pytest.fixture(scope="module")
def traffic(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Path]:
    """Tables of 300 to 512 entries fill, flows come and go, pauses outlast a second."""
    spec = TrafficSpec(15_000, flows=150, seed=5, capacity_hint=500)
    return mixed_traffic(spec, tmp_path_factory.mktemp("traffic"))


@pytest.fixture(scope="module")
def little(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Path]:
    spec = TrafficSpec(5000, flows=100, seed=6, capacity_hint=500)
    return mixed_traffic(spec, tmp_path_factory.mktemp("little"))


@pytest.mark.parametrize("made", NFS, indirect=True)
def test_every_packet_is_as_in_sequence(made: Parallel, traffic: dict[int, Path], tmp_path: Path) -> None:
    program = made.build(tmp_path / "out", "-O2", *PAUSES)
    for cores in (2, CORES):
        result = differential(made.reference, program, traffic, cores)
        assert result.same, result.first
        assert result.packets == 15_000
    assert result.stats["forwarded"] + result.stats["flooded"] > 1000


@pytest.mark.parametrize("sanitizer", [THREAD, ADDRESS], ids=["thread", "address"])
@pytest.mark.parametrize("made", ["bridge", "gate", "firewall", "policer"], indirect=True)
def test_under_sanitizers(made: Parallel, sanitizer: tuple[str, ...], little: dict[int, Path], tmp_path: Path) -> None:
    program = made.build(tmp_path / "out", *sanitizer, *PAUSES)
    result = differential(made.reference, program, little, CORES)
    assert result.same, result.first


@pytest.mark.parametrize("made", ["counter"], indirect=True)
def test_packets_take_effect_in_another_order_than_they_came(
    made: Parallel, traffic: dict[int, Path], tmp_path: Path
) -> None:
    """Or else the other tests would show nothing. In that order, times never decrease."""
    program = made.build(tmp_path / "out", "-O2", *PAUSES)
    replay(program, traffic, cores=CORES, verdicts=tmp_path / "verdicts")
    with VerdictFile(tmp_path / "verdicts") as file:
        order = file.order()
        times = [v.time for v in file.verdicts(0, file.packets)]
    assert sorted(order) == list(range(15_000))
    assert sum(a > b for a, b in pairwise(order)) > 100
    assert all(times[a] <= times[b] for a, b in pairwise(order))


_ASKED, _ALL = "core < d->cores; core++) {\n    struct touch", "include/maestro/lock.h"
_TAKE, _GIVE = "    lock_wait_(&locks->lock[core]);", "    lock_release_(&locks->lock[core]);"
_ROWS = "sizeof places_contents / sizeof places_contents[0]; i++"
_READ = "const uint64_t buckets_time = "

MISTAKES = {
    "a restart that forwards the aborted attempt's verdict": (
        "firewall", ("nf.c", "    verdict = nf_write(", "    (void)nf_write("),
    ),
    "expiry that does not ask the cores": (
        "firewall", ("include/maestro/shared_dchain.h", _ASKED, _ASKED.replace("d->cores", "d->cores - d->cores")),
    ),
    "expiry that asks one core only": (
        "firewall", ("include/maestro/shared_dchain.h", _ASKED, _ASKED.replace("d->cores", "1")),
    ),
    "an address compared as one byte": ("table", ("nf.c", "ld32le(packet + 26)", "packet[26]")),
    "a table from init divided among cores": ("table", ("nf.c", _ROWS, _ROWS.replace("i++", "i += cores"))),
    "a bucket overwritten before it is read": (
        "policer", ("nf.c", _READ, f"st64le(buckets_cell + 8, (uint64_t)now);\n  {_READ}"),
    ),
    "writers that take their own lock only": (
        "counter",
        (_ALL, _TAKE, _TAKE.replace("    lock", "    if (core == turn->core) lock")),
        (_ALL, _GIVE, _GIVE.replace("    lock", "    if (core == turn->core) lock")),
    ),
    "packets at the time of their own core": (
        "counter",
        (_ALL, "  locks->time = lock_later_(now, locks->time);", "  locks->time = now;"),
        (_ALL, "    now = lock_later_(now, locks->lock[core].time);\n", ""),
    ),
}  # fmt: skip
"""What is wrong → which NF shows it, and how to make it so: file, text, other text."""


@pytest.mark.parametrize("mistake", MISTAKES)
def test_mistakes_show(
    mistake: str, traffic: dict[int, Path], tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    name, *mistakes = MISTAKES[mistake]
    if name not in _made:
        _made[name] = parallel(folder=tmp_path_factory.mktemp(name), cores=CORES, **NFS[name])
    program = _made[name].build(tmp_path / "out", "-O2", *PAUSES, mistakes=mistakes)
    result = differential(_made[name].reference, program, traffic, CORES)
    assert result.differences > 0
