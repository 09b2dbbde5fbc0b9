"""The text form of expressions used in dumps, messages and golden tests."""

from __future__ import annotations

from maestro.ir.expr_node import Expr, const, packet_offset, walk

_INFIX = {
    "add": "+", "sub": "-", "mul": "*", "udiv": "/u", "urem": "%u", "sdiv": "/s", "srem": "%s",
    "and": "&", "or": "|", "xor": "^", "shl": "<<", "lshr": ">>u", "ashr": ">>s",
    "eq": "==", "ult": "<u", "ule": "<=u", "slt": "<s", "sle": "<=s",
}  # fmt: skip


MAX_DEPTH = 200
"""Deeper expressions are only counted: nobody reads them, and Python's stack is finite."""


def text(e: Expr) -> str:
    """The stable text form used in dumps and golden tests."""
    depth: dict[Expr, int] = {}
    for n in walk(e):
        depth[n] = 1 + max((depth[a] for a in n.args), default=0)
    return _text(e) if depth[e] <= MAX_DEPTH else f"<an expression of {len(depth)} parts>"


def _text(e: Expr) -> str:
    match e.op:
        case "const":
            return f"{e.value}" if e.value < 10 else f"{e.value:#x}"
        case "sym":
            return e.name
        case "concat":
            return _concat_text(e.args)
        case "extract":
            return f"{_text(e.args[0])}[{e.hi}:{e.lo}]"
        case "zext" | "sext":
            return f"{e.op}{e.width}({_text(e.args[0])})"
        case "ite":
            return f"({_text(e.args[0])} ? {_text(e.args[1])} : {_text(e.args[2])})"
        case "not":
            inner = e.args[0]
            if inner.op == "eq":
                return f"({_text(inner.args[0])} != {_text(inner.args[1])})"
            return f"!{_text(inner)}"
        case "uf":
            return f"{e.name}({', '.join(map(_text, e.args))})"
        case "add" if e.args[1].is_const and e.args[1].value >> (e.width - 1):
            return f"({_text(e.args[0])} - {_text(const(-e.args[1].value, e.width))})"
    return f"({_text(e.args[0])} {_INFIX[e.op]} {_text(e.args[1])})"


def _concat_text(args: tuple[Expr, ...]) -> str:
    """``a ++ b``; runs of packet bytes as ``pkt[26..29]`` (network order) or ``pkt[29..26]`` (reversed)."""
    out: list[str] = []
    i = 0
    while i < len(args):
        first = packet_offset(args[i])
        j, step = i + 1, 0
        if first is not None:
            while j < len(args) and (off := packet_offset(args[j])) is not None:
                delta = off - first
                if abs(delta) != j - i or (step and delta != step * (j - i)):
                    break
                step = 1 if delta > 0 else -1
                j += 1
        out.append(_text(args[i]) if j == i + 1 else f"pkt[{first}..{packet_offset(args[j - 1])}]")
        i = j
    return out[0] if len(out) == 1 else f"({' ++ '.join(out)})"
