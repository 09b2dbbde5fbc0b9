"""``maestro rss simulate --out``: SVG always, PNG with matplotlib."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from command_line import maestro

from maestro.report.rss_plot import write
from maestro.rss.simulate import Simulation, deal
from maestro.traffic.packets import UDP, ethernet, ipv4, udp
from maestro.traffic.pcap import PcapWriter


def simulated() -> Simulation:
    return deal([9, 1, 1, 1, 5, 1, 1, 1], [0] * 8, {"ipv4-udp": 20}, [1.0, 1.0], 0.05)


def image_module() -> Any:
    try:
        return import_module("matplotlib.image")
    except ImportError:
        if os.environ.get("CI"):
            raise
        pytest.skip("needs matplotlib (pip install 'maestro-nf[plot]')")


def test_png_shows_a_bar_of_every_table(tmp_path: Path) -> None:
    image = image_module()
    path = tmp_path / "plot.png"
    write(simulated(), path)
    assert path.read_bytes().startswith(b"\x89PNG\r\n\x1a\n")
    pixels = {tuple(round(255 * float(c)) for c in pixel[:3]) for line in image.imread(path) for pixel in line}
    for colour in ("9aa5b1", "2a78d6", "1baf7a"):
        assert tuple(bytes.fromhex(colour)) in pixels, colour


def test_png_of_a_capture(tmp_path: Path) -> None:
    image_module()
    capture, plot = tmp_path / "in.pcap", tmp_path / "plot.png"
    with PcapWriter(capture) as pcap:
        for n in range(50):
            pcap.write(n, ethernet(ipv4(n, 1, UDP, udp(n, 1, n, 53))))
    options = ("--nic", "82599", "--key", "microsoft", "--pcap", capture, "--cores", 3, "--out", plot)
    assert maestro("rss", "simulate", *options).status == 0
    assert plot.stat().st_size > 1000


def test_without_matplotlib_svg_works_and_png_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    write(simulated(), tmp_path / "plot.svg")
    assert (tmp_path / "plot.svg").read_text().count("<title>") == 6
    with pytest.raises(Exception, match="PNG needs matplotlib, which is not installed") as caught:
        write(simulated(), tmp_path / "plot.png")
    assert getattr(caught.value, "code", "") == "rss-plot"
    assert "maestro-nf[plot]" in getattr(caught.value, "hint", "")
