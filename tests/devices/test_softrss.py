"""DPDK's software RSS as a second opinion on ours; skipped where DPDK's headers are not installed."""

from __future__ import annotations

import random
import shutil
import subprocess
from pathlib import Path

import pytest

from maestro.rss import toeplitz

PROGRAM = """\
#include <stdio.h>
#include <rte_thash.h>
/* key length, key, words, each word: all in hexadecimal; prints the hash */
int main(void) {
  unsigned bytes, words, value;
  while (scanf("%x", &bytes) == 1) {
    uint8_t key[64];
    uint32_t tuple[16];
    for (unsigned i = 0; i < bytes && scanf("%x", &value) == 1; i++) key[i] = (uint8_t)value;
    if (scanf("%x", &words) != 1) return 1;
    for (unsigned i = 0; i < words && scanf("%x", &value) == 1; i++) tuple[i] = value;
    printf("%x\\n", rte_softrss(tuple, words, key));
  }
}
"""


def dpdk_flags() -> list[str]:
    if shutil.which("pkg-config") is None or shutil.which("gcc") is None:
        pytest.skip("needs gcc and pkg-config")
    found = subprocess.run(["pkg-config", "--cflags", "libdpdk"], capture_output=True, text=True, check=False)
    if found.returncode != 0:
        pytest.skip("needs DPDK (apt install libdpdk-dev)")
    return found.stdout.split()


def test_toeplitz_equals_rte_softrss(tmp_path: Path) -> None:
    source, program = tmp_path / "softrss.c", tmp_path / "softrss"
    source.write_text(PROGRAM)
    subprocess.run(["gcc", *dpdk_flags(), "-w", str(source), "-o", str(program)], check=True)
    rng = random.Random(1)
    cases = [(rng.randbytes(rng.choice((40, 52))), rng.randbytes(4 * rng.randint(1, 9))) for _ in range(500)]
    lines = []
    for key, data in cases:
        words = [data[i : i + 4].hex() for i in range(0, len(data), 4)]
        lines.append(" ".join([f"{len(key):x}", *(f"{b:x}" for b in key), f"{len(words):x}", *words]))
    done = subprocess.run([str(program)], input="\n".join(lines), capture_output=True, text=True, check=True)
    assert [int(h, 16) for h in done.stdout.split()] == [toeplitz.hash(key, data) for key, data in cases]
