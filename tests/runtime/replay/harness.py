"""Builds nf-replay around the echo NF, and other C test programs, with sanitizers where the compiler has them."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import maestro
from maestro.ir.plan import FieldBits, PortPlan
from maestro.rss.toeplitz import MICROSOFT_KEY

HERE = Path(__file__).parent
RUNTIME = Path(maestro.__file__).parent / "runtime"
STEERING = [RUNTIME / "rss" / name for name in ("rss.c", "toeplitz.c", "toeplitz_gfni.c")]
READER = [RUNTIME / "io" / "replay" / name for name in ("pcap.c", "pcapng.c")]
REPLAY = sorted((RUNTIME / "io" / "replay").glob("*.c"))

_WARNINGS = ["-std=gnu11", "-g", "-Wall", "-Wextra", "-Werror"]


def compile_c(output: Path, sources: Sequence[Path], *options: str, sanitize: bool = True) -> Path:
    """Compiles with the system's compiler when there is one, else with the one from PyPI (without AddressSanitizer)."""
    system = shutil.which("gcc") or shutil.which("clang")
    compiler = [system] if system else [sys.executable, "-m", "ziglang", "cc"]
    checks = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"] if sanitize and system else []
    command = [*compiler, *_WARNINGS, *checks, "-I", str(RUNTIME / "include"), *options, *map(str, sources)]
    done = subprocess.run([*command, "-pthread", "-o", str(output)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return output


def has_address_sanitizer() -> bool:
    return (shutil.which("gcc") or shutil.which("clang")) is not None


def build_echo(folder: Path, ports: Sequence[PortPlan], *options: str, sanitize: bool = True) -> Path:
    """nf-replay for ``echo_nf.c``, whose three ports are configured as ``ports`` say."""
    folder.mkdir(parents=True, exist_ok=True)
    folder.joinpath("echo_rss.h").write_text(rss_source(ports))
    sources = [*STEERING, *REPLAY, HERE / "echo_nf.c"]
    return compile_c(folder / "nf-replay", sources, "-I", str(folder), *options, sanitize=sanitize)


def four_tuple() -> tuple[FieldBits, ...]:
    names = (("ipv4.src", 32), ("ipv4.dst", 32), ("l4.sport", 16), ("l4.dport", 16))
    return tuple(FieldBits(name, 0, width) for name, width in names)


def echo_ports(cores: int = 4) -> list[PortPlan]:
    """TCP and UDP by 4-tuple, fragments and packets with options re-steered; an indirection table of few runs."""
    reta = tuple(i // 3 % cores for i in range(64))
    inputs = {"ipv4-tcp": four_tuple(), "ipv4-udp": four_tuple(), "ipv4-options": four_tuple()[:2]}
    resteered = ("ipv4-options", "ipv4-fragment")
    layouts = ("fixed", "ihl", "fixed")
    return [
        PortPlan(port, four_tuple(), MICROSOFT_KEY, 64, reta, inputs, resteered, four_tuple(), layout)
        for port, layout in enumerate(layouts)
    ]


def rss_source(ports: Sequence[PortPlan]) -> str:
    """The C definition of ``nf_rss``."""
    tables = "\n".join(
        f"static const uint16_t reta{p.port}[] = {{{', '.join(map(str, p.reta))}}};" for p in ports if p.reta
    )
    return f"{tables}\nconst struct maestro_rss nf_rss[] = {{\n{''.join(map(_port, ports))}}};\n"


def c_name(name: str) -> str:
    return "MAESTRO_" + name.upper().replace(".", "_").replace("-", "_")


def _inputs(parts: Sequence[FieldBits]) -> str:
    listed = ", ".join(f"{{{c_name(p.name)}, {p.first}, {p.count}}}" for p in parts)
    return f"{{{len(parts)}, {{{listed or '{0, 0, 0}'}}}}}"


def _port(p: PortPlan) -> str:
    key = ", ".join(map(str, p.key))
    inputs = ", ".join(f"[{c_name(kind)}] = {_inputs(parts)}" for kind, parts in p.inputs.items())
    resteered = " | ".join(f"1u << {c_name(kind)}" for kind in p.resteered) or "0"
    return (
        f"  {{.key = {{{key}}}, .key_bytes = {len(p.key)}, .reta_size = {p.reta_size}, .reta = reta{p.port},\n"
        f"   .reta_cores = {max(p.reta) + 1}, .resteered = {resteered},\n"
        f"   .owner_follows_ihl = {int(p.owner_layout == 'ihl')},\n"
        f"   .inputs = {{{inputs}}},\n   .owner = {_inputs(p.owner_inputs)}}},\n"
    )
