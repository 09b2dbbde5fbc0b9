"""Many hashes at a time: by tables and by GFNI (where the CPU has it), against the definition of the hash."""

from __future__ import annotations

import ctypes
import subprocess
from pathlib import Path
from random import Random

import pytest

from maestro.rss import toeplitz
from runtime.replay.harness import STEERING, compile_c

STATE_BYTES = 1 << 16  # more than a struct maestro_toeplitz


@pytest.fixture(scope="module", params=["-O1", "-O3"])
def library(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> ctypes.CDLL:
    output = tmp_path_factory.mktemp("toeplitz") / "toeplitz.so"
    loaded = ctypes.CDLL(str(compile_c(output, STEERING, "-shared", "-fPIC", request.param, sanitize=False)))
    loaded.maestro_toeplitz_has_gfni.restype = ctypes.c_bool
    loaded.maestro_toeplitz_hash.restype = ctypes.c_uint32
    return loaded


def hashes(
    library: ctypes.CDLL, way: str, key: bytes, inputs: bytes, length: int, stride: int, count: int
) -> list[int]:
    state = ctypes.create_string_buffer(STATE_BYTES)
    library.maestro_toeplitz_init(state, key, len(key))
    found = (ctypes.c_uint32 * (count + 1))()
    found[count] = 0xDEADBEEF
    getattr(library, f"maestro_toeplitz_{way}")(state, inputs, length, stride, found, count)
    assert found[count] == 0xDEADBEEF, "written past the end"
    return list(found[:count])


@pytest.mark.parametrize("way", ["tables", "hashes"])
def test_as_defined_for_random_keys_lengths_and_counts(library: ctypes.CDLL, way: str) -> None:
    rng = Random(1)
    nonzero = 0
    for length in [*range(41), 8, 12, 32, 36] * 2:
        key = rng.randbytes(rng.choice((44, 52, 64)))
        stride, count = length + rng.randrange(6), rng.randrange(40)
        inputs = rng.randbytes(stride * count + length)
        expected = [toeplitz.hash(key, inputs[i * stride : i * stride + length]) for i in range(count)]
        assert hashes(library, way, key, inputs, length, stride, count) == expected, (length, stride, count)
        nonzero += sum(map(bool, expected))
    assert nonzero > 500


def test_one_hash_as_defined(library: ctypes.CDLL) -> None:
    rng = Random(2)
    for length in [*range(41)] * 3:
        key, data = rng.randbytes(52), rng.randbytes(length)
        state = ctypes.create_string_buffer(STATE_BYTES)
        library.maestro_toeplitz_init(state, key, len(key))
        assert library.maestro_toeplitz_hash(state, data, length) == toeplitz.hash(key, data)


def test_gfni_is_used_where_the_cpu_has_it(library: ctypes.CDLL) -> None:
    flags = next((line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("flags")), "")
    wanted = {"gfni", "avx512f", "avx512bw", "avx512vl", "avx512_vbmi", "avx512vbmi"} & set(flags.split())
    assert library.maestro_toeplitz_has_gfni() == (len(wanted) == 5)


def test_inputs_at_the_end_of_memory(tmp_path: Path) -> None:
    """AddressSanitizer watches every byte around the inputs."""
    main = tmp_path / "ends.c"
    main.write_text(ENDS)
    program = compile_c(tmp_path / "ends", [*STEERING, main])
    done = subprocess.run([program], capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")


ENDS = """
#include <stdlib.h>
#include <string.h>
#include "maestro/toeplitz.h"

static struct maestro_toeplitz toeplitz;

int main(void) {
  uint8_t key[52];
  memset(key, 0x5a, sizeof key);
  maestro_toeplitz_init(&toeplitz, key, sizeof key);
  for (unsigned bytes = 1; bytes <= MAESTRO_TOEPLITZ_INPUT; bytes++)
    for (unsigned count = 1; count < 20; count++) {
      uint8_t *inputs = calloc(count, bytes);
      uint32_t *hashes = calloc(count, sizeof *hashes);
      maestro_toeplitz_hashes(&toeplitz, inputs, bytes, bytes, hashes, count);
      free(hashes);
      free(inputs);
    }
  return 0;
}
"""
