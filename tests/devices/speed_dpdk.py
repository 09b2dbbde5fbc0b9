"""How fast nf-dpdk's firewall is on one core and on two, by CPU time: ``python tests/devices/speed_dpdk.py``.

Two devices. net_pcap with ``infinite_rx`` keeps its captures in memory and gives them again and again: established
flows of both directions, in the queues into which the NIC would have put them (``--rss preset``). net_null gives empty
frames as fast as it can, which the firewall drops: what is left is the cost of nf-dpdk itself.

A core's rate is the packets that it processed between two statistics over the CPU time that its thread had meanwhile;
a program's is the sum over its cores. One core and two take turns; what counts is the median of the turns' ratios.
"""

from __future__ import annotations

import argparse
import json
import signal
import statistics
import subprocess
import tempfile
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from nfdpdk import EXAMPLES, NULL_PORTS, Project, capture, project, split

from maestro.traffic.packets import ethernet, ipv4, udp

FLOWS = 512
UDP = 17


def flows() -> list[list[bytes]]:
    """A packet of each flow from port 0, and its answer from port 1."""
    frames: list[list[bytes]] = [[], []]
    for n in range(FLOWS):
        inside, outside, low, high = 0x0A000001 + 7 * n, 0xC6336401 + 13 * n, 1024 + 31 * n, 53 + n
        frames[0].append(frame(inside, outside, low, high))
        frames[1].append(frame(outside, inside, high, low))
    return frames


def frame(src: int, dst: int, sport: int, dport: int) -> bytes:
    return ethernet(ipv4(src, dst, UDP, udp(src, dst, sport, dport)))


def pcap_devices(nf: Project, cores: int, folder: Path) -> list[str]:
    """Devices whose queues are filled as the NIC would fill them."""
    devices = []
    for port, frames in enumerate(flows()):
        queues = split(frames, nf.plan.ports[port]) if cores == 2 else [frames]
        paths = [
            capture(folder / f"{cores}.{port}.{core}.pcap", [(0, frame) for frame in queue])
            for core, queue in enumerate(queues)
        ]
        devices.append(",".join([f"net_pcap{port}", *(f"rx_pcap={path}" for path in paths), "infinite_rx=1"]))
    return devices


def document(lines: Iterable[str]) -> dict[str, Any]:
    """The next JSON document, which ends with a line of its own."""
    text = ""
    for line in lines:
        text += line
        if line == "}\n":
            break
    return dict(json.loads(text))


def rate(
    nf: Project, cores: int, devices: Sequence[str], seconds: float, options: Sequence[str]
) -> tuple[float, float]:
    """Millions of packets per second of CPU time, all cores together; the share of packets that were forwarded."""
    command = nf.command(cores, devices, *options)
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        try:
            time.sleep(1)  # signals are blocked from the first line of main() on
            seen = []
            for _ in range(2):
                process.send_signal(signal.SIGUSR1)
                seen.append(document(process.stdout)["per_core"])
                time.sleep(seconds)
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=30)
        finally:
            process.kill()
    first, last = seen
    mpps = sum(
        (b["packets"] - a["packets"]) / (b["cpu_seconds"] - a["cpu_seconds"]) / 1e6
        for a, b in zip(first, last, strict=True)
    )
    return mpps, sum(core["forwarded"] for core in last) / sum(core["packets"] for core in last)


def compare(name: str, nf: Project, devices: dict[int, Sequence[str]], turns: int, seconds: float) -> None:
    rates: dict[int, list[float]] = {1: [], 2: []}
    for _ in range(turns):
        for cores, found in rates.items():
            options = ("--rss", "preset")
            mpps, forwarded = rate(nf, cores, devices[cores], seconds, options)
            found.append(mpps)
    ratios = [two / one for one, two in zip(rates[1], rates[2], strict=True)]
    print(
        f"{name:9} 1 core {statistics.median(rates[1]):6.1f} Mpps, 2 cores {statistics.median(rates[2]):6.1f} Mpps, "
        f"ratio {statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f}), {forwarded:.0%} forwarded"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=1.0, help="of each run")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        nf = project(EXAMPLES / "firewall", Path(folder) / "fw")
        subprocess.run(["make", "-s", "-C", str(nf.folder), "CC=gcc", "dpdk"], check=True)
        pcap = {cores: pcap_devices(nf, cores, Path(folder)) for cores in (1, 2)}
        compare("net_pcap", nf, pcap, options.turns, options.seconds)
        compare("net_null", nf, {1: NULL_PORTS, 2: NULL_PORTS}, options.turns, options.seconds)


if __name__ == "__main__":
    main()
