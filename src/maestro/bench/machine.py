"""What is measured on, and whether it is busy: read from /proc and /sys, nothing is guessed."""

from __future__ import annotations

import os
import platform
from pathlib import Path
from typing import Any

from maestro.frontend.toolchain import compiler_version

BUSY = 0.25
"""Other work, in cores, above which a measurement is called disturbed."""

_SIZES = {"K": 1 << 10, "M": 1 << 20, "G": 1 << 30}


def machine() -> dict[str, Any]:
    """CPU model, cores, caches (bytes), governor, kernel, compiler; None for what the system does not tell."""
    cpu = _cpuinfo()
    return {
        "cpu": cpu.get("model name") or cpu.get("Processor") or platform.processor() or None,
        "cores": len(os.sched_getaffinity(0)),
        "mhz": round(float(cpu["cpu MHz"])) if "cpu MHz" in cpu else None,
        "caches": caches(),
        "governor": _text("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"),
        "virtual": "hypervisor" in cpu.get("flags", "").split(),
        "memory": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        "kernel": f"{platform.system()} {platform.release()}",
        "compiler": compiler_version(None),
    }


def caches(cpu: Path = Path("/sys/devices/system/cpu/cpu0/cache")) -> dict[str, int]:
    """Bytes by level: ``{"L1d": 32768, "L2": …, "L3": …}``, of the first CPU; instruction caches are left out."""
    found = {}
    for index in sorted(cpu.glob("index*")):
        level, kind, size = (_text(index / name) for name in ("level", "type", "size"))
        if level and size and kind != "Instruction":
            found[f"L{level}{'d' if kind == 'Data' else ''}"] = int(size.rstrip("KMG")) * _SIZES.get(size[-1], 1)
    return found


def load() -> float:
    """Threads that run or want to, over the last minute."""
    return os.getloadavg()[0]


class IdleCheck:
    """How many cores other work took since the last look: of all CPU time that was not idle, what was not ours."""

    def __init__(self) -> None:
        self._busy, self._own = _busy_seconds(), _own_seconds()

    def foreign(self, seconds: float) -> float:
        """Cores, over the ``seconds`` since the last look. CPU time stolen by a hypervisor counts."""
        busy, own = _busy_seconds(), _own_seconds()
        other = max(0.0, (busy - self._busy) - (own - self._own))
        self._busy, self._own = busy, own
        return other / seconds if seconds > 0 else 0.0


def _busy_seconds() -> float:
    """user, nice, system, irq, softirq and steal of /proc/stat (proc(5))."""
    fields = (_text("/proc/stat") or "cpu 0").splitlines()[0].split()[1:]
    ticks = [int(f) for f in fields[:8]]
    idle = sum(ticks[3:5])
    return (sum(ticks) - idle) / os.sysconf("SC_CLK_TCK")


def _own_seconds() -> float:
    """Of this process and of its children that have ended."""
    return sum(os.times()[:4])


def _cpuinfo() -> dict[str, str]:
    first = (_text("/proc/cpuinfo") or "").split("\n\n")[0]
    return {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in first.splitlines())}


def _text(path: str | Path) -> str | None:
    try:
        return Path(path).read_text().strip() or None
    except OSError:
        return None
