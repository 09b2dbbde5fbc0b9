"""Counters of which every core has a copy: merged, they are what one core alone would have counted."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from maestro.codegen.emit import emit_nf
from maestro.codegen.merge import capacities, copied
from maestro.codegen.project import write_project
from maestro.diagnostics import InternalError
from maestro.frontend.names import is_runtime
from maestro.frontend.nf import LoadedNF, load
from maestro.ir.model import Model
from maestro.ir.plan import ObjectPlan, Plan, Replica
from maestro.symex.explore import explore
from maestro.traffic.generate import TrafficSpec, mixed_traffic, uniform_traffic
from maestro.verify.merged import compare_merged, read
from maestro.verify.reference import build_reference
from maestro.verify.run import differential, replay
from verify import nat_plans
from verify.nat_plans import FOUR, port

HERE = Path(__file__).parent

REPLICAS = (
    Replica("hosts"),
    Replica("indices"),
    Replica("addresses", ((0, 4, "same"),)),
    Replica("counts", ((0, 8, "add"), (8, 4, "add"))),
    Replica("protocols", ((0, 2, "max"), (2, 2, "add"))),
)


def counters() -> tuple[LoadedNF, Model]:
    nf = load([HERE / "counters"])
    return nf, explore(nf.program, nf=nf.name, is_runtime=is_runtime)


ROOM = {"addresses": 256, "counts": 256, "protocols": None}


def plan(model: Model, cores: int = 3) -> Plan:
    objects = tuple(ObjectPlan(o.name, o.kind, "replicated", "R7", (o.span,)) for o in model.objects)
    ports = (port(0, FOUR, cores), port(1, FOUR, cores))
    return Plan(model.nf, "generic", cores, "shared-nothing", objects, ports, replicas=REPLICAS)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    nf, model = counters()
    folder = tmp_path_factory.mktemp("counters") / "out"
    write_project(model, plan(model), folder, sources_note="")
    build_reference(nf, plan(model), folder / "reference", argv=(), model=model, flags=("-O1", "-pthread", "-w"))
    subprocess.run(["make", "-s", "-C", folder, "nf-replay", "CFLAGS=-O1 -Wall -Wextra -Werror"], check=True)
    return folder


@pytest.fixture(scope="module")
def traffic(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Path]:
    return uniform_traffic(tmp_path_factory.mktemp("traffic"), flows=100, packets=8000, replies=True)


@pytest.mark.parametrize("cores", [1, 2, 3, 4])
def test_copies_merge_to_the_one_state(built: Path, traffic: dict[int, Path], cores: int) -> None:
    result = differential(built / "reference", built / "nf-replay", traffic, cores, replicas=ROOM)
    assert (result.packets, result.first, result.full) == (8000, (), ())
    assert result.entries > 100


def test_full_tables_are_not_compared(built: Path, tmp_path: Path) -> None:
    """Copies have room for more than the one state; the plain vector is compared all the same."""
    inputs = mixed_traffic(TrafficSpec(packets=4000, flows=600, seed=3), tmp_path)
    result = differential(built / "reference", built / "nf-replay", inputs, 3, replicas=ROOM)
    assert (result.first, result.full) == ((), ("addresses", "counts"))
    assert 1 <= result.entries < 20


def test_what_is_written(built: Path, traffic: dict[int, Path], tmp_path: Path) -> None:
    stats = replay(built / "nf-replay", traffic, cores=3, merged=tmp_path / "m", outputs={1: tmp_path / "out.pcap"})
    found = read(tmp_path / "m")
    assert {name for name, _ in found} == {"addresses", "counts", "protocols"}
    packets = sum(int.from_bytes(value[8:12], "little") for (name, _), value in found.items() if name == "counts")
    assert 0.8 * stats["packets"] < packets <= stats["packets"]
    assert all(value == key for (name, key), value in found.items() if name == "addresses")
    udp = found["protocols", (17).to_bytes(4, "little")]
    assert int.from_bytes(udp[:2], "little") >= 60
    assert sum(int.from_bytes(v[2:], "little") - 5 for (name, _), v in found.items() if name == "protocols") == packets


def test_differences_are_reported(built: Path, traffic: dict[int, Path], tmp_path: Path) -> None:
    replay(built / "nf-replay", traffic, cores=2, merged=tmp_path / "two")
    lines = (tmp_path / "two").read_text().splitlines()
    place = next(i for i, line in enumerate(lines) if line.startswith("counts,"))
    name, key, value = lines[place].split(",")
    (tmp_path / "one").write_text("\n".join([*lines[:place], f"{name},{key},{'00' * 16}", *lines[place + 1 :]]))
    (tmp_path / "none").write_text("\n".join([*lines[:place], *lines[place + 1 :]]))
    differing = compare_merged(tmp_path / "one", tmp_path / "two", ROOM).differences
    assert [str(d) for d in differing] == [
        f"after the last packet, counts at {key}: reference {'00' * 16}, parallel {value}"
    ]
    (lost,) = compare_merged(tmp_path / "none", tmp_path / "two", ROOM).differences
    assert str(lost) == f"after the last packet, counts at {key}: reference has none, parallel {value}"


def test_a_wrong_way_to_merge_is_found(traffic: dict[int, Path], built: Path, tmp_path: Path) -> None:
    """The longest packet as a sum: the copies do not become the reference's state."""
    _, model = counters()
    wrong = (*REPLICAS[:4], Replica("protocols", ((0, 2, "add"), (2, 2, "add"))))
    write_project(model, replace(plan(model), replicas=wrong), tmp_path / "out", sources_note="")
    subprocess.run(["make", "-s", "-C", tmp_path / "out", "nf-replay", "CFLAGS=-O1"], check=True)
    result = differential(built / "reference", tmp_path / "out/nf-replay", traffic, 3, replicas=ROOM)
    assert 0 < result.differences < 20
    assert all(str(d).startswith("after the last packet, protocols at") for d in result.first)


def test_what_is_merged() -> None:
    _, model = counters()
    rows = [(row.name, row.kind, row.map.name if row.map else None) for row in copied(model, plan(model))]
    assert rows == [
        ("addresses", "MERGE_ENTRIES", "hosts"),
        ("counts", "MERGE_ENTRIES", "hosts"),
        ("protocols", "MERGE_CELLS", None),
    ]
    assert capacities(model, plan(model)) == ROOM
    only_keys = replace(plan(model), replicas=(*REPLICAS[:2], *(replace(r, parts=()) for r in REPLICAS[2:])))
    assert [(row.name, row.kind) for row in copied(model, only_keys)] == [("hosts", "MERGE_KEYS")]


def test_a_plan_that_does_not_say_how_is_a_bug() -> None:
    _, model = counters()
    with pytest.raises(InternalError, match="protocols is replicated, but the plan does not say how"):
        emit_nf(model, replace(plan(model), replicas=REPLICAS[:4]))


def test_only_programs_with_copies_have_merged_state(tmp_path: Path) -> None:
    nf, model = nat_plans.nat()
    nat_plans.build(nf, model, nat_plans.steered(model, 2), tmp_path / "out")
    done = subprocess.run(
        [tmp_path / "out/nf-replay", "--in", "0=x", "--merged", "y"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (
        2,
        "nf-replay: --merged: nat has no state of which each core has a copy\n",
    )
