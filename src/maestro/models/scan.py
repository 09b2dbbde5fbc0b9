"""What ``fscanf`` and ``sscanf`` do: a format, applied to bytes. No memory and no models in here."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_SPACE = b" \t\n\v\f\r"
_DIRECTIVE = re.compile(
    rb"%(?P<skip>\*?)(?P<width>\d*)(?P<length>hh|h|ll|l|q|j|z|t|L)?(?P<kind>[diouxXcsn%]|\[\^?\]?[^\]]*\])"
)
_SIZES = {b"hh": 1, b"h": 2, b"l": 8, b"ll": 8, b"q": 8, b"j": 8, b"z": 8, b"t": 8}
_BASES = {b"d": 10, b"u": 10, b"i": 0, b"o": 8, b"x": 16, b"X": 16}


@dataclass(frozen=True)
class Scanned:
    """``stores``: what goes to the arguments, one after another; ``at``: how far the text was read.

    ``result``: as C returns it, -1 when the text ended before anything was converted.
    """

    stores: tuple[bytes, ...]
    at: int
    result: int


class UnknownFormat(Exception):  # noqa: N818  (told apart by the caller)
    """A directive that is not supported."""


def scan(text: bytes, at: int, form: bytes) -> Scanned:
    """Apply ``form`` to ``text`` from ``at`` on. Raises UnknownFormat."""
    start, stores, converted = at, [], 0
    for literal, directive in _parts(form):
        if directive is None:
            moved = _match(text, at, literal)
        elif directive["kind"] == b"n":
            stores.append((at - start).to_bytes(4, "little"))
            continue
        else:
            found = _convert(text, at, directive)
            moved = found[0] if found else None
            if found and found[1] is not None and not directive["skip"]:
                stores.append(found[1])
                converted += 1
        if moved is None:
            ended = _after_space(text, at) >= len(text)
            return Scanned(tuple(stores), at, converted if converted or not ended else -1)
        at = moved
    return Scanned(tuple(stores), at, converted)


def _parts(form: bytes) -> Iterator[tuple[bytes, re.Match[bytes] | None]]:
    at = 0
    while at < len(form):
        if form[at : at + 1] == b"%":
            directive = _DIRECTIVE.match(form, at)
            if directive is None:
                raise UnknownFormat(form.decode("latin-1"))
            yield b"", directive
            at = directive.end()
        else:
            yield form[at : at + 1], None
            at += 1


def _after_space(text: bytes, at: int) -> int:
    while at < len(text) and text[at] in _SPACE:
        at += 1
    return at


def _match(text: bytes, at: int, literal: bytes) -> int | None:
    if literal in (_SPACE[i : i + 1] for i in range(len(_SPACE))):
        return _after_space(text, at)
    return at + 1 if text[at : at + 1] == literal else None


def _convert(text: bytes, at: int, d: re.Match[bytes]) -> tuple[int, bytes | None] | None:
    """Where the text goes on and the bytes to store; None when the text does not match."""
    kind, width = d["kind"], int(d["width"] or 0)
    if kind == b"c":
        count = width or 1
        return (at + count, text[at : at + count]) if at + count <= len(text) else None
    if kind[:1] != b"[":
        at = _after_space(text, at)
    if kind == b"%":
        return (at + 1, None) if text[at : at + 1] == b"%" else None
    if kind in _BASES:
        return _number(text, at, width, _BASES[kind], _SIZES.get(d["length"] or b"", 4))
    wanted = rb"[^ \t\n\v\f\r]" if kind == b"s" else _set(kind)
    found = re.compile(wanted + (b"{1,%d}" % width if width else b"+"), re.DOTALL).match(text, at)
    return (found.end(), found[0] + b"\0") if found else None


def _set(kind: bytes) -> bytes:
    inside = kind[1:-1]
    negated = inside[:1] == b"^"
    members = inside[1:] if negated else inside
    return b"[" + b"^" * negated + re.sub(rb"[\\\]\[^]", lambda m: b"\\" + m[0], members) + b"]"


def _number(text: bytes, at: int, width: int, base: int, size: int) -> tuple[int, bytes] | None:
    digits = {8: rb"[0-7]+", 10: rb"\d+", 16: rb"(?:0[xX])?[0-9a-fA-F]+", 0: rb"(?:0[xX][0-9a-fA-F]+|\d+)"}[base]
    found = re.compile(rb"[+-]?" + digits).match(text, at, at + width if width else len(text))
    if found is None:
        return None
    word = found[0].decode()
    octal = base == 0 and re.fullmatch(r"[+-]?0\d+", word)
    value = int(word, 8 if octal else base)
    return found.end(), (value & ((1 << 8 * size) - 1)).to_bytes(size, "little")
