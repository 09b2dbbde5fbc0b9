"""Nothing that the reference build links with an NF has a name that an NF would choose (io/replay/names.h)."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from maestro.frontend.nf import LIBVIG, RUNTIME

OURS = re.compile(r"main|_?(replay|pcap|pcapng|capture|maestro|nf|steered)_\w+")


@pytest.mark.skipif(not (shutil.which("gcc") and shutil.which("nm")), reason="gcc or nm is not installed")
def test_every_global_name_is_ours(tmp_path: Path) -> None:
    sources = [f for part in ("io/replay", "rss", "reference") for f in sorted((RUNTIME / part).glob("*.c"))]
    include = [f"-I{RUNTIME / 'include'}", f"-I{LIBVIG}"]
    command = ["gcc", "-std=gnu11", "-D_GNU_SOURCE", "-w", "-c", *include, *map(str, sources)]
    subprocess.run(command, cwd=tmp_path, check=True)
    objects = sorted(tmp_path.glob("*.o"))
    assert len(objects) == len(sources)
    listed = subprocess.run(["nm", "-g", "--defined-only", *objects], capture_output=True, text=True, check=True)
    names = {line.split()[2] for line in listed.stdout.splitlines() if len(line.split()) == 3}
    assert len(names) > 40
    assert sorted(n for n in names if not OURS.fullmatch(n)) == []
