"""Does what devices are set to do fulfil what is needed? And if not, what would?

The table decides how much of the hash matters: one that repeats itself every 2 entries looks at one bit only.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from maestro.diagnostics import UserError
from maestro.doctor.needs import Needs
from maestro.doctor.reading import FLOWS, Reading
from maestro.ir.plan import FieldBits
from maestro.rss.check import Checked, check
from maestro.rss.explain import Infeasible
from maestro.rss.profile import FieldSet, Profile, load
from maestro.rss.requirement import Inputs, Requirement
from maestro.rss.solve import Configuration, configure
from maestro.rss.symmetric import linear

_DRIVERS = {
    "ice": "e810", "i40e": "x710", "iavf": "e810", "ixgbe": "82599", "igb": "igb", "igc": "igc", "mlx5_core": "mlx5",
    "ena": "ena", "virtio_net": "virtio-net", "gve": "gve", "hns3": "hns3", "bnxt_en": "bnxt",
}  # fmt: skip
_FULL = {"ipv4": ("ipv4.src", "ipv4.dst"), "ipv6": ("ipv6.src", "ipv6.dst")}


@dataclass(frozen=True)
class Finding:
    """Something about one device. ``wrong``: as it is, what is needed is not fulfilled, or not known to be."""

    device: str
    what: str
    wrong: bool = True


@dataclass(frozen=True)
class Examination:
    """By port, what was read. ``holds``: None when nothing was asked. ``unchecked``: requirements about other ports.

    ``checked``: the keys against the requirements, or for the quality alone; None when there is no key to check.
    ``mend``: settings that do it, or why there are none; None when nothing is asked.
    """

    readings: Mapping[int, Reading]
    nic: Profile
    needs: Needs
    cores: int
    holds: bool | None
    findings: tuple[Finding, ...]
    unchecked: tuple[Requirement, ...]
    checked: Checked | None
    mend: Configuration | Infeasible | None


def profile_of(reading: Reading, name: str | None) -> Profile:
    """The profile named, or that of the device's driver, or that of a NIC as one would wish it."""
    return load(name or _DRIVERS.get(reading.driver, "generic"))


def examine(
    readings: Mapping[int, Reading], nic: Profile, needs: Needs | None, cores: int, seed: int | None
) -> Examination:
    """``needs``: None when nothing is asked but what there is."""
    for reading in readings.values():
        if not reading.table:
            hint = "more queues: ethtool -L; or nf-dpdk --rss software, which spreads packets on any device"
            text = f"{reading.device} has no indirection table ({_count(reading.rings, 'queue')})"
            raise UserError(text, hint=hint, code="no-rss")
    asked = needs or Needs((), {}, 0)
    here = tuple(r for r in asked.requirements if {r.left_port, r.right_port} <= readings.keys())
    unchecked = tuple(r for r in asked.requirements if r not in here)
    card = _as_set(nic, readings)
    findings = [*_findings(readings, asked, cores if needs else None)]
    checked: Checked | None = None
    try:
        checked = _check(card, readings, here, asked)
    except UserError as error:
        findings.append(Finding("", f"{error.message}: they arrive on queue 0, whatever the key", bool(here)))
    wrong = any(f.wrong for f in findings) or (bool(here) and checked is not None and not checked.holds)
    mend = _mend(nic, readings, asked, cores, seed) if needs and asked.ports else None
    holds = None if needs is None else not wrong
    return Examination(readings, nic, asked, cores, holds, tuple(findings), unchecked, checked, mend)


# ---- The device as a NIC of its own ----


def _inputs(flow: str, letters: str) -> Inputs:
    """What ethtool's letters stand for, in the order in which Toeplitz takes it."""
    src, dst = _FULL[f"ipv{flow[-1]}"]
    names = {"s": src, "d": dst, "f": "l4.sport", "n": "l4.dport"}
    widths = {"s": 32 if flow[-1] == "4" else 128, "d": 32 if flow[-1] == "4" else 128, "f": 16, "n": 16}
    return tuple(FieldBits(names[letter], 0, widths[letter]) for letter in "sdfn" if letter in letters)


def _field_set(nic: Profile, port: int, reading: Reading) -> FieldSet:
    """The profile's set that agrees with what the device tells, the first if none does, and what it tells."""
    told = {FLOWS[flow]: _inputs(flow, letters) for flow, letters in reading.fields.items()}

    def agreement(s: FieldSet) -> int:
        return sum(s.nominal(packet_type) == inputs for packet_type, inputs in told.items())

    nearest = max(nic.field_sets, key=agreement)
    own = {packet_type: (inputs,) for packet_type, inputs in told.items()}
    found = FieldSet(f"port {port}", {**nearest.inputs, **own})
    return linear(found) if reading.transforms else found


def _as_set(nic: Profile, readings: Mapping[int, Reading]) -> Profile:
    """A profile whose field sets are what the devices do."""
    sets = tuple(_field_set(nic, port, reading) for port, reading in readings.items())
    longest = max(len(r.key) for r in readings.values())
    return replace(nic, key_bytes=max(longest, 8), field_sets=sets)


def period(table: Sequence[int]) -> int:
    """Entries after which the table repeats itself: a power of two."""
    size = 1
    while size < len(table) and any(table[i] != table[i & (size - 1)] for i in range(len(table))):
        size *= 2
    return size


def _check(
    card: Profile, readings: Mapping[int, Reading], here: tuple[Requirement, ...], needs: Needs
) -> Checked | None:
    """None when the hash is not known, or no bit of it decides. Raises UserError when packets are not hashed."""
    full = max(len(r.table) for r in readings.values())
    least = max(period(r.table) for r in readings.values())
    if any(_unknown(r) for r in readings.values()) or full & (full - 1) or (here and least == 1):
        return None
    keys = {port: r.key.ljust(card.key_bytes, b"\0") for port, r in readings.items()}
    types = {port: needs.types.get(port) or frozenset({"ipv4-tcp"}) for port in readings}
    sets = {port: f"port {port}" for port in readings}

    def at(size: int) -> Checked:
        able = replace(card, reta_sizes=(size,), reta_default=size)
        return check(able, keys, here, types, size, sets, masks=not any(r.transforms for r in readings.values()))

    found = at(full)
    return found if found.holds or not here or least == full else at(least)


_XOR = ("symmetric-xor",)
"""The one transformation that is linear, so that the check answers for it as for any hash."""


def _unknown(reading: Reading) -> bool:
    return not reading.key or reading.function not in ("", "toeplitz") or reading.transforms not in ((), _XOR)


# ---- What is to be said ----


def _findings(readings: Mapping[int, Reading], needs: Needs, cores: int | None) -> Iterator[Finding]:
    for r in readings.values():
        asked = bool(needs.requirements)
        if r.function not in ("", "toeplitz"):
            yield Finding(
                r.device, f"it hashes by {r.function}, not by Toeplitz: which core gets what is unknown", asked
            )
        if r.transforms == _XOR:
            yield Finding(r.device, "symmetric-xor is on: source and destination are hashed as their XOR", False)
        elif r.transforms:
            names = ", ".join(r.transforms)
            yield Finding(
                r.device, f"{names} is on, which changes what is hashed: which core gets what is unknown", asked
            )
        if not r.key:
            yield Finding(r.device, "it does not tell its key: which core gets what is unknown", asked)
        if len(r.table) & (len(r.table) - 1):
            yield Finding(r.device, f"its table has {len(r.table)} entries, no power of two: it is unknown", asked)
        if needs.own_key:
            text = "the NF gives out indices by the key that was generated with it: set that one (see plan.json)"
            yield Finding(r.device, text, False)
        yield from _spread(r, cores)


def _spread(r: Reading, cores: int | None) -> Iterator[Finding]:
    """Queues and the table. ``cores``: one queue each; None: as many as there are."""
    used = sorted(set(r.table))
    queues = r.queues or r.rings
    if cores is not None and queues != cores:
        yield Finding(r.device, f"it has {_count(queues, 'receive queue')}, needed is one for each of {cores} cores")
    wanted = list(range(queues if cores is None else cores))
    if extra := [q for q in used if q not in wanted]:
        yield Finding(r.device, f"its table sends packets to {_queues(extra)}, which no core reads")
    if missing := [q for q in wanted if q not in used]:
        yield Finding(r.device, f"its table sends nothing to {_queues(missing)}", cores is not None)
    most = max(r.table.count(q) for q in used)
    if most * len(used) > 1.25 * len(r.table):
        share = most * len(used) / len(r.table)
        yield Finding(r.device, f"its table gives one queue {share:.2f} times its share of the entries", False)


def _queues(some: Sequence[int]) -> str:
    shown = ", ".join(map(str, some[:8])) + (", …" if len(some) > 8 else "")
    return f"queue{'s' if len(some) > 1 else ''} {shown}"


def _count(n: int, what: str) -> str:
    return f"{n} {what}{'' if n == 1 else 's'}"


def _mend(
    nic: Profile, readings: Mapping[int, Reading], needs: Needs, cores: int, seed: int | None
) -> Configuration | Infeasible | None:
    """Settings for all ports that are spoken of, for tables and keys as the devices have them."""
    size = max(len(r.table) for r in readings.values())
    lengths = {len(r.key) for r in readings.values() if r.key} or {nic.key_bytes}
    if size & (size - 1) or len(lengths) != 1 or cores > size:
        return None
    card = replace(nic, reta_sizes=(size,), reta_default=size, key_bytes=lengths.pop())
    steer = {port: tuple(types) for port, types in needs.types.items()}
    return configure(card, range(needs.ports), needs.requirements, cores=cores, steer_types=steer, seed=seed)
