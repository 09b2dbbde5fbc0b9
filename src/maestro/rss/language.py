"""Requirements as text: ``port0(ipv4.src,l4.sport) == port1(ipv4.dst,l4.dport)``.

    requirement = side "==" side
    side        = "port" NUMBER ["@" type {"," type}] "(" [term {"," term}] ")"
    term        = part {"^" part}
    part        = FIELD ["/" BITS | "[" FIRST ":" COUNT "]"]

A packet of one side and a packet of the other whose terms are equal, one by one, must reach the same core. ``/24`` are
the 24 most significant bits of a field; ``[8:16]`` are 16 bits from bit 8, bit 0 the most significant (as in NIC
profiles). Without ``@`` a side speaks of TCP and UDP packets when it names a port (or no IP field at all), and else of
all packets of that IP version.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches

from maestro.diagnostics import UserError
from maestro.ir.packet import FIELDS, PACKET_TYPES, field_offsets
from maestro.ir.plan import FieldBits
from maestro.rss.profile import Profile
from maestro.rss.requirement import Form, Requirement, base_type

MAX_PORTS = 64

_TOKEN = re.compile(r"\s*(==|[A-Za-z_][\w.-]*|\d+|[@(),^/\[\]:])", re.ASCII)


@dataclass(frozen=True)
class Token:
    """``column`` counts from 1; the last token of a text is empty."""

    text: str
    column: int


@dataclass(frozen=True)
class _Term:
    parts: tuple[FieldBits, ...]
    token: Token

    @property
    def width(self) -> int:
        return self.parts[0].count

    def forms(self) -> Iterator[Form]:
        for i in range(self.width):
            bits: frozenset[tuple[str, int]] = frozenset()
            for part in self.parts:
                bits ^= {(part.name, part.first + i)}
            yield Form(bits)


@dataclass(frozen=True)
class _Side:
    port: int
    types: tuple[str, ...]
    terms: tuple[_Term, ...]
    close: Token


def parse(text: str, profile: Profile | None = None) -> Requirement:
    """The requirement that ``text`` states; its label is the text.

    Raises UserError (``requirement``) that shows the column and, with a ``profile``, what that NIC can hash.
    """
    return _Parser(text, profile).requirement()


def ports(requirements: Iterable[Requirement]) -> list[int]:
    """The ports that requirements speak of."""
    return sorted({port for r in requirements for port in (r.left_port, r.right_port)})


def types_at(requirements: Iterable[Requirement]) -> dict[int, frozenset[str]]:
    """Per port, the packet types that requirements speak of, without suffixes."""
    found: dict[int, frozenset[str]] = {}
    for r in requirements:
        for port, types in ((r.left_port, r.left_types), (r.right_port, r.right_types)):
            found[port] = found.get(port, frozenset()) | {base_type(t) for t in types}
    return found


class _Parser:
    def __init__(self, text: str, profile: Profile | None) -> None:
        self.text = " ".join(text.split())
        self.profile = profile
        self.tokens = list(self._tokens())
        self.at = 0

    def _tokens(self) -> Iterator[Token]:
        at = 0
        while at < len(self.text):
            found = _TOKEN.match(self.text, at)
            if not found:
                at += self.text[at] == " "
                raise self.fail(Token(self.text[at], at + 1), f"{self.text[at]!r} has no meaning here")
            yield Token(found[1], found.start(1) + 1)
            at = found.end()
        yield Token("", len(self.text) + 1)

    def fail(self, token: Token, message: str, hint: str = "") -> UserError:
        """The message, the text with a caret below the token, and what could stand there."""
        start = max(0, token.column - 70)
        shown = self.text[start : start + 90]
        caret = " " * (token.column - 1 - start) + "^" * max(1, len(token.text[:20]))
        where = f"requirement, column {token.column}: {message}\n    {shown}\n    {caret}"
        return UserError(where, hint=hint or _FORM, code="requirement")

    def hashable(self) -> str:
        """Fields to choose from, for a hint."""
        if self.profile is None:
            return f"fields: {', '.join(FIELDS)}"
        return f"{self.profile.title} can hash {', '.join(f for f in FIELDS if f in self.profile.hashable)}"

    @property
    def next(self) -> Token:
        return self.tokens[self.at]

    def take(self) -> Token:
        token = self.next
        self.at += token.text != ""
        return token

    def skip(self, text: str) -> bool:
        if self.next.text != text:
            return False
        self.at += 1
        return True

    def expect(self, text: str, why: str) -> Token:
        if self.next.text != text:
            raise self.fail(self.next, f"{text!r} is missing {why}{self._instead()}")
        return self.take()

    def _instead(self) -> str:
        return f", there is {self.next.text!r}" if self.next.text else ""

    def requirement(self) -> Requirement:
        if not self.text:
            raise self.fail(self.next, "the requirement is empty")
        left = self.side()
        self.expect("==", f"after the side of port {left.port}")
        right = self.side()
        if self.next.text:
            raise self.fail(self.next, f"nothing can follow the second side, there is {self.next.text!r}")
        self.check_terms(left, right)
        forms = [tuple(form for term in side.terms for form in term.forms()) for side in (left, right)]
        return Requirement(left.port, left.types, forms[0], right.port, right.types, forms[1], self.text)

    def check_terms(self, left: _Side, right: _Side) -> None:
        for n, (a, b) in enumerate(zip(left.terms, right.terms, strict=False), 1):
            if a.width != b.width:
                sizes = f"{a.token.text!r} has {a.width} bits, {b.token.text!r} has {b.width}"
                raise self.fail(b.token, f"term {n} cannot be compared: {sizes}", "take as many bits of both")
        longer, shorter = (left, right) if len(left.terms) > len(right.terms) else (right, left)
        if len(longer.terms) > len(shorter.terms):
            extra = longer.terms[len(shorter.terms)].token
            what = f"{len(left.terms)} terms are compared with {len(right.terms)}: {extra.text!r} has no counterpart"
            raise self.fail(extra, what, "the first term is compared with the first, and so on")

    def side(self) -> _Side:
        token = self.take()
        number = re.fullmatch(r"port(\d+)", token.text)
        if not number:
            raise self.fail(token, f"{token.text!r} is no port" if token.text else "a port is missing", _FORM)
        if len(number[1]) > 3 or int(number[1]) >= MAX_PORTS:
            raise self.fail(token, f"ports are port0 to port{MAX_PORTS - 1}")
        types = self.type_names() if self.skip("@") else []
        self.expect("(", f"after {token.text!r}")
        terms: list[_Term] = []
        while self.next.text != ")":
            if terms:
                self.expect(",", f"after {terms[-1].token.text!r}")
            terms.append(self.term())
        close = self.take()
        return _Side(int(number[1]), self.types(types, terms, close), tuple(terms), close)

    def term(self) -> _Term:
        first = self.next
        parts = [self.part()]
        while self.skip("^"):
            token = self.next
            parts.append(self.part())
            if parts[-1].count != parts[0].count:
                sizes = f"{parts[0].count} bits and {parts[-1].count} bits"
                raise self.fail(token, f"{first.text!r} ^ {token.text!r}: {sizes}", "take as many bits of both")
        return _Term(tuple(parts), first)

    def part(self) -> FieldBits:
        token = self.take()
        if token.text not in FIELDS:
            close = get_close_matches(token.text.lower(), FIELDS, n=1, cutoff=0.6)
            hint = (f"did you mean {close[0]}? " if close else "") + self.hashable()
            raise self.fail(token, f"{token.text!r} is no field" if token.text else "a field is missing", hint)
        width = FIELDS[token.text]
        if self.skip("/"):
            count, at = self.number("bits of a prefix")
            if not 1 <= count <= width:
                raise self.fail(at, f"{token.text} has {width} bits: a prefix is /1 to /{width}")
            return FieldBits(token.text, 0, count)
        if not self.skip("["):
            return FieldBits(token.text, 0, width)
        first, at = self.number("first bit")
        self.expect(":", "between the first bit and the number of bits")
        count, _ = self.number("number of bits")
        self.expect("]", "after the number of bits")
        if count < 1 or first + count > width:
            raise self.fail(
                at, f"[{first}:{count}], {count} bits from bit {first}, are not within {token.text}'s {width}"
            )
        return FieldBits(token.text, first, count)

    def number(self, what: str) -> tuple[int, Token]:
        token = self.take()
        if not (token.text.isascii() and token.text.isdigit()) or len(token.text) > 4:
            raise self.fail(token, f"{token.text!r} is no {what}" if token.text else f"the {what} is missing")
        return int(token.text), token

    def type_names(self) -> list[Token]:
        names = [self.take()]
        while self.skip(","):
            names.append(self.take())
        return names

    def types(self, names: list[Token], terms: list[_Term], close: Token) -> tuple[str, ...]:
        """The packet types of a side: those named, or those that its fields speak of."""
        fields = {part.name for term in terms for part in term.parts}
        family = "ipv6" if any(name.startswith("ipv6") for name in fields) else "ipv4"
        chosen: dict[str, None] = {}
        for token in names:
            chosen |= dict.fromkeys(self.named_types(token, family))
        if not names:
            transport = {f"{family}-tcp", f"{family}-udp"}
            everything = any(f.startswith("ip") for f in fields) and not any(f.startswith("l4") for f in fields)
            chosen = dict.fromkeys(t for t in PACKET_TYPES if (t.startswith(family) if everything else t in transport))
        for term in terms:
            for part in term.parts:
                for t in chosen:
                    if part.name not in _fields_of(t):
                        raise self.fail(term.token, f"{t} packets have no {part.name}", self.hashable())
        return tuple(t for t in PACKET_TYPES if t in chosen)

    def named_types(self, token: Token, family: str) -> list[str]:
        if token.text in PACKET_TYPES:
            return [token.text]
        if token.text in ("ipv4", "ipv6"):
            return [t for t in PACKET_TYPES if t.startswith(token.text)]
        if f"{family}-{token.text}" in PACKET_TYPES:
            return [f"{family}-{token.text}"]
        what = f"{token.text!r} is no packet type" if token.text else "a packet type is missing"
        raise self.fail(
            token, what, f"packet types: tcp, udp, other, options, fragment, ipv4, ipv6, {', '.join(PACKET_TYPES)}"
        )


def _fields_of(packet_type: str) -> frozenset[str]:
    vlan = {"vlan.id"} if packet_type == "vlan" else set()
    return frozenset(field_offsets(packet_type)) | vlan


_FORM = "the form is 'port0(ipv4.src,l4.sport) == port1(ipv4.dst,l4.dport)'"
