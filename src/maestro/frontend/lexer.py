"""Tokens of one line of textual LLVM IR, and the cursor that the parsers share."""

from __future__ import annotations

import re

# Strings first (escapes are \XX, so a quote always ends one), then names, numbers, words, punctuation.
_TOKEN = re.compile(
    r'c?"[^"]*"'
    r'|[%@](?:"[^"]*"|[-\w$.]+)'
    r'|!(?:"[^"]*"|[-\w$.]*)'
    r"|\#\d+"
    r"|\.\.\."
    r"|-?0x[0-9A-Za-z]+|-?\d+(?:\.\d*(?:e[+-]?\d+)?)?"
    r"|[A-Za-z_][\w.]*"
    r"|\S"
)

_ESCAPE = re.compile(rb"\\([0-9A-Fa-f]{2}|\\)")


class UnsupportedIR(Exception):  # noqa: N818  (ends the reading of one instruction, not an error yet)
    """The line is valid IR that Maestro does not execute; ``what`` names it for the user."""

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.what = what


class Cursor:
    """A position in the tokens of one line. Past the end every token is the empty string."""

    __slots__ = ("i", "tokens")

    def __init__(self, line: str) -> None:
        self.tokens = _TOKEN.findall(line)
        self.tokens.append("")
        self.i = 0

    def peek(self) -> str:
        token: str = self.tokens[self.i]
        return token

    def next(self) -> str:
        token: str = self.tokens[self.i]
        self.i += 1
        return token

    def accept(self, token: str) -> bool:
        if self.tokens[self.i] == token:
            self.i += 1
            return True
        return False

    def expect(self, token: str) -> None:
        if self.tokens[self.i] != token:
            raise ValueError(f"expected {token!r}, found {self.tokens[self.i]!r}")
        self.i += 1

    def skip_group(self) -> None:
        """Skip a balanced ``( … )`` if one starts here."""
        if self.tokens[self.i] != "(":
            return
        depth = 0
        while True:
            token = self.next()
            depth += (token == "(") - (token == ")")
            if depth == 0:
                return
            if not token:
                raise ValueError("unbalanced parentheses")


def symbol(token: str) -> str:
    """``@name`` or ``@"odd name"`` (likewise ``%``) without sigil and quotes."""
    if token[1] == '"':
        return string_bytes(token[1:]).decode("utf-8", "replace")
    return token[1:]


def string_bytes(token: str) -> bytes:
    """The bytes of ``"…"`` or ``c"…"``."""
    raw = token[token.index('"') + 1 : -1].encode()
    if b"\\" not in raw:
        return raw
    return _ESCAPE.sub(lambda m: b"\\" if m[1] == b"\\" else bytes([int(m[1], 16)]), raw)
