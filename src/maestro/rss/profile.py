"""NIC profiles: what a NIC can hash, as data files. docs/reference/nic-profiles.md documents their form."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cached_property, lru_cache
from itertools import combinations
from pathlib import Path
from typing import Any

from maestro.diagnostics import UserError
from maestro.ir.packet import FIELDS, PACKET_TYPES
from maestro.ir.plan import FieldBits
from maestro.rss.requirement import Inputs, expand, merge

_FOLDER = Path(__file__).parent / "profiles"
_KEYS = {"name", "title", "aliases", "key_bytes", "reta_sizes", "reta_default", "byte_order", "inputs", "types"}
_CHOICES = {"selectable", "field_sets"}
_OPTIONAL = {"symmetric", "per_rule_keys", "sources"}
_MODES = ("none", "xor", "or-xor", "sort")
_FACTS = {
    "key_bytes", "reta_sizes", "byte_order", "initial_value", "inputs", "symmetric", "per_rule_keys", *PACKET_TYPES
}  # fmt: skip


@dataclass(frozen=True)
class FieldSet:
    """One way to set the NIC up: per packet type, what it may feed to Toeplitz.

    A type has one alternative when the NIC's behaviour is certain (an empty one: not hashed, queue 0), several when
    sources disagree or packets of the type differ, none when nothing can be relied on.
    """

    name: str
    inputs: Mapping[str, tuple[Inputs, ...]]

    def nominal(self, packet_type: str) -> Inputs:
        """The first alternative, or nothing."""
        return next(iter(self.inputs[packet_type]), ())


@dataclass(frozen=True)
class Symmetric:
    """What happens to source and destination before they are hashed, if that is asked for by ``ethtool`` or ``dpdk``,
    and what Linux does unless asked (``default``): ``none``; ``xor``, both become their XOR; ``or-xor``, they become
    their OR and their XOR; ``sort``, the smaller one comes first."""

    ethtool: str = "none"
    dpdk: str = "none"
    default: str = "none"


@dataclass(frozen=True)
class Profile:
    """A NIC. ``reta_sizes`` are powers of two, in entries; ``byte_order`` says how its driver takes the key.

    ``per_rule_keys``: whether every rule (packet type) may have a key of its own. ``sources``: fact → where it comes
    from, or "assumed: …".
    """

    name: str
    title: str
    aliases: tuple[str, ...]
    key_bytes: int
    reta_sizes: tuple[int, ...]
    reta_default: int
    byte_order: str
    field_sets: tuple[FieldSet, ...]
    symmetric: Symmetric = Symmetric()
    per_rule_keys: bool = False
    sources: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def widest(self) -> Mapping[str, Inputs]:
        """Per packet type, everything that it can hash in some field set."""
        return {t: self._widest(t) for t in PACKET_TYPES}

    def _widest(self, packet_type: str) -> Inputs:
        parts = dict.fromkeys(p for s in self.field_sets for inputs in s.inputs[packet_type] for p in inputs)
        return merge(dict.fromkeys(bit for part in parts for bit in expand((part,))))

    @cached_property
    def hashable(self) -> frozenset[str]:
        """The fields that it can hash for some packet type."""
        return frozenset(n for inputs in self.widest.values() for part in inputs for n in part.name.split("^"))


def names() -> list[str]:
    """The bundled profiles."""
    return sorted(path.stem for path in _FOLDER.glob("*.toml"))


def load(name: str) -> Profile:
    """A bundled profile by name or alias, or the ``.toml`` file of that path.

    Raises UserError: ``unknown-nic``, or ``nic-profile`` for a file that cannot be used.
    """
    path = Path(name)
    if path.suffix == ".toml":
        return _read(path)
    wanted = name.lower()
    if wanted in names():
        return _read(_FOLDER / f"{wanted}.toml")
    aliases = {alias: known for known in names() for alias in _read(_FOLDER / f"{known}.toml").aliases}
    if wanted in aliases:
        return _read(_FOLDER / f"{aliases[wanted]}.toml")
    close = get_close_matches(wanted, [*names(), *aliases], n=1, cutoff=0.5)
    raise UserError(
        f"unknown NIC {name!r}; known: {', '.join(names())}",
        hint=f"did you mean {close[0]!r}?" if close else "a path to a profile of your own (.toml) will do too",
        code="unknown-nic",
    )


@lru_cache(maxsize=64)
def _read(path: Path) -> Profile:
    try:
        text = path.read_text(encoding="utf-8")
        data = tomllib.loads(text)
    except OSError as error:
        raise _error(path, f"cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise _error(path, f"is not TOML: {error}") from error
    return _Reader(path, data, text).profile()


def _error(path: Path, message: str, line: int = 0) -> UserError:
    at = f"{path}:{line}" if line else str(path)
    return UserError(
        f"NIC profile {at}: {message}", hint="its form: docs/reference/nic-profiles.md", code="nic-profile"
    )


class _Reader:
    """Checks and converts one profile file; every complaint names the file, the line and the key."""

    def __init__(self, path: Path, data: dict[str, Any], text: str) -> None:
        self.path = path
        self.data = data
        self.lines = text.splitlines()
        self._known: dict[Inputs, Inputs] = {}  # equal lists are one object

    def fail(self, key: str, message: str) -> UserError:
        return _error(self.path, f"key {key!r}: {message}", self.line(key))

    def line(self, key: str) -> int:
        """Where ``key`` stands, or as much of it as does; 0 when nothing of it does."""
        found, at = 0, 0
        for part in key.split("."):
            name = re.escape(part)
            pattern = rf'^\s*(\[+\s*{name}\s*\]+|"?{name}"?\s*=|name\s*=\s*["\']{name}["\'])'
            at = next((n for n, text in enumerate(self.lines[at:], at + 1) if re.match(pattern, text)), 0)
            if not at:
                break
            found = at
        return found

    def profile(self) -> Profile:
        for key in self.data:
            if key not in _KEYS | _CHOICES | _OPTIONAL:
                raise self.fail(key, "unknown")
        sizes = tuple(self.get("reta_sizes", list))
        for size in sizes:
            if not isinstance(size, int) or size < 1 or size & (size - 1) or size > 4096:
                raise self.fail("reta_sizes", f"{size!r} is not a power of two up to 4096")
        default, key_bytes = self.get("reta_default", int), self.get("key_bytes", int)
        if default not in sizes:
            raise self.fail("reta_default", f"{default} is not among reta_sizes")
        if not 8 <= key_bytes <= 64:
            raise self.fail("key_bytes", "must lie between 8 and 64")
        sets = self.field_sets()
        self.check_positions(sets, key_bytes)
        return Profile(
            self.get("name", str), self.get("title", str), tuple(self.get("aliases", list)), key_bytes,
            sizes, default, self.get("byte_order", str), sets, self.symmetric(), self.per_rule_keys(), self.sources(),
        )  # fmt: skip

    def symmetric(self) -> Symmetric:
        modes = self.get("symmetric", dict) if "symmetric" in self.data else {}
        for key, mode in modes.items():
            if key not in ("ethtool", "dpdk", "default"):
                raise self.fail(f"symmetric.{key}", "unknown: ethtool, dpdk or default")
            if mode not in _MODES:
                raise self.fail(f"symmetric.{key}", f"{mode!r} is not one of {', '.join(_MODES)}")
        return Symmetric(**modes)

    def per_rule_keys(self) -> bool:
        return bool(self.get("per_rule_keys", bool)) if "per_rule_keys" in self.data else False

    def sources(self) -> dict[str, str]:
        sources: dict[str, str] = self.get("sources", dict) if "sources" in self.data else {}
        for key, text in sources.items():
            if key not in _FACTS:
                raise self.fail(f"sources.{key}", f"is no fact of a profile: {', '.join(sorted(_FACTS))}")
            if not isinstance(text, str) or not text:
                raise self.fail(f"sources.{key}", "must say where the fact comes from")
        return sources

    def get(self, key: str, kind: type) -> Any:
        if key not in self.data:
            raise self.fail(key, "missing")
        if type(self.data[key]) is not kind:
            raise self.fail(key, f"must be of type {kind.__name__}, is {self.data[key]!r}")
        return self.data[key]

    def field_sets(self) -> tuple[FieldSet, ...]:
        """The explicit sets, or one for every subset of the selectable parts, largest first."""
        if len(_CHOICES & self.data.keys()) != 1:
            raise self.fail("field_sets", "give either field_sets or selectable")
        types = {t: self.alternatives(f"types.{t}", value) for t, value in self.get("types", dict).items()}
        if "field_sets" in self.data:
            return tuple(self.explicit(entry, types) for entry in self.get("field_sets", list))
        parts = self.get("selectable", list)
        full = self.complete("selectable", types)
        chosen = [c for n in range(len(parts), 0, -1) for c in combinations(parts, n)]
        return tuple(self.subset(full, choice) for choice in chosen)

    def explicit(self, entry: Any, types: dict[str, tuple[Inputs, ...]]) -> FieldSet:
        if not isinstance(entry, dict) or not isinstance(entry.get("name"), str):
            raise self.fail("field_sets", "every set is a table with a name")
        key = f"field_sets.{entry['name']}"
        own = {t: self.alternatives(f"{key}.{t}", value) for t, value in entry.items() if t != "name"}
        return FieldSet(entry["name"], self.complete(key, types | own))

    def subset(self, full: dict[str, tuple[Inputs, ...]], choice: tuple[str, ...]) -> FieldSet:
        """Keeps the fields whose last name component is chosen; a type left without any is not hashed."""

        def keep(inputs: Inputs) -> Inputs:
            kept = tuple(part for part in inputs if part.name.rpartition(".")[2] in choice)
            return self._known.setdefault(kept, kept)

        kept = {t: tuple(dict.fromkeys(keep(i) for i in alternatives)) for t, alternatives in full.items()}
        return FieldSet("+".join(choice), kept)

    def complete(self, key: str, types: dict[str, tuple[Inputs, ...]]) -> dict[str, tuple[Inputs, ...]]:
        """All packet types, in their usual order."""
        for t in types:
            if t not in PACKET_TYPES:
                raise self.fail(f"{key}.{t}", "is no packet type")
        for t in PACKET_TYPES:
            if t not in types:
                raise self.fail(key, f"says nothing about {t}")
        return {t: types[t] for t in PACKET_TYPES}

    def alternatives(self, key: str, value: Any) -> tuple[Inputs, ...]:
        """A name of an input list; a list of such names (any of them may be true); "unknown"."""
        if value == "unknown":
            return ()
        lists = self.get("inputs", dict)
        chosen = value if isinstance(value, list) else [value]
        for name in chosen:
            if not isinstance(name, str) or name not in lists:
                raise self.fail(key, f"{name!r} is not among [inputs]")
        found = [tuple(self.part(f"inputs.{name}", p) for p in lists[name]) for name in chosen]
        return tuple(self._known.setdefault(inputs, inputs) for inputs in found)

    def part(self, key: str, text: str) -> FieldBits:
        """``field`` or ``field[first:count]``, bit 0 the most significant."""
        name, _, span = text.partition("[")
        try:
            first, count = (int(n) for n in span.rstrip("]").split(":")) if span else (0, FIELDS[name])
        except (KeyError, ValueError):
            raise self.fail(key, f"{text!r} is neither a field nor field[first:count]") from None
        if name not in FIELDS or first < 0 or count < 1 or first + count > FIELDS[name]:
            raise self.fail(key, f"{text!r} is outside every known field")
        return FieldBits(name, first, count)

    def check_positions(self, sets: tuple[FieldSet, ...], key_bytes: int) -> None:
        for s in sets:
            for t, alternatives in s.inputs.items():
                for inputs in alternatives:
                    if sum(part.count for part in inputs) + 31 > 8 * key_bytes:
                        raise self.fail("key_bytes", f"{key_bytes} is too short for {t} of set {s.name!r}")
