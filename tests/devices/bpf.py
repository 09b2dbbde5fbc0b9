"""As much of bpf(2) as it takes to have the kernel run one program: an array map and a loaded program, as files."""

from __future__ import annotations

import ctypes
import os
import struct
import subprocess
import sys
from pathlib import Path

_SYS_BPF = 321  # x86-64
_MAP_CREATE, _MAP_UPDATE, _PROG_LOAD = 0, 2, 5
_ARRAY, _SOCKET_FILTER = 2, 1
_libc = ctypes.CDLL(None, use_errno=True)


def _bpf(command: int, attributes: bytes) -> int:
    buffer = ctypes.create_string_buffer(attributes.ljust(128, b"\0"), 128)
    found: int = _libc.syscall(_SYS_BPF, command, buffer, len(buffer))
    if found < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return found


def array(value: bytes) -> int:
    """A map of one value."""
    made = _bpf(_MAP_CREATE, struct.pack("=IIII", _ARRAY, 4, len(value), 1))
    zero, given = ctypes.c_uint32(0), ctypes.create_string_buffer(value, len(value))
    _bpf(_MAP_UPDATE, struct.pack("=IIQQQ", made, 0, ctypes.addressof(zero), ctypes.addressof(given), 0))
    return made


def program(source: Path, section: str, folder: Path, *flags: str) -> int:
    """Compiled by the bundled clang; the verifier's complaint is in the error."""
    target = folder / "program.o"
    compiler = [sys.executable, "-m", "ziglang", "cc", "-target", "bpfel-freestanding", "-O2", "-Wall", "-Wextra"]
    subprocess.run([*compiler, *flags, "-c", str(source), "-o", str(target)], check=True)
    code = _section(target.read_bytes(), section)
    buffer, licence = ctypes.create_string_buffer(code, len(code)), ctypes.create_string_buffer(b"MIT")
    log = ctypes.create_string_buffer(1 << 20)
    at = ctypes.addressof
    attributes = struct.pack("=IIQQIIQ", _SOCKET_FILTER, len(code) // 8, at(buffer), at(licence), 1, len(log), at(log))
    try:
        return _bpf(_PROG_LOAD, attributes)
    except OSError as error:
        raise OSError(error.errno, f"{error.strerror}\n{log.value.decode()[-3000:]}") from error


def _section(elf: bytes, name: str) -> bytes:
    """The bytes of a section of a 64-bit little-endian ELF file."""
    table, size, count, names = *struct.unpack_from("<Q", elf, 40), *struct.unpack_from("<HHH", elf, 58)
    headers = [struct.unpack_from("<IIQQQQ", elf, table + i * size) for i in range(count)]
    for header in headers:
        start = headers[names][4] + header[0]
        if elf[start : elf.index(b"\0", start)] == name.encode():
            return elf[header[4] : header[4] + header[5]]
    raise AssertionError(f"no section {name}")
