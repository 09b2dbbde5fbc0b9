"""The text form of expressions used in dumps, messages and golden tests."""

from __future__ import annotations

from maestro.ir.expr_node import Expr, const, packet_offset

_INFIX = {
    "add": "+", "sub": "-", "mul": "*", "udiv": "/u", "urem": "%u", "sdiv": "/s", "srem": "%s",
    "and": "&", "or": "|", "xor": "^", "shl": "<<", "lshr": ">>u", "ashr": ">>s",
    "eq": "==", "ult": "<u", "ule": "<=u", "slt": "<s", "sle": "<=s",
}  # fmt: skip


def text(e: Expr) -> str:
    """The stable text form used in dumps and golden tests."""
    match e.op:
        case "const":
            return f"{e.value}" if e.value < 10 else f"{e.value:#x}"
        case "sym":
            return e.name
        case "concat":
            return _concat_text(e.args)
        case "extract":
            return f"{text(e.args[0])}[{e.hi}:{e.lo}]"
        case "zext" | "sext":
            return f"{e.op}{e.width}({text(e.args[0])})"
        case "ite":
            return f"({text(e.args[0])} ? {text(e.args[1])} : {text(e.args[2])})"
        case "not":
            inner = e.args[0]
            if inner.op == "eq":
                return f"({text(inner.args[0])} != {text(inner.args[1])})"
            return f"!{text(inner)}"
        case "uf":
            return f"{e.name}({', '.join(map(text, e.args))})"
        case "add" if e.args[1].is_const and e.args[1].value >> (e.width - 1):
            return f"({text(e.args[0])} - {text(const(-e.args[1].value, e.width))})"
    return f"({text(e.args[0])} {_INFIX[e.op]} {text(e.args[1])})"


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
        out.append(text(args[i]) if j == i + 1 else f"pkt[{first}..{packet_offset(args[j - 1])}]")
        i = j
    return out[0] if len(out) == 1 else f"({' ++ '.join(out)})"
