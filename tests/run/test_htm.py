"""Generated NFs with transactions, which this machine need not have: they commit or abort as a script says.

As in ``test_locks``, the reference takes the packets in the order in which they took effect.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from maestro.diagnostics import InternalError
from maestro.traffic.generate import TrafficSpec, mixed_traffic
from maestro.verify.run import differential, input_arguments, run_json
from run.parallel import ADDRESS, HERE, PAUSES, THREAD, TRANSACTIONS, Parallel, parallel

pytestmark = pytest.mark.skipif(shutil.which("gcc") is None, reason="gcc is not installed")

EXAMPLES = Path(__file__).parents[2] / "examples"
CORES = 3
PACKETS = 4000
TRIES = 8  # HTM_TRIES

NFS = {
    "bridge": {"source": HERE / "locks" / "bridge.c"},
    "counter": {"source": HERE / "locks" / "counter.c"},
    "firewall": {"source": EXAMPLES / "firewall", "argv": ("--max-flows", "200", "--expire", "1000000")},
    "nat": {"source": EXAMPLES / "nat", "argv": ("--max-flows", "200", "--expire", "1000000")},
    "policer": {"source": EXAMPLES / "policer", "argv": ("--capacity", "100", "--rate", "1000", "--burst", "1000")},
}

_made: dict[str, Parallel] = {}


def made(name: str, factory: pytest.TempPathFactory) -> Parallel:
    if name not in _made:
        _made[name] = parallel(folder=factory.mktemp(name), cores=CORES, strategy="htm", **NFS[name])
    return _made[name]


@pytest.fixture(scope="module")
def traffic(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Path]:
    spec = TrafficSpec(PACKETS, flows=100, seed=7, capacity_hint=200)
    return mixed_traffic(spec, tmp_path_factory.mktemp("traffic"))


@pytest.mark.parametrize("name", NFS)
def test_every_packet_is_as_in_sequence(
    name: str,
    traffic: dict[int, Path],
    tmp_path: Path,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    nf = made(name, tmp_path_factory)
    program = nf.build(tmp_path / "out", "-O2", *PAUSES, *TRANSACTIONS)
    for script, cores in (("commit", 2), ("some", 2), ("commit", CORES), ("some", CORES)):
        monkeypatch.setenv("MAESTRO_RTM_SCRIPT", script)
        result = differential(nf.reference, program, traffic, cores)
        assert result.same, result.first
        counts = [core["htm"] for core in result.stats["per_core"]]
        assert sum(c["commits"] + c["fallbacks"] for c in counts) == result.packets == PACKETS
        assert all(c["present"] for c in counts)
        aborts = {cause: sum(c["aborts"][cause] for c in counts) for cause in counts[0]["aborts"]}
        if script == "some":
            assert min(aborts.values()) > 0
            assert all(c["fallbacks"] > 0 for c in counts)


@pytest.mark.parametrize("sanitizer", [THREAD, ADDRESS], ids=["thread", "address"])
@pytest.mark.parametrize("name", ["bridge", "firewall", "nat"])
def test_under_sanitizers(
    name: str,
    sanitizer: tuple[str, ...],
    traffic: dict[int, Path],
    tmp_path: Path,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    nf = made(name, tmp_path_factory)
    program = nf.build(tmp_path / "out", *sanitizer, *PAUSES, *TRANSACTIONS)
    monkeypatch.setenv("MAESTRO_RTM_SCRIPT", "some")
    result = differential(nf.reference, program, traffic, CORES)
    assert result.same, result.first


_ONE_CORE = {
    # script: packets that fall back, aborts a packet by cause; in twelfths
    "commit": (0, {}),
    "begin:6": (12, {"conflict": 12 * TRIES}),
    "begin:2": (12, {"retry": 12 * TRIES}),
    "begin:0xff000001": (12, {"lock_held": 12 * TRIES}),
    "end:8": (12, {"capacity": 12}),
    "end:4": (12, {"conflict": 12}),  # the CPU sees no point in another try
    "end:16": (12, {"debug": 12}),
    "begin:32": (12, {"nested": 12}),
    "end:0": (12, {"other": 12}),
    "end:6 commit": (0, {"conflict": 12}),
    "begin:6 end:2 commit commit": (0, {"conflict": 6, "retry": 6}),
    "end:6 end:8": (12, {"conflict": 12, "capacity": 12}),
}


@pytest.fixture(scope="module")
def nat(tmp_path_factory: pytest.TempPathFactory) -> tuple[Parallel, Path]:
    nf = made("nat", tmp_path_factory)
    return nf, nf.build(tmp_path_factory.mktemp("program") / "out", "-O2", *TRANSACTIONS)


@pytest.mark.parametrize("script", _ONE_CORE)
def test_tries_are_bounded_and_counted(
    script: str, nat: tuple[Parallel, Path], traffic: dict[int, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    nf, program = nat
    monkeypatch.setenv("MAESTRO_RTM_SCRIPT", script)
    result = differential(nf.reference, program, traffic, 1)
    assert result.same, result.first
    (core,) = result.stats["per_core"]
    fallbacks, aborts = _ONE_CORE[script]
    counts = core["htm"]
    assert counts["fallbacks"] == PACKETS * fallbacks // 12
    assert counts["commits"] == PACKETS - counts["fallbacks"]
    assert {k: n for k, n in counts["aborts"].items() if n} == {k: PACKETS * n // 12 for k, n in aborts.items()}


@pytest.mark.parametrize("script", ["absent", "commit"])
def test_a_cpu_without_transactions_is_told_of_once(
    script: str, nat: tuple[Parallel, Path], traffic: dict[int, Path]
) -> None:
    arguments = ["--cores", "2", "--stats", "json", *input_arguments(traffic)]
    environment = {**os.environ, "MAESTRO_RTM_SCRIPT": script}
    done = subprocess.run([nat[1], *arguments], capture_output=True, text=True, check=True, env=environment)
    said = "nat: this CPU has no hardware transactions (RTM): running on locks\n"
    assert done.stderr == (said if script == "absent" else "")


def test_without_transactions_it_runs_on_locks(
    traffic: dict[int, Path], tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAESTRO_RTM_SCRIPT", "absent")
    nf = made("bridge", tmp_path_factory)
    program = nf.build(tmp_path / "out", *THREAD, *PAUSES, *TRANSACTIONS)
    result = differential(nf.reference, program, traffic, CORES)
    assert result.same, result.first
    for core in result.stats["per_core"]:
        assert not core["htm"]["present"]
        assert core["htm"]["commits"] == core["htm"]["fallbacks"] == sum(core["htm"]["aborts"].values()) == 0


def test_as_shipped_on_whatever_cpu_this_is(
    traffic: dict[int, Path], tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """No seam: the instructions themselves where there are some, else the locks."""
    nf = made("nat", tmp_path_factory)
    program = nf.build(tmp_path / "out", "-O2")
    result = differential(nf.reference, program, traffic, 2)
    assert result.same, result.first
    stats = run_json(program, ["--cores", "2", "--stats", "json", *input_arguments(traffic)])
    has_rtm = " rtm " in Path("/proc/cpuinfo").read_text()
    assert [core["htm"]["present"] for core in stats["per_core"]] == [has_rtm] * 2


_HTM, _NF = "include/maestro/htm.h", "nf.c"
_HELD = "rtm_subscribe(htm_held_(&turn->locks->lock[turn->core]))"
_AGAIN = "left = htm_aborted(&nf->htm, &nf->turn, status, left);"
_CLOCK = "turn->time = atomic_load_explicit(&common->clock, memory_order_relaxed);"

MISTAKES = {
    "a transaction that does not look at the lock": (
        "counter", "end:8 commit", (_HTM, _HELD, f"rtm_subscribe(false && {_HELD[14:]}"),
    ),
    "a fallback that does not keep transactions out": (
        "counter", "end:8 commit", (_HTM, "  now = lock_all(turn, now);\n", "  turn->order |= 1;\n"),
        (_HTM, "    unlock_all(turn);\n", "    (void)turn;\n"),
    ),
    "the verdict of an aborted attempt": ("nat", "end:6 commit", (_NF, _AGAIN, "(void)htm_aborted(&nf->htm, "
                                          "&nf->turn, status, left);\n    return 1;")),
    "the verdict of a read form that gave up": (
        "nat", "absent", (_NF, "if (verdict != NF_AGAIN) {", "if (verdict + 1 > 0) {"),
    ),
    "tries that are used up, and no locks": (
        "nat", "begin:6", (_NF, "  now = htm_lock_all(&nf->htm, &nf->turn, now);", "  if (left == 0) return NF_DROP;"
                           "\n  now = htm_lock_all(&nf->htm, &nf->turn, now);"),
        (_NF, "  for (unsigned left = htm_tries(&nf->htm, now); left > 0;) {",
         "  unsigned left = htm_tries(&nf->htm, now);\n  while (left > 0) {"),
    ),
    "packets at the time of their own core": ("policer", "commit", (_HTM, _CLOCK, "")),
    "no order recorded": ("counter", "commit", (_HTM, "turn->order = ++common->packets;", "")),
    "an aborted attempt that counts": (
        "counter", "end:6 commit", (_NF, _AGAIN, _AGAIN + "\n    (void)nf_write(nf, port, packet, length, now);"),
        (_HTM, "    unlock_all(turn);\n", "    (void)turn;\n"),
    ),
}  # fmt: skip
"""What is wrong → which NF shows it under which script, and how to make it so: file, text, other text."""


@pytest.mark.parametrize("mistake", MISTAKES)
def test_mistakes_show(
    mistake: str,
    traffic: dict[int, Path],
    tmp_path: Path,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    name, script, *mistakes = MISTAKES[mistake]
    nf = made(name, tmp_path_factory)
    program = nf.build(tmp_path / "out", "-O2", "-DPAUSE_ONE_IN=4", *PAUSES, *TRANSACTIONS, mistakes=mistakes)
    monkeypatch.setenv("MAESTRO_RTM_SCRIPT", script)
    result = differential(nf.reference, program, traffic, CORES)
    assert result.differences > 0


def test_the_thread_sanitizer_sees_a_transaction_that_does_not_look_at_the_lock(
    traffic: dict[int, Path], tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    nf = made("firewall", tmp_path_factory)
    mistakes = [(_HTM, _HELD, f"rtm_subscribe(false && {_HELD[14:]}")]
    program = nf.build(tmp_path / "out", *THREAD, *PAUSES, *TRANSACTIONS, mistakes=mistakes)
    monkeypatch.setenv("MAESTRO_RTM_SCRIPT", "end:8 commit")
    with pytest.raises(InternalError, match="data race"):
        differential(nf.reference, program, traffic, CORES)
