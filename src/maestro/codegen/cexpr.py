"""Expressions of at most 64 bits as C.

The text of an expression of width w has, as a number, exactly the bit vector's value (0 … 2**w - 1), whatever C type
it has. That type matters for what is done next with it, so every text carries its rank: 0 for anything that C
promotes to ``int`` (booleans, 8 and 16 bits, small literals), 1 for ``uint32_t``, 2 for ``uint64_t``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from maestro.codegen.memory import Load, Words
from maestro.diagnostics import InternalError
from maestro.ir.expr import Expr, const, negate, signed

_PRIMARY, _UNARY, _MUL, _ADD, _SHIFT, _RELATION, _EQUALITY, _AND, _XOR, _OR, _LAND, _LOR, _CHOICE = range(13, 0, -1)

_ARITHMETIC = {
    "add": ("+", _ADD),
    "sub": ("-", _ADD),
    "mul": ("*", _MUL),
    "udiv": ("/", _MUL),
    "urem": ("%", _MUL),
}
_BITWISE = {"and": ("&", _AND), "or": ("|", _OR), "xor": ("^", _XOR)}
_RELATIONS = {"ult": "<", "ule": "<=", "slt": "<", "sle": "<="}
_MIRRORED = {"<": ">", "<=": ">="}
_HELPERS = {
    "shl": "bits_shl",
    "lshr": "bits_lshr",
    "ashr": "bits_ashr",
    "sdiv": "bits_sdiv",
    "srem": "bits_srem",
}
_INT_MAX = 0x7FFFFFFF


@dataclass(frozen=True)
class Text:
    """C text, its precedence (higher binds tighter) and its type's rank."""

    text: str
    prec: int
    rank: int

    def at(self, prec: int) -> str:
        """The text as an operand of an operator of this precedence."""
        return self.text if self.prec >= prec else f"({self.text})"


def ctype(width: int) -> str:
    """The C type of a local of ``width`` bits."""
    if width == 1:
        return "bool"
    return f"uint{next(n for n in (8, 16, 32, 64) if width <= n)}_t"


def number(value: int) -> str:
    """Small and round numbers in decimal, others in hexadecimal."""
    return str(value) if value < 1024 or value % 1000 == 0 else f"{value:#x}" if value > 0xFFFF else f"0x{value:04x}"


def _rank(width: int) -> int:
    return 0 if width <= 16 else 1 if width <= 32 else 2


def _literal(value: int, rank: int = 0) -> Text:
    rank = max(rank, 0 if value <= _INT_MAX else 1 if value < 1 << 32 else 2)
    digits = number(value)
    return Text((digits, f"{digits}u", f"UINT64_C({digits})")[rank], _PRIMARY, rank)


def load_text(load: Load, base: str) -> str:
    """The C that reads ``load`` from the array ``base``."""
    if load.size == 1:
        return f"{base}[{load.offset}]"
    at = f"{base} + {load.offset}" if load.offset else base
    order = "be" if load.big else "le"
    return f"ld{8 * load.size}{order}({at})" if load.size in (2, 4, 8) else f"ld{order}({at}, {load.size})"


class Printer:
    """Prints expressions over ``names``: those that C already has under a name, with the text that stands for them.

    A name that is not an identifier (a call) must be of the highest precedence.
    """

    def __init__(self, words: Words, names: Mapping[Expr, str]) -> None:
        self._words = words
        self._names = names

    def value(self, e: Expr) -> str:
        """``e`` as the right-hand side of an assignment or as a function's argument."""
        return self._text(e).text

    def negation(self, e: Expr) -> str:
        """The opposite of a width-1 ``e``."""
        return self._text(negate(e)).text

    def time(self, e: Expr) -> str:
        """A 64-bit time as int64_t. Subtracting from ``now`` cannot overflow, for time is never negative."""
        if e.op == "sym" and e.name == "now" and e not in self._names:
            return "now"
        if e.op == "add" and e.args[0].name == "now" and e.args[1].is_const:
            back = -signed(e.args[1].value, 64)
            if 0 < back < 1 << 63:
                return f"now - {number(back)}"
        return f"(int64_t){self._text(e).at(_UNARY)}"

    def _text(self, e: Expr) -> Text:
        name = self._names.get(e)
        if name is not None:
            return Text(name, _PRIMARY, _rank(e.width))
        match e.op:
            case "const":
                return Text("true" if e.value else "false", _PRIMARY, 0) if e.width == 1 else _literal(e.value)
            case "sym":
                return self._symbol(e)
            case "zext":
                return self._text(e.args[0])
            case "sext":
                return self._sext(e)
            case "extract":
                return self._extract(e)
            case "concat":
                return self._concat(e)
            case "ite":
                return self._choice(e)
            case "not":
                return self._not(e.args[0])
            case "eq" | "ult" | "ule" | "slt" | "sle":
                return self._comparison(e)
            case "uf":
                return self._packet_sum(e) if e.name == "packet_sum" else self._crc(e)
        if e.width == 1 and e.op in _BITWISE:
            return self._logic(e)
        if e.op in _HELPERS:
            return self._helper(e)
        return self._operator(e)

    def _symbol(self, e: Expr) -> Text:
        match e.name:
            case "device":
                return Text("port", _PRIMARY, 0)
            case "pkt_len":
                return Text("length", _PRIMARY, 0)
            case "now":
                return Text("(uint64_t)now", _UNARY, 2)
        load = self._words.load(e)
        if load is None or load.base is not None:
            raise InternalError(f"{e} is used before it has a value")
        return Text(load_text(load, "packet"), _PRIMARY, _rank(e.width))

    def _raised(self, t: Text, e: Expr, rank: int) -> Text:
        """``t``, the text of ``e``, as an operand of at least this rank."""
        if t.rank >= rank:
            return t
        if e.is_const:
            return _literal(e.value, rank)
        return Text(f"({('uint32_t', 'uint64_t')[rank - 1]}){t.at(_UNARY)}", _UNARY, rank)

    def _operands(self, a: Expr, b: Expr, rank: int) -> tuple[Text, Text]:
        """The operands' texts; at least one of this rank, which C's conversions make both."""
        x, y = self._text(a), self._text(b)
        return (x, y) if max(x.rank, y.rank) >= rank else (self._raised(x, a, rank), y)

    def _wrap(self, t: Text, width: int) -> Text:
        """``t`` modulo 2**width."""
        if width in (8, 16) or (width == 32 and t.rank > 1):
            return Text(f"({ctype(width)}){t.at(_UNARY)}", _UNARY, _rank(width))
        if width in (32, 64):
            return t
        mask = f"{(1 << width) - 1:#x}"
        mask = f"UINT64_C({mask})" if width > 32 else mask
        return Text(f"{t.at(_UNARY)} & {mask}", _AND, max(t.rank, 2 if width > 32 else 0))

    def _operator(self, e: Expr) -> Text:
        """Sums of 16 bits and products of 15 fit an int; anything wider needs unsigned arithmetic."""
        a, b = e.args
        if e.op in _BITWISE:
            symbol, prec = _BITWISE[e.op]
            x, y = self._operands(a, b, 0)
            texts = [t.text if t.prec == prec and v.op == e.op else t.at(_UNARY) for t, v in ((x, a), (y, b))]
            return Text(f" {symbol} ".join(texts), prec, max(x.rank, y.rank))
        symbol, prec = _ARITHMETIC[e.op]
        rank = max(_rank(e.width), 1 if e.op == "mul" and e.width > 15 else 0)
        if e.op == "add" and b.is_const and b.value >> (e.width - 1) and e.width > 1:
            symbol, b = "-", _negative(b)
        x, y = self._operands(a, b, rank)
        t = Text(f"{x.at(prec)} {symbol} {y.at(prec + 1)}", prec, max(x.rank, y.rank))
        return t if e.op in ("udiv", "urem") else self._wrap(t, e.width)

    def _helper(self, e: Expr) -> Text:
        x, y = (self._text(a).text for a in e.args)
        return self._wrap(Text(f"{_HELPERS[e.op]}({x}, {y}, {e.width})", _PRIMARY, 2), e.width)

    def _logic(self, e: Expr) -> Text:
        x, y = (self._text(a) for a in e.args)
        if e.op == "xor":
            return Text(f"{x.at(_ADD)} != {y.at(_ADD)}", _EQUALITY, 0)
        symbol, prec = ("&&", _LAND) if e.op == "and" else ("||", _LOR)
        texts = [t.text if t.prec > _LAND or t.prec == prec else f"({t.text})" for t in (x, y)]
        return Text(f" {symbol} ".join(texts), prec, 0)

    def _not(self, e: Expr) -> Text:
        match e.op:
            case "eq":
                return self._equality(e, "!=")
            case "and" | "or" if e not in self._names:
                x, y = (self._text(negate(a)) for a in e.args)
                symbol, prec = ("||", _LOR) if e.op == "and" else ("&&", _LAND)
                texts = [t.text if t.prec > _LAND or t.prec == prec else f"({t.text})" for t in (x, y)]
                return Text(f" {symbol} ".join(texts), prec, 0)
        # Below _EQUALITY: compilers warn about `!a == b`.
        return Text(f"!{self._text(e).at(_UNARY)}", _AND, 0)

    def _equality(self, e: Expr, symbol: str) -> Text:
        x, y = (self._text(a) for a in e.args)
        rank = max(x.rank, y.rank)
        x, y = self._unsigned(x, e.args[0], rank), self._unsigned(y, e.args[1], rank)
        return Text(f"{x.at(_ADD)} {symbol} {y.at(_ADD)}", _EQUALITY, 0)

    def _unsigned(self, t: Text, e: Expr, rank: int) -> Text:
        """One side of a comparison: compilers warn of a computed int beside an unsigned value."""
        return t if t.prec >= _UNARY or e.is_const else self._raised(t, e, rank)

    def _comparison(self, e: Expr) -> Text:
        a, b = e.args
        if e.op == "eq":
            return self._equality(e, "==")
        always = _decided(e)
        if always is not None:
            return Text("true" if always else "false", _PRIMARY, 0)
        symbol = _RELATIONS[e.op]
        if a.is_const:
            symbol, a, b = _MIRRORED[symbol], b, a
        x, y = (self._signed(v) if e.op in ("slt", "sle") else self._text(v) for v in (a, b))
        rank = max(x.rank, y.rank)
        x, y = self._unsigned(x, a, rank), self._unsigned(y, b, rank)
        return Text(f"{x.at(_ADD)} {symbol} {y.at(_ADD)}", _RELATION, 0)

    def _signed(self, e: Expr) -> Text:
        if e.is_const:
            value = signed(e.value, e.width)
            low = -(1 << 63)
            return Text("INT64_MIN" if value == low else str(value), _UNARY, _rank(e.width))
        if e.op == "sym" and e.name == "now" and e not in self._names:
            return Text("now", _PRIMARY, 2)
        if e.width in (8, 16, 32, 64):
            return Text(f"(int{e.width}_t){self._text(e).at(_UNARY)}", _UNARY, _rank(e.width))
        return Text(f"bits_signed({self._text(e).text}, {e.width})", _PRIMARY, 2)

    def _sext(self, e: Expr) -> Text:
        inner = self._signed(e.args[0])
        rank = _rank(e.width)
        t = Text(f"({ctype(e.width)}){inner.at(_UNARY)}", _UNARY, rank)
        return t if e.width in (8, 16) else self._wrap(t, e.width)

    def _extract(self, e: Expr) -> Text:
        x = self._text(e.args[0])
        t = Text(f"{x.at(_UNARY)} >> {e.lo}", _SHIFT, x.rank) if e.lo else x
        return t if e.hi == e.args[0].width - 1 and e.lo else self._wrap(t, e.width)

    def _concat(self, e: Expr) -> Text:
        texts: list[str] = []
        shift, rank = e.width, _rank(e.width)
        for part in e.args:
            shift -= part.width
            if part.is_const and part.value == 0:
                continue
            t = _literal(part.value << shift) if part.is_const else self._raised(self._text(part), part, rank)
            shifted = t.at(_UNARY) if not shift or part.is_const else f"{t.at(_UNARY)} << {shift}"
            texts.append(shifted)
        return Text(" | ".join(texts), _OR if len(texts) > 1 else _SHIFT, rank)

    def _choice(self, e: Expr) -> Text:
        cond, yes, no = (self._text(a) for a in e.args)
        rank = max(yes.rank, no.rank)
        yes, no = self._raised(yes, e.args[1], rank), self._raised(no, e.args[2], rank)
        return Text(f"{cond.at(_UNARY)} ? {yes.at(_UNARY)} : {no.at(_UNARY)}", _CHOICE, rank)

    def _packet_sum(self, e: Expr) -> Text:
        start, count = e.args
        return Text(f"packet_sum(packet + {start.value}, {self._text(count).text})", _PRIMARY, 1)

    def _crc(self, e: Expr) -> Text:
        """The SSE4.2 instructions, by the width of their second operand."""
        if "crc32" not in e.name or len(e.args) != 2:
            raise InternalError(f"unknown function {e.name} in {e}")
        crc, data = (self._text(a).text for a in e.args)
        return Text(f"bits_crc32c({crc}, {data}, {e.args[1].width})", _PRIMARY, 1)


def _negative(c: Expr) -> Expr:
    """The constant -c, for printing ``x - 3`` instead of adding 2**w - 3."""
    return const(-c.value, c.width)


def _decided(e: Expr) -> bool | None:
    """The outcome of an ordering against the least or greatest value, which compilers warn about."""
    a, b = e.args
    low, high = (0, (1 << a.width) - 1) if e.op[0] == "u" else (1 << (a.width - 1), (1 << (a.width - 1)) - 1)
    if e.op in ("ule", "sle"):
        return True if (a.is_const and a.value == low) or (b.is_const and b.value == high) else None
    return False if (a.is_const and a.value == high) or (b.is_const and b.value == low) else None
