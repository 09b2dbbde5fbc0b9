"""Floating-point arithmetic on constants, as initialisation code does it. What depends on a packet is refused."""

from __future__ import annotations

import math
import struct

from maestro.diagnostics import Span, UnsupportedError
from maestro.ir import types as ty
from maestro.ir.expr import Expr, const

_FORMATS = {"float": ("<f", "<I", 32), "double": ("<d", "<Q", 64)}


def compute(op: str, values: list[object], source: ty.Type, result: ty.Type, span: Span | None) -> Expr:
    """The result of ``op`` on bit patterns. Raises UnsupportedError unless all of them are constants."""
    if not all(isinstance(v, Expr) and v.is_const for v in values):
        raise UnsupportedError(
            "floating-point arithmetic is not supported in packet processing",
            span=span,
            hint="use integers; Maestro analyses integer arithmetic, memory and calls",
            code="unsupported-instruction",
        )
    numbers = [_number(v, source, signed=op == "sitofp") for v in values if isinstance(v, Expr)]
    if op.startswith("fcmp "):
        return const(_compare(op.removeprefix("fcmp "), *numbers), 1)
    value = _arithmetic(op, numbers)
    if isinstance(result, ty.FloatType):
        return _bits(value, result)
    assert isinstance(result, ty.IntType)
    if not math.isfinite(value):
        raise UnsupportedError("makes an integer of an infinite number", span=span, code="unsupported-instruction")
    return const(math.trunc(value) & ((1 << result.bits) - 1), result.bits)


def _number(e: Expr, t: ty.Type, *, signed: bool) -> float:
    if isinstance(t, ty.FloatType):
        decode, encode, _ = _FORMATS[t.name]
        return float(struct.unpack(decode, struct.pack(encode, e.value))[0])
    return float(e.value - (1 << e.width) if signed and e.value >> (e.width - 1) else e.value)


def _bits(value: float, t: ty.FloatType) -> Expr:
    decode, encode, width = _FORMATS[t.name]
    try:
        packed = struct.pack(decode, value)
    except OverflowError:
        packed = struct.pack(decode, math.copysign(math.inf, value))
    return const(struct.unpack(encode, packed)[0], width)


def _arithmetic(op: str, numbers: list[float]) -> float:
    a = numbers[0]
    b = numbers[1] if len(numbers) > 1 else 0.0
    match op:
        case "fadd":
            return a + b
        case "fsub":
            return a - b
        case "fmul":
            return a * b
        case "fdiv":
            return _divided(a, b)
        case "frem":
            return math.fmod(a, b) if b and math.isfinite(a) else math.nan
        case "fneg":
            return -a
    return a  # a conversion


def _divided(a: float, b: float) -> float:
    if b:
        return a / b
    return math.nan if a == 0 or math.isnan(a) else math.copysign(math.inf, a) * math.copysign(1, b)


def _compare(predicate: str, a: float, b: float) -> bool:
    """``oeq`` is false and ``ueq`` is true when one side is not a number."""
    unordered = math.isnan(a) or math.isnan(b)
    if predicate in ("ord", "uno", "true", "false"):
        return {"ord": not unordered, "uno": unordered, "true": True, "false": False}[predicate]
    holds = {"eq": a == b, "ne": a != b, "lt": a < b, "le": a <= b, "gt": a > b, "ge": a >= b}[predicate[1:]]
    return predicate[0] == "u" if unordered else holds
