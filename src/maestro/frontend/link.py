"""Several modules → one program, as a linker would: by symbol name, file-local symbols kept apart."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from maestro.diagnostics import SourceError, Span
from maestro.frontend.metadata import Show
from maestro.frontend.parse import ModuleText, parse_module, split_module
from maestro.ir.program import DebugInfo, Function, GlobalVariable, Program

_LOCAL = frozenset({"internal", "private"})
_RANK = {"external": 2, "available_externally": 0}
"""Strong definitions, then (rank 1) weak, linkonce and common ones, then those the compiler may only inline."""


def link(texts: Sequence[str], show: Show) -> Program:
    """Link the IR texts of an NF's files, in order. ``show`` turns absolute C paths into what the user sees.

    Raises SourceError for a symbol with two strong definitions, naming both places.
    """
    modules = [split_module(text) for text in texts]
    functions: dict[str, Function] = {}
    variables: dict[str, GlobalVariable] = {}
    for index, (text, rename) in enumerate(zip(modules, _names(modules), strict=True)):
        module = parse_module(text, index, rename, show)
        for g in module.globals:
            _merge(variables, g.name, g)
        for f in module.functions:
            _merge(functions, f.name, f)
    return Program(functions, variables, DebugInfo(tuple(m.nodes for m in modules)))


def _names(modules: Sequence[ModuleText]) -> list[dict[str, str]]:
    """Per module, the new names of local symbols that would clash, and what aliases stand for."""
    taken = {name for m in modules for name, linkage in m.symbols.items() if linkage not in _LOCAL}
    every = {name for m in modules for name in m.symbols}
    out: list[dict[str, str]] = []
    aliases: dict[str, str] = {}
    for module in modules:
        rename: dict[str, str] = {}
        for name, linkage in module.symbols.items():
            if linkage not in _LOCAL:
                continue
            if name in taken:
                rename[name] = _fresh(name, taken | every)
            taken.add(rename.get(name, name))
        aliases |= {alias: rename.get(target, target) for alias, target in module.aliases.items()}
        out.append(rename)
    return [aliases | rename for rename in out]


def _fresh(name: str, taken: set[str]) -> str:
    n = 1
    while f"{name}.{n}" in taken:
        n += 1
    return f"{name}.{n}"


def _rank(symbol: Function | GlobalVariable) -> int:
    is_declared = symbol.is_declaration if isinstance(symbol, Function) else symbol.data is None
    return -1 if is_declared else _RANK.get(symbol.linkage, 1)


_Symbol = TypeVar("_Symbol", Function, GlobalVariable)


def _merge(table: dict[str, _Symbol], name: str, new: _Symbol) -> None:
    old = table.get(name)
    if old is None:
        table[name] = new
        return
    if _rank(old) == 2 == _rank(new):
        raise _duplicate(new.display, old.span, new.span)
    if _rank(new) > _rank(old):
        table[name] = new


def _duplicate(name: str, first: Span | None, second: Span | None) -> SourceError:
    same = first is not None and first == second
    return SourceError(
        f"'{name}' is defined twice: at {first} and at {second}",
        span=second,
        hint="make it 'static' (or 'static inline')" if same else "remove one, or make one 'static'",
        code="duplicate-symbol",
    )
