"""Debug locations: metadata nodes → C spans. Nodes stay text until somebody asks for them."""

from __future__ import annotations

import os.path
import re
from collections.abc import Callable, Mapping

from maestro.diagnostics import Span
from maestro.frontend.lexer import string_bytes

_LOCATION = re.compile(r"line: (\d+)(?:, column: (\d+))?, scope: !(\d+)(?:, inlinedAt: !(\d+))?")
_SCOPE = re.compile(r"\bscope: !(\d+)")
_FILE = re.compile(r"\bfile: !(\d+)")
_LINE = re.compile(r"\bline: (\d+)")
_STRINGS = {name: re.compile(rf'\b{name}: ("[^"]*")') for name in ("name", "filename", "directory")}

Show = Callable[[str], str]
"""Absolute path of a C file → how the user should see it."""

Where = tuple[Span, tuple[Span, ...]]
"""A place, and the call sites through which the compiler inlined it (innermost first)."""


class Metadata:
    """The numbered nodes of one module."""

    def __init__(self, nodes: Mapping[int, str], show: Show) -> None:
        self.nodes = nodes
        self._show = show
        self._files: dict[int, str] = {}
        self._scope_files: dict[int, str] = {}
        self._places: dict[int, Where | None] = {}

    def string(self, node: int, key: str) -> str:
        """The string attribute ``key`` (name, filename, directory) of a node, or ``""``."""
        found = _STRINGS[key].search(self.nodes.get(node, ""))
        return string_bytes(found[1]).decode("utf-8", "replace") if found else ""

    def place(self, location: int) -> Where | None:
        """Where a DILocation points; None when it points to compiler-made code (line 0)."""
        if location not in self._places:
            self._places[location] = self._place(location)
        return self._places[location]

    def _place(self, location: int) -> Where | None:
        found = _LOCATION.search(self.nodes.get(location, ""))
        if found is None:
            return None
        line, column, scope, inlined = found.groups()
        chain: tuple[Span, ...] = ()
        if inlined:
            outer = self.place(int(inlined))
            if outer is not None:
                chain = (outer[0], *outer[1])
        if line == "0":
            return (chain[0], chain[1:]) if chain else None
        return Span(self._scope_file(int(scope)), int(line), int(column or 0)), chain

    def definition(self, node: int) -> Span | None:
        """File and line of a subprogram, variable or type."""
        text = self.nodes.get(node, "")
        line = _LINE.search(text)
        return Span(self._scope_file(node), int(line[1])) if line and _FILE.search(text) else None

    def _scope_file(self, scope: int) -> str:
        """The file of a subprogram, block or variable: its own or its scope's."""
        inner: list[int] = []
        while scope not in self._scope_files:
            text = self.nodes.get(scope, "")
            file, outer = _FILE.search(text), _SCOPE.search(text)
            inner.append(scope)
            if file:
                self._scope_files[scope] = self._file(int(file[1]))
            elif outer is None or int(outer[1]) in inner:
                self._scope_files[scope] = "?"
            else:
                scope = int(outer[1])
        self._scope_files |= dict.fromkeys(inner, self._scope_files[scope])
        return self._scope_files[scope]

    def _file(self, node: int) -> str:
        if node not in self._files:
            path = os.path.join(self.string(node, "directory"), self.string(node, "filename"))
            self._files[node] = self._show(os.path.normpath(path))
        return self._files[node]
