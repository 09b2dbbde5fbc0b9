"""What fuzzing found worth keeping, and what once broke, again and again. More: ``python -m fuzz.campaign``."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from fuzz.c_targets import NFS, build_captures, build_packets
from fuzz.corpus import inputs, unpack
from fuzz.seeds import SEEDS
from fuzz.targets import TARGETS, run

SECONDS = os.environ.get("MAESTRO_FUZZ_SECONDS", "3")
"""Of new inputs for each C target."""

IN_EVERY_RUN = ("nat", "syn-quota", "firewall-locks")


@pytest.mark.parametrize("name", TARGETS)
def test_nothing_that_is_read_breaks_its_reader(name: str) -> None:
    known = [*SEEDS[name](), *inputs(name)]
    assert len(known) > len(SEEDS[name]()), "no corpus"
    for data in known:
        run(name, data)


@pytest.fixture
def fuzzer(tmp_path: Path) -> None:
    """Skips where clang has no libFuzzer."""
    if shutil.which("clang") is None:
        pytest.skip("clang is not installed")
    probe = tmp_path / "probe.c"
    probe.write_text(
        "int LLVMFuzzerTestOneInput(const unsigned char *d, unsigned long n) { return (void)d, (void)n, 0; }"
    )
    command = ["clang", "-fsanitize=fuzzer,address", str(probe), "-o", str(tmp_path / "probe")]
    if subprocess.run(command, check=False, capture_output=True).returncode != 0:
        pytest.skip("clang has no libFuzzer here: apt install libclang-rt-14-dev")


def holds(program: Path, name: str, folder: Path, *seeds: Path) -> None:
    kept = folder / "kept"
    kept.mkdir()
    unpack(name, kept)
    options = ["-timeout=60", f"-max_total_time={SECONDS}", "-max_len=2000", "-seed=1"]
    done = subprocess.run(
        [program, *options, kept, *seeds], check=False, capture_output=True, text=True, errors="replace", cwd=folder
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert "DONE" in done.stderr


@pytest.mark.usefixtures("fuzzer")
def test_no_capture_breaks_the_reader_of_captures(tmp_path: Path) -> None:
    program = tmp_path / "captures"
    build_captures(program)
    holds(program, "captures", tmp_path)


@pytest.mark.usefixtures("fuzzer")
@pytest.mark.parametrize("name", IN_EVERY_RUN)
def test_no_packet_breaks_a_generated_nf(name: str, tmp_path: Path) -> None:
    assert name in NFS
    program, seeds = build_packets(NFS[name], tmp_path)
    holds(program, name, tmp_path, seeds)
