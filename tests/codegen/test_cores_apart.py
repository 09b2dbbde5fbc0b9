"""What one core writes shares no cache line with what another core has, seen by addresses and by the MMU."""

from __future__ import annotations

import struct
import subprocess
from pathlib import Path

import pytest
from compiled import CC, STRICT, shared_nothing
from native_nf import model_of
from test_batches import EXAMPLES, traffic

from maestro.codegen.emit import emit_nf
from maestro.codegen.passes import ALL, NONE, Passes

HARNESS = Path(__file__).parent / "apart" / "apart.c"


def run(text: str, packets: int, folder: Path) -> subprocess.CompletedProcess[str]:
    """Both cores of the NF ``text`` process the same packets, each with the other's memory out of reach."""
    source, frames, program = folder / "nf.c", folder / "frames", folder / "apart"
    source.write_text(text)
    records = (struct.pack("=BHq", f.device, len(f.data), f.now) + f.data for f in traffic(3, packets))
    frames.write_bytes(b"".join(records))
    wrap = "-Wl,--wrap=aligned_alloc"
    subprocess.run([*CC, *STRICT, "-O2", wrap, str(source), str(HARNESS), "-o", str(program)], check=True)
    return subprocess.run([str(program), str(frames)], capture_output=True, text=True, check=False, timeout=60)


@pytest.mark.parametrize("passes", [ALL, NONE], ids=["all passes", "no pass"])
@pytest.mark.parametrize("name", ["firewall", "nat", "policer", "port-scan-detector", "connection-limiter"])
def test_a_core_touches_its_own_memory_only(name: str, passes: Passes, tmp_path: Path) -> None:
    model = model_of(EXAMPLES / name)
    done = run(emit_nf(model, shared_nothing(model, cores=2), passes), 3000, tmp_path)
    assert done.returncode == 0, done.stderr or f"a core touched another's memory: {done.returncode}"
    first, second, blocks = map(int, done.stdout.split())
    assert first > 500
    assert second > 500
    assert blocks >= 2 + 2 * 3


def test_the_watch_has_teeth(tmp_path: Path) -> None:
    """A second core that uses the first one's state is caught."""
    model = model_of(EXAMPLES / "policer")
    text = emit_nf(model, shared_nothing(model, cores=2))
    shared = "  static struct nf_core *first;\n  first = first ? first : nf;\n  return first;\n"
    wrong = text.replace("  return nf;\n", shared, 1)
    assert wrong != text
    assert run(wrong, 50, tmp_path).returncode == -11
