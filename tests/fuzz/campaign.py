"""Fuzzing, on demand: PYTHONPATH=tests:src python -m fuzz.campaign [TARGET...] --seconds 60

Targets: those of targets.py (needs `pip install atheris`), `captures`, and the NFs of c_targets.py (need clang with
libFuzzer: Debian's clang and libclang-rt-14-dev). What reaches new code is added to corpus/TARGET.zip; what breaks is
left in crashes/TARGET, and the test run repeats both. Exits with 1 when something broke.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from fuzz.c_targets import HERE, NFS, build_captures, build_packets
from fuzz.corpus import pack, unpack
from fuzz.seeds import SEEDS
from fuzz.targets import TARGETS

_LIMITS = ("-timeout=60", "-rss_limit_mb=4096", "-close_fd_mask=0", "-print_final_stats=1")
_LONGEST = {"ir": 40_000, "pcap": 4000, "captures": 4000, "profile": 6000}


def fuzz(name: str, seconds: int) -> bool:
    """Whether ``name`` held."""
    crashes = HERE / "crashes" / name
    crashes.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix="maestro-fuzz-") as text:
        folder = Path(text)
        found, kept = folder / "found", folder / "kept"
        found.mkdir()
        kept.mkdir()
        unpack(name, found)
        command, seeds = _command(name, folder)
        options = [*_LIMITS, f"-max_total_time={seconds}", f"-max_len={_LONGEST.get(name, 2000)}"]
        print(f"== {name}", flush=True)
        done = subprocess.run([*command, *options, f"-artifact_prefix={crashes}/", str(found), str(seeds)], check=False)
        # What is kept is the smallest set of inputs that reaches what all of them reach.
        subprocess.run([*command, "-merge=1", str(kept), str(found), str(seeds)], check=False, capture_output=True)
        pack(name, kept)
    if not any(crashes.iterdir()):
        crashes.rmdir()
    return done.returncode == 0


def _command(name: str, folder: Path) -> tuple[list[str], Path]:
    """The fuzzer, and a folder of inputs to start from."""
    seeds = folder / "seeds"
    if name in NFS:
        program, seeds = build_packets(NFS[name], folder)
        return [str(program)], seeds
    seeds.mkdir()
    for number, content in enumerate(SEEDS[name]()):
        (seeds / str(number)).write_bytes(content)
    if name in TARGETS:
        os.environ["MAESTRO_FUZZ_TARGET"] = name
        return [str(HERE / "guided.py")], seeds
    build_captures(folder / "captures")
    return [str(folder / "captures")], seeds


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    known = [*TARGETS, "captures", *NFS]
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=f"one of {', '.join(known)}; default: all")
    parser.add_argument("--seconds", type=int, default=60, help="for each target")
    asked = parser.parse_args()
    if unknown := set(asked.targets) - set(known):
        parser.error(f"there is no {', '.join(sorted(unknown))}; there are {', '.join(known)}")
    start = time.monotonic()
    broken = [name for name in asked.targets or known if not fuzz(name, asked.seconds)]
    print(f"{time.monotonic() - start:.0f} s; broken: {', '.join(broken) or 'none'}")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
