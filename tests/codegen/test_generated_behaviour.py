"""The generated C against an interpreter of the model: every verdict and every byte, packet by packet."""

from __future__ import annotations

import random
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from compiled import CLANG, STRICT, GeneratedNF, shared_nothing
from model_interpreter import Interpreter
from sink import sink

import handmade
from maestro.codegen.emit import emit_nf
from maestro.ir.model import Model

SECOND = 1_000_000_000
Packet = tuple[int, bytes, int]


def small(model: Model, capacity: int) -> Model:
    """``model`` with tables that a test fills."""
    return replace(model, objects=tuple(replace(o, capacity=capacity) for o in model.objects))


def ipv4(rng: random.Random, hosts: int) -> tuple[int, bytes]:
    """A TCP or UDP packet between few hosts and ports, either way; at times cut short or of another protocol."""
    inside, outside = bytes([10, 0, 0, rng.randrange(hosts)]), bytes([192, 0, 2, rng.randrange(hosts)])
    near, far = bytes([0, rng.randrange(2)]), bytes([1, rng.randrange(2)])
    device = rng.randrange(2)
    addresses, ports = (inside + outside, near + far) if device == 0 else (outside + inside, far + near)
    protocol = rng.choices((6, 17, 1), (10, 5, 1))[0]
    ethertype = rng.choices((b"\x08\x00", b"\x86\xdd", b"\x00\x08"), (30, 1, 1))[0]
    header = bytes([0x45, 0, 0, 28, 0, 0, 0, 0, 64, protocol, 0, 0])
    data = rng.randbytes(12) + ethertype + header + addresses + ports + rng.randbytes(rng.randrange(30))
    return device, data[: rng.randrange(14, len(data))] if rng.random() < 0.05 else data


def flows(seed: int, count: int, hosts: int) -> Iterator[Packet]:
    """Two-way traffic whose pauses now and then outlast the expiry time of 10 s."""
    rng, now = random.Random(seed), 0
    for _ in range(count):
        now += rng.choice((0, 1, SECOND // 10, SECOND, 3 * SECOND)) if rng.random() < 0.99 else 10 * SECOND
        yield (*ipv4(rng, hosts), now)


def commands(seed: int, count: int) -> Iterator[Packet]:
    rng, now = random.Random(seed), 0
    for _ in range(count):
        now += rng.randrange(20)
        data = bytearray(rng.randbytes(rng.choice((40, 41, 60, 39, 14))))
        if len(data) > 23:
            data[16:20] = bytes([rng.randrange(8), rng.choice(b"abcdefg"), rng.randrange(5), rng.randrange(5)])
            data[20:24] = rng.choice((rng.randbytes(4), bytes([0, 0, 0, rng.randrange(5)])))
            data[21:23] = bytes([rng.randrange(3), rng.randrange(3)]) if rng.random() < 0.5 else data[21:23]
        yield rng.randrange(2), bytes(data), now


def agree(model: Model, packets: Iterator[Packet], folder: Path, **core: int) -> set[int]:
    """Both give the same for every packet; the verdicts that occurred."""
    expected, got = Interpreter(model), GeneratedNF(model, folder, **core)
    verdicts: set[int] = set()
    for n, (device, data, now) in enumerate(packets):
        want = expected.packet(device, data, now)
        assert got.packet(device, data, now) == want, f"packet {n}: device {device}, {data.hex()}, at {now}"
        verdicts.add(want[0])
    got.close()
    return verdicts


@pytest.mark.parametrize(("capacity", "hosts"), [(8, 3), (64, 3), (1024, 40)])
def test_firewall(capacity: int, hosts: int, tmp_path: Path) -> None:
    model = small(handmade.firewall(), capacity)
    assert agree(model, flows(capacity, 4000, hosts), tmp_path) == {0, 1, 0xFFFE}


@pytest.mark.parametrize(("capacity", "hosts"), [(2, 5), (512, 30)])
def test_policer(capacity: int, hosts: int, tmp_path: Path) -> None:
    model = small(handmade.policer(), capacity)
    assert agree(model, flows(capacity, 4000, hosts), tmp_path) == {0, 1, 0xFFFE}


def test_every_operation_verdict_and_edit(tmp_path: Path) -> None:
    verdicts = agree(sink(), commands(1, 6000), tmp_path)
    assert {0, 1, 7, 0xFFFE, 0xFFFF} <= verdicts


def test_a_core_of_two_is_the_sequential_nf_with_half_the_entries(tmp_path: Path) -> None:
    half = Interpreter(small(handmade.firewall(), 4))
    core = GeneratedNF(small(handmade.firewall(), 7), tmp_path, core=0, cores=2)
    for device, data, now in flows(3, 2000, 3):
        assert core.packet(device, data, now) == half.packet(device, data, now)
    core.close()


def test_more_cores_than_entries(tmp_path: Path) -> None:
    none = Interpreter(small(handmade.firewall(), 0))
    core = GeneratedNF(small(handmade.firewall(), 3), tmp_path, core=5, cores=6)
    for device, data, now in flows(4, 500, 3):
        assert core.packet(device, data, now) == none.packet(device, data, now)
    core.close()


@pytest.mark.parametrize("core", range(3))
def test_visible_indices_differ_between_cores(core: int, tmp_path: Path) -> None:
    nf = GeneratedNF(sink(), tmp_path, core=core, cores=3)
    got = set()
    for key in range(6):
        data = bytes([*bytes(16), 0, key, *bytes(22)])
        verdict, after = nf.packet(0, data, 0)
        if verdict == 1:
            got.add(int.from_bytes(after[24:28], "big"))
    nf.close()
    assert got == [{0, 1}, {2}, {3}][core]


@pytest.mark.parametrize("make", [handmade.firewall, handmade.policer, sink], ids=lambda f: f.__name__)
def test_clang_has_no_warnings(make: Callable[[], Model], tmp_path: Path) -> None:
    model = make()
    source = tmp_path / "nf.c"
    source.write_text(emit_nf(model, shared_nothing(model)))
    subprocess.run([*CLANG, *STRICT, "-O1", "-c", str(source), "-o", str(tmp_path / "nf.o")], check=True)
