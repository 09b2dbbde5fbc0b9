"""What ``rss solve --emit dpdk`` prints compiles against DPDK's own headers, without a warning."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from maestro.report import rss_emit
from maestro.rss import language, profile
from maestro.rss.solve import Configuration, configure

REQUIREMENTS = [
    ["port0(ipv4.src,ipv4.dst,l4.sport,l4.dport) == port1(ipv4.dst,ipv4.src,l4.dport,l4.sport)"],
    ["port0(ipv4.dst) == port0(ipv4.dst)", "port1@fragment,other(ipv4.src/24) == port1@fragment,other(ipv4.src/24)"],
    ["port3(ipv6.dst,l4.dport) == port3(ipv6.dst,l4.dport)"],
]


@pytest.mark.parametrize("texts", REQUIREMENTS)
@pytest.mark.parametrize("nic", ["e810", "82599", "mlx5"])
def test_it_compiles(texts: list[str], nic: str, tmp_path: Path) -> None:
    if shutil.which("pkg-config") is None or shutil.which("gcc") is None:
        pytest.skip("needs gcc and pkg-config")
    flags = subprocess.run(["pkg-config", "--cflags", "libdpdk"], capture_output=True, text=True, check=False)
    if flags.returncode:
        pytest.skip("needs DPDK's headers")
    card = profile.load(nic)
    asked = [language.parse(text) for text in texts]
    found = configure(card, language.ports(asked), asked, cores=3, steer_types={}, seed=1)
    assert isinstance(found, Configuration)
    source = tmp_path / "rss.c"
    source.write_text(rss_emit.dpdk(found, card, language.types_at(asked)) + "\n")
    options = [
        "-std=gnu11",
        "-Wall",
        "-Wextra",
        "-Werror",
        "-Wno-unused-function",
        "-fsyntax-only",
        *flags.stdout.split(),
    ]
    built = subprocess.run(["gcc", *options, str(source)], capture_output=True, text=True, timeout=120, check=False)
    assert built.returncode == 0, built.stderr
