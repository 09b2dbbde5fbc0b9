"""The NF itself, compiled natively against state structures that answer from a script (scripted.c)."""

from __future__ import annotations

import shutil
import struct
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from maestro.frontend.nf import LIBVIG, NATIVE_ONLY, RUNTIME, LoadedNF
from maestro.frontend.toolchain import build_native
from maestro.ir.model import Field, Model, StateObject

DOUBLE = Path(__file__).with_name("scripted.c")
COMPILER = "gcc" if shutil.which("gcc") else None
FLAGS = ("-O1", "-w")


@dataclass(frozen=True)
class Answer:
    """What a structure says to one call: ``ok`` (or found, allocated), ``value`` (or index, count), a vector's cell."""

    ok: int = 0
    value: int = 0
    cell: bytes = b""


@dataclass(frozen=True)
class Scenario:
    """One packet (``now`` in ns) and the answers that the NF gets, in order."""

    device: int
    now: int
    packet: bytes
    script: tuple[Answer, ...]


@dataclass(frozen=True)
class Outcome:
    """What the NF did. ``calls``: lines ``object method argument…``, in hexadecimal, objects numbered as allocated.

    ``verdict``: what nf_process returned, 16 bits; None when it died or asked for more than the script had, and then
    ``end`` says so. ``unused``: answers that it did not ask for.
    """

    calls: tuple[str, ...]
    verdict: int | None
    packet: bytes
    unused: int
    end: str


def visible(obj: StateObject) -> tuple[Field, ...]:
    """The bytes of a key or cell that mean something: not the padding."""
    if obj.kind == "vector":
        return obj.elem_layout or (Field("cell", 0, obj.elem_size),)
    return obj.key_layout


@cache
def _scratch() -> TemporaryDirectory[str]:
    return TemporaryDirectory(prefix="maestro-scripted-")


@cache
def _runtime(files: tuple[Path, ...]) -> Path:
    """A library of all C that NFs share, with the scripted structures; built once."""
    library = Path(_scratch().name) / f"runtime{_runtime.cache_info().currsize}.so"
    build_native(
        [*files, *(LIBVIG / "src" / name for name in sorted(NATIVE_ONLY)), DOUBLE],
        library,
        include_dirs=[LIBVIG, RUNTIME / "include"],
        flags=(*FLAGS, "-shared", "-fPIC"),
        compiler=COMPILER,
    )
    return library


class NativeNF:
    """A program that runs scenarios."""

    def __init__(self, nf: LoadedNF, model: Model, folder: Path, argv: Sequence[str]) -> None:
        self._model = model
        self._argv = argv
        self._folder = folder
        self._program = folder / "scripted"
        for name, text in nf.generated.items():
            (folder / name).write_text(text)
        build_native(
            [*nf.files, *(folder / name for name in nf.generated), _runtime(nf.runtime_files)],
            self._program,
            include_dirs=[*nf.include_dirs, *{f.parent for f in nf.files}],
            defines=nf.defines,
            flags=FLAGS,
            compiler=COMPILER,
        )

    def run(self, scenarios: Sequence[Scenario]) -> list[Outcome]:
        (self._folder / "scenarios").write_bytes(self._encoded(scenarios))
        log = self._folder / "log"
        log.write_bytes(b"")
        subprocess.run([self._program, self._folder / "scenarios", log, *self._argv], check=True, timeout=60)
        outcomes = _outcomes(log.read_text())
        assert len(outcomes) == len(scenarios)
        return outcomes

    def _encoded(self, scenarios: Sequence[Scenario]) -> bytes:
        out = [_u32(self._model.ports, len(self._model.objects))]
        for obj in self._model.objects:
            fields = visible(obj)
            out += [_u32(len(fields)), *(_u32(f.offset, f.size) for f in fields)]
        out.append(_u32(len(scenarios)))
        for s in scenarios:
            script = _u32(len(s.script)) + b"".join(_u32(a.ok, a.value, len(a.cell)) + a.cell for a in s.script)
            out += [_u32(s.device, len(s.packet), len(script)), struct.pack("<q", s.now), s.packet, script]
        return b"".join(out)


def _u32(*values: int) -> bytes:
    return struct.pack(f"<{len(values)}I", *values)


def _outcomes(log: str) -> list[Outcome]:
    outcomes: list[Outcome] = []
    calls: list[str] = []
    end = ""
    for line in log.splitlines():
        match line[0]:
            case "=" | "?":
                end = line
            case "." | "!":
                outcomes.append(_outcome(calls, end if line == "." else line))
                calls, end = [], ""
            case _:
                calls.append(line)
    return outcomes


def _outcome(calls: list[str], end: str) -> Outcome:
    if not end.startswith("="):
        return Outcome(tuple(calls), None, b"", 0, end)
    _, verdict, unused, packet = end.split(" ")
    return Outcome(tuple(calls), int(verdict, 16), bytes.fromhex(packet), int(unused), "")
