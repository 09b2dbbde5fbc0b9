"""What ethtool says of a device's RSS, as text that it printed (ethtool 4.19 and later; forms in its common.c)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from maestro.diagnostics import UserError
from maestro.rss.keys import read_key

FLOWS: Mapping[str, str] = {"tcp4": "ipv4-tcp", "udp4": "ipv4-udp", "tcp6": "ipv6-tcp", "udp6": "ipv6-udp"}
"""Flow types that are asked for → packet types."""

_FIELDS = {
    "L2DA": "m",
    "VLAN tag": "v",
    "L3 proto": "t",
    "IP SA": "s",
    "IP DA": "d",
    "L4 bytes 0 & 1 [TCP/UDP src port]": "f",
    "L4 bytes 2 & 3 [TCP/UDP dst port]": "n",
}
_FLOW = re.compile(r"(TCP|UDP) over IPV([46]) flows use these fields")
_TABLE = re.compile(r"RX flow hash indirection table for (\S+) with (\d+) RX ring")


@dataclass(frozen=True)
class Reading:
    """``driver`` is empty, ``rings`` and ``queues`` 0 where nothing was said; ``most``: queues that there can be.

    ``table``: the queue of every entry, empty if the device has none. ``key``: empty if it does not tell. ``function``:
    ``toeplitz``, ``xor``, ``crc32``, empty if it does not tell. ``transforms``: what is done to the fields first
    (``symmetric-xor``). ``fields``: flow type → letters of ``ethtool -N``, of the flow types that it tells.
    """

    device: str
    driver: str
    rings: int
    queues: int
    most: int
    table: tuple[int, ...]
    key: bytes
    function: str
    transforms: tuple[str, ...]
    fields: Mapping[str, str]


def parse(text: str, device: str) -> Reading:
    """``text``: what ``ethtool -x`` printed, and if you like -i, -l and -n rx-flow-hash, in any order.

    Raises UserError (``ethtool-output``) when there is no table in it.
    """
    lines = text.splitlines()
    head = next((found for line in lines if (found := _TABLE.search(line))), None)
    if head is None:
        raise UserError(
            f"{device}: there is nothing of `ethtool -x` in what ethtool said",
            hint=f"save it with: ethtool -x {device} > FILE",
            code="ethtool-output",
        )
    key = "".join(_section(lines, "RSS hash key:")[:1])
    told = bool(re.fullmatch(r"[0-9a-fA-F:]+", key))
    functions = [name for name, state in _switches(lines, "RSS hash function:") if state == "on"]
    most, now = _channels(lines)
    return Reading(
        device=device,
        driver=next((line.split()[1] for line in lines if re.match(r"driver:\s+\S", line)), ""),
        rings=int(head[2]),
        queues=now,
        most=most,
        table=tuple(_table(lines)),
        key=read_key(key) if told else b"",
        function="".join(functions[:1]),
        transforms=tuple(name for name, state in _switches(lines, "RSS input transformation:") if state == "on"),
        fields=dict(_flows(lines)),
    )


def _section(lines: list[str], title: str) -> list[str]:
    at = next((n for n, line in enumerate(lines) if line.startswith(title)), len(lines))
    return [line.strip() for line in lines[at + 1 :]]


def _switches(lines: list[str], title: str) -> Iterator[tuple[str, str]]:
    """The ``name: on`` lines under a title."""
    for line in _section(lines, title):
        found = re.fullmatch(r"([\w-]+)\s*:\s*(on|off)", line)
        if not found:
            return
        yield found[1], found[2]


def _table(lines: list[str]) -> Iterator[int]:
    at = next(n for n, line in enumerate(lines) if _TABLE.search(line))
    for line in lines[at + 1 :]:
        if not re.fullmatch(r"\s*\d+\s*:(\s+\d+)+\s*", line):
            return
        yield from map(int, line.partition(":")[2].split())


def _channels(lines: list[str]) -> tuple[int, int]:
    """Receive queues that there can be, and that there are: combined ones and those for receiving only."""
    counts = {"": [0, 0], "Pre-set maximums:": [0, 0], "Current hardware settings:": [0, 0]}
    part = ""
    for line in lines:
        part = line.strip() if line.strip() in counts else part
        found = re.fullmatch(r"(RX|Combined):\s+(\d+)", line.strip())
        if found:
            counts[part][found[1] == "Combined"] = int(found[2])
    return sum(counts["Pre-set maximums:"]), sum(counts["Current hardware settings:"])


def _flows(lines: list[str]) -> Iterator[tuple[str, str]]:
    for n, line in enumerate(lines):
        found = _FLOW.search(line)
        if not found:
            continue
        letters = ""
        for field in lines[n + 1 :]:
            if field.strip() not in _FIELDS:
                break
            letters += _FIELDS[field.strip()]
        yield f"{found[1].lower()}{found[2]}", letters
