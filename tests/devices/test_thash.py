"""DPDK's rte_thash as an oracle: IPv4 and IPv6, with and without ports; skipped where DPDK is not installed."""

from __future__ import annotations

import os
import random
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest
from test_softrss import dpdk_flags

from maestro.rss import toeplitz

HERE = Path(__file__).parent
TUPLES = {"IPv4": 8, "IPv4 with ports": 12, "IPv6": 32, "IPv6 with ports": 36}
GFNI = ("gfni", "avx512f", "avx512bw", "avx512vl", "avx512dq", "avx512vbmi")
EAL = (
    "--no-huge",
    "-m",
    "64",
    "--no-pci",
    "--no-telemetry",
    "--log-level=1",
    "-l",
    "0",
    f"--file-prefix=thash{os.getpid()}",
)


def cpu_has_gfni() -> bool:
    flags = next((line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("flags")), "")
    return {"gfni", "avx512f", "avx512bw", "avx512vl", "avx512dq", "avx512_vbmi"} <= {
        name.replace("avx512vbmi", "avx512_vbmi") for name in flags.split()
    }


@dataclass(frozen=True)
class Answer:
    """``matrix``: None where the CPU has no GFNI."""

    soft: int
    soft_be: int
    matrix: int | None
    context_key: bytes
    wanted: int
    adjusted: bytes


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("thash") / "thash"
    flags = [*dpdk_flags(), "-w", "-O1", *(f"-m{name}" for name in GFNI if cpu_has_gfni())]
    libraries = subprocess.run(["pkg-config", "--libs", "libdpdk"], capture_output=True, text=True, check=True)
    command = ["gcc", *flags, str(HERE / "thash.c"), "-o", str(path), *libraries.stdout.split()]
    subprocess.run(command, check=True)
    return path


def ask(program: Path, cases: list[tuple[bytes, bytes]]) -> list[Answer]:
    lines = []
    for key, data in cases:
        words = [data[i : i + 4].hex() for i in range(0, len(data), 4)]
        lines.append(" ".join([f"{len(key):x}", *(f"{b:x}" for b in key), f"{len(words):x}", *words]))
    done = subprocess.run(
        [str(program), *EAL], input="\n".join(lines), capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr
    answers = []
    for line in done.stdout.splitlines():
        soft, soft_be, matrix, key, wanted, adjusted = line.split()
        hashes = [int(h, 16) for h in (soft, soft_be)]
        by_matrix = None if matrix == "-" else int(matrix, 16)
        answers.append(Answer(*hashes, by_matrix, bytes.fromhex(key), int(wanted, 16), bytes.fromhex(adjusted)))
    assert len(answers) == len(cases)
    return answers


@pytest.mark.parametrize("kind", TUPLES)
@pytest.mark.parametrize("key_bytes", [40, 52])
def test_all_of_dpdks_ways_give_our_hash(program: Path, kind: str, key_bytes: int) -> None:
    rng = random.Random(key_bytes + TUPLES[kind])
    cases = [(rng.randbytes(key_bytes), rng.randbytes(TUPLES[kind])) for _ in range(100)]
    for (key, data), found in zip(cases, ask(program, cases), strict=True):
        expected = toeplitz.hash(key, data)
        assert (found.soft, found.soft_be) == (expected, expected)
        assert found.matrix == (expected if cpu_has_gfni() else None)


@pytest.mark.parametrize("kind", TUPLES)
def test_tuples_that_dpdk_adjusts_have_the_index_by_our_hash(program: Path, kind: str) -> None:
    """A context's helper changes the key so that 16 bits reach every index: by our hash they do."""
    rng = random.Random(TUPLES[kind])
    cases = [(rng.randbytes(40), rng.randbytes(TUPLES[kind])) for _ in range(50)]
    for (_, data), found in zip(cases, ask(program, cases), strict=True):
        assert toeplitz.hash(found.context_key, found.adjusted) & 0x1FF == found.wanted
        assert found.adjusted[:-2] == data[:-2], "only the last bits are adjusted"
