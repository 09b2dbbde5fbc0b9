"""nf-dpdk in a guest, on two emulated Intel 82576 that DPDK's own igb driver drives."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from guest.machine import Done, Guest, bring
from guest.wire import Wire

QUEUES = 4
PORTS = 2
MEGABYTES = 1024
HUGE_PAGES = 192
"""Of 2 MB."""

DRIVERS = ("librte_bus_pci", "librte_bus_vdev", "librte_mempool_ring", "librte_net_e1000")


@dataclass(frozen=True)
class Seen:
    """One line of a trace (docs/reference/dpdk.md); None where it says "-"."""

    port: int
    kind: str
    queue: int
    device_hash: int | None
    told_queue: int | None
    told_hash: int | None
    core: int
    frame: bytes


def _seen(line: str) -> Seen:
    port, kind, _, queue, *told, core, frame = line.split()
    hashed, told_queue, told_hash = (None if word == "-" else word for word in told)
    return Seen(
        int(port), kind, int(queue), _hash(hashed), None if told_queue is None else int(told_queue),
        _hash(told_hash), int(core), bytes.fromhex(frame),
    )  # fmt: skip


def _hash(text: str | None) -> int | None:
    return None if text is None else int(text, 16)


class IgbGuest(Guest):
    """A guest whose two NICs are the ``wires``; ``folder`` is empty, and its path short."""

    def __init__(self, folder: Path) -> None:
        self.wires = [Wire(f"wire{port}", folder) for port in range(PORTS)]
        words = []
        for port, wire in enumerate(self.wires):
            words += [*wire.netdev(), "-device", f"igb,netdev={wire.name},romfile=,addr={4 + 4 * port}"]
        super().__init__(folder, cpus=QUEUES, megabytes=MEGABYTES, devices=words)
        self.check(f"echo {HUGE_PAGES} >/proc/sys/vm/nr_hugepages && mkdir /run/huge && mount -t hugetlbfs h /run/huge")
        self.check("echo 8086 10c9 >/sys/bus/pci/drivers/uio_pci_generic/new_id")
        self._nf = 0

    def stop(self) -> None:
        super().stop()
        for wire in self.wires:
            wire.close()

    def start(self, program: Path, *options: str) -> NfDpdk:
        """Brings an nf-dpdk into the guest and starts it there, one worker a CPU."""
        self._nf += 1
        folder = self.shared / f"nf{self._nf}"
        bring(program, folder, *_drivers())
        return NfDpdk(self, folder, options)


def _drivers() -> list[Path]:
    command = ["pkg-config", "--variable=libdir", "libdpdk"]
    folder = Path(subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip())
    return [next(folder.glob(f"{name}.so.*[0-9]")).resolve() for name in DRIVERS]


class NfDpdk:
    """Runs from its creation, which returns once packets are processed, until ``stop``."""

    def __init__(self, guest: IgbGuest, shared: Path, options: Sequence[str]) -> None:
        self._guest, self._shared = guest, shared
        name = shared.name
        guest.check(f"cp -r /host/{name} /run/{name} && cd /run/{name}")
        plugins = " ".join(f"-d /run/{name}/{path.name}" for path in _drivers())
        eal = f"-l 0-{QUEUES - 1} --huge-dir /run/huge --no-telemetry {plugins}"
        program = f"./ld.so --library-path /run/{name} ./nf-dpdk"
        nf = f"--trace /host/{name}/trace {' '.join(options)}"
        guest.check(f"{program} {eal} -- {nf} >>stats 2>messages & nf=$!")
        waiting = "until grep -q 'IOVA mode' messages; do kill -0 $nf || break; usleep 50000; done"
        guest.run(waiting)
        self.stats()

    def messages(self) -> str:
        return self._guest.run("cat messages").output

    def stats(self) -> dict[str, Any]:
        """What it says while it runs."""
        waiting = "until grep -q '^}' stats; do kill -0 $nf || break; usleep 10000; done"
        text = self._guest.run(f"kill -USR1 $nf && {waiting}; cat stats; : >stats").output
        assert text.endswith("}\n"), self.messages()
        return dict(json.loads(text))

    def send(self, port: int, frames: Sequence[bytes], before: int) -> None:
        """Sends frames into a port, and waits until all have been processed: ``before`` had been so far."""
        self._guest.wires[port].send(frames)
        for _ in range(200):
            stats = self.stats()
            if stats["packets"] == before + len(frames):
                return
        raise AssertionError(f"port {port}: {len(frames)} frames were sent, {before} before\n{json.dumps(stats)}")

    def stop(self) -> tuple[Done, dict[str, Any], list[Seen]]:
        """How it ended, with its messages; its last statistics; its trace."""
        ended = self._guest.run("kill -TERM $nf; wait $nf")
        stats = self._guest.check("cat stats")
        done = Done(ended.status, self.messages())
        trace = (self._shared / "trace").read_text().splitlines()[1:]
        self._guest.check(f"cd / && rm -r /run/{self._shared.name}")
        return done, dict(json.loads(stats)), [_seen(line) for line in trace]
