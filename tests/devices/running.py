"""nf-dpdk of an example, on the two ports of a lab of namespaces."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from namespaces import Namespaces

from maestro.pipeline import Job, parallelize
from maestro.report.view import View

EXAMPLES = Path(__file__).parents[2] / "examples"
Stats = dict[str, Any]


def build(example: str, folder: Path, *arguments: str, strategy: str = "auto") -> Path:
    """The program: the example for two cores, its options as ``arguments`` say."""
    job = Job((EXAMPLES / example,), nf_args=arguments, nic="generic", strategy=strategy, seed=1)
    parallelize(job, folder, View(quiet=True).phases(), build=False, extra=lambda _: "{}")
    subprocess.run(["make", "-s", "-C", str(folder), "CC=gcc", "dpdk"], check=True, timeout=300)
    return folder / "nf-dpdk"


@dataclass
class Running:
    """``start`` before anything else; ``stop`` gives the last statistics, after which it can be started again."""

    spaces: Namespaces
    program: Path
    folder: Path
    cores: int = 2
    options: Sequence[str] = ("--rss", "software")
    process: subprocess.Popen[str] = field(init=False)

    def start(self) -> None:
        cpus = sorted(os.sched_getaffinity(0))
        lcores = ",".join(f"{core}@{cpus[core % len(cpus)]}" for core in range(self.cores))
        queues = f"qpairs={self.cores}"
        eal = ["--lcores", lcores, "--no-huge", "-m", "256", "--no-pci", "--no-telemetry", "--no-shconf"]
        ports = ["--vdev", f"net_af_packet0,iface=lan,{queues}", "--vdev", f"net_af_packet1,iface=wan,{queues}"]
        words = [str(self.program), *eal, *ports, "--", *self.options]
        messages = (self.folder / "messages").open("w+")
        self.process = self.spaces.start("nf", *words, stdout=subprocess.PIPE, stderr=messages, text=True)
        for _ in range(600):
            if "IOVA mode" in self.messages():  # from here on it takes signals
                break
            assert self.process.poll() is None, self.messages()
            time.sleep(0.05)
        messages.close()
        self.stats()

    def messages(self) -> str:
        return (self.folder / "messages").read_text()

    def stats(self) -> Stats:
        """While it runs; answered once the workers run."""
        self.process.send_signal(signal.SIGUSR1)
        return self._document()

    def _document(self) -> Stats:
        assert self.process.stdout is not None
        text = ""
        for line in self.process.stdout:
            text += line
            if line == "}\n":
                break
        assert text, self.messages()
        return dict(json.loads(text))

    def stop(self, number: signal.Signals = signal.SIGTERM) -> Stats:
        """The last statistics, which must add up."""
        self.process.send_signal(number)
        last = self._document()
        assert self.process.wait(30) == 0, self.messages()
        assert_adds_up(last)
        return last

    def resident(self) -> int:
        """Bytes of memory in use."""
        pages = int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")


def assert_adds_up(stats: Stats) -> None:
    """Every packet that came in was processed once, and every one forwarded left or was counted as unsent."""
    cores, ports = stats["per_core"], stats["per_port"]
    verdicts = ("forwarded", "dropped", "flooded", "stray", "too_short", "in_pieces", "no_headroom")
    for name in ("packets", *verdicts, "resteered_from", "resteered_to", "misplaced", "drained"):
        assert stats[name] == sum(core[name] for core in cores), name
    for one in (stats, *cores):
        assert one["packets"] == sum(one[name] for name in verdicts)
    assert stats["packets"] == sum(port["in"] for port in ports)
    assert stats["resteered_from"] == stats["resteered_to"]
    floods = (len(ports) - 1) * stats["flooded"]
    assert stats["forwarded"] + floods == sum(port["out"] + port["unsent"] + port["not_copied"] for port in ports)
    for port in ports:
        assert port["link_up"], port
