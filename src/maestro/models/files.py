"""<stdio.h>'s files, for initialisation only: an NF may read the files that its arguments name.

The real files are read, relative to the current folder, as the NF itself would when it starts. Their contents become
part of the analysis; a note says which files that were. Writing is not supported. ``known["may_read"]`` says which
files are the NF's business: others are refused, whether they exist or not.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from maestro.ir.expr import const
from maestro.ir.memory import Object, Pointer, Scalar, uninitialised
from maestro.ir.model import Note
from maestro.models.context import Args, Context, expr, model
from maestro.models.scan import Scanned, UnknownFormat, scan

MayRead = Callable[[str], bool]

_LARGEST = 16 << 20
"""Bytes of a file."""

NULL, ZERO, EOF = const(0, 64), const(0, 32), const(-1, 32)


@dataclass(eq=False)
class OpenFile:
    """``at``: the next byte to read; ``ended``: something was read past the end."""

    name: str
    data: bytes
    at: int = 0
    ended: bool = False
    closed: bool = False


@model("fopen", "fopen64")
def fopen(ctx: Context, args: Args) -> Scalar:
    name, mode = ctx.text(args[0]).decode("utf-8", "surrogateescape"), ctx.text(args[1])
    if not ctx.initialising:
        ctx.unsupported("opens a file on the packet path", "read files in nf_init", "late-file")
    if not mode.startswith(b"r") or b"+" in mode:
        ctx.unsupported(f"opens `{name}` to write to it", "an NF may read files while it starts, not write", "file")
    may_read: MayRead | None = ctx.known.get("may_read")
    if may_read is not None and not may_read(name):
        hint = "name the file after --, or allow its folder with --allow DIR, if you trust the NF"
        ctx.unsupported(f"opens `{name}`, which lies outside the NF's folders", hint, "file-outside")
    try:
        data = _contents(Path(name))
    except (OSError, ValueError):
        return NULL
    if data is None:
        ctx.unsupported(
            f"opens `{name}`, which has more than {_LARGEST >> 20} MB", "use a smaller file", "file-outside"
        )
    text = f"the contents of the file `{name}` are part of this result"
    ctx.known.setdefault("notes", []).append(Note("file-read", text, ctx.user_span()))
    return ctx.new(Object(name, 0, uninitialised(name), opaque=OpenFile(name, data)))


def _contents(path: Path) -> bytes | None:
    """None: too much, or it would never end (a device, say)."""
    if not path.is_file() and path.exists():
        raise OSError("not a regular file")
    with path.open("rb") as file:
        data = file.read(_LARGEST + 1)
    return data if len(data) <= _LARGEST else None


def _file(ctx: Context, pointer: Scalar) -> OpenFile:
    found = ctx.object(pointer).opaque if isinstance(pointer, Pointer) else None
    if not isinstance(found, OpenFile) or found.closed:
        ctx.fail("the argument is not an open file", "check what fopen returned", "bad-file")
    if not ctx.initialising:
        ctx.unsupported(f"reads `{found.name}` on the packet path", "read files in nf_init", "late-file")
    return found


@model("fclose")
def fclose(ctx: Context, args: Args) -> Scalar:
    _file(ctx, args[0]).closed = True
    return ZERO


@model("fgetc", "getc", "_IO_getc")
def fgetc(ctx: Context, args: Args) -> Scalar:
    file = _file(ctx, args[0])
    if file.at >= len(file.data):
        file.ended = True
        return EOF
    file.at += 1
    return const(file.data[file.at - 1], 32)


@model("ungetc")
def ungetc(ctx: Context, args: Args) -> Scalar:
    file, byte = _file(ctx, args[1]), ctx.constant(args[0], "a character")
    if file.at == 0 or file.data[file.at - 1] != byte & 0xFF:
        ctx.unsupported("puts back what it has not read", "put back the character read last", "file")
    file.at, file.ended = file.at - 1, False
    return args[0]


@model("fgets")
def fgets(ctx: Context, args: Args) -> Scalar:
    file, room = _file(ctx, args[2]), ctx.constant(args[1], "the size of a buffer")
    end = file.data.find(b"\n", file.at) + 1 or len(file.data)
    line = file.data[file.at : min(end, file.at + room - 1)]
    if not line:
        file.ended = True
        return NULL
    file.at += len(line)
    file.ended = not line.endswith(b"\n") and file.at >= len(file.data)
    _store(ctx, args[0], line + b"\0")
    return args[0]


@model("fread")
def fread(ctx: Context, args: Args) -> Scalar:
    file = _file(ctx, args[3])
    size, count = (ctx.constant(a, "the size of what is read") for a in args[1:3])
    data = file.data[file.at : file.at + size * count]
    file.at, file.ended = file.at + len(data), len(data) < size * count
    _store(ctx, args[0], data)
    return const(len(data) // size if size else 0, 64)


@model("feof", "ferror")
def feof(ctx: Context, args: Args) -> Scalar:
    return const(_file(ctx, args[0]).ended, 32)


@model("rewind")
def rewind(ctx: Context, args: Args) -> None:
    file = _file(ctx, args[0])
    file.at, file.ended = 0, False


@model("fseek", "fseeko")
def fseek(ctx: Context, args: Args) -> Scalar:
    file, by = _file(ctx, args[0]), ctx.constant(args[1], "a position in a file")
    by -= (by >> 63) << 64
    start = {0: 0, 1: file.at, 2: len(file.data)}.get(ctx.constant(args[2], "the origin of a position"), 0)
    if start + by < 0:
        return EOF
    file.at, file.ended = start + by, False
    return ZERO


@model("ftell", "ftello")
def ftell(ctx: Context, args: Args) -> Scalar:
    return const(_file(ctx, args[0]).at, 64)


@model("fscanf", "__isoc99_fscanf", "__isoc23_fscanf")
def fscanf(ctx: Context, args: Args) -> Scalar:
    file = _file(ctx, args[0])
    done = _scanned(ctx, file.data, file.at, args[1:])
    file.at, file.ended = done.at, done.at >= len(file.data)
    return const(done.result, 32)


@model("sscanf", "__isoc99_sscanf", "__isoc23_sscanf")
def sscanf(ctx: Context, args: Args) -> Scalar:
    return const(_scanned(ctx, ctx.text(args[0]), 0, args[1:]).result, 32)


def _scanned(ctx: Context, text: bytes, at: int, args: Args) -> Scanned:
    try:
        done = scan(text, at, ctx.text(args[0]))
    except UnknownFormat as form:
        ctx.unsupported(f"the format `{form}` is not supported", "read text, and convert it with strtol", "scanf")
    for pointer, value in zip(args[1:], done.stores, strict=False):
        _store(ctx, pointer, value)
    return done


def _store(ctx: Context, pointer: Scalar, data: bytes) -> None:
    ctx.write(pointer, [(expr(const(byte, 8)), 0) for byte in data])
