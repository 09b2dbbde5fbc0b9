"""Replies to what the NF really sent: an NF that rewrites addresses or ports is answered at what it chose."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random

from maestro.ir.model import Model
from maestro.traffic.generate import Stream, write_streams
from maestro.traffic.mirror import mirrored, ports_at
from maestro.verify import verdicts
from maestro.verify.run import Captures, pairs_of, replay
from maestro.verify.verdicts import Verdict, VerdictFile

MAX_REPLIES = 100_000
"""To one set of captures."""

_CHUNK = 4096
_HEADERS = range(26, 14 + 60 + 4)  # where addresses and ports of IPv4 and IPv6 are


def rewrites(model: Model) -> bool:
    """Whether some path sends on a packet whose addresses or ports it may have changed, or moved."""
    sent = (p for p in model.paths if p.verdict.kind != "drop")
    return any(p.head or p.checksums or any(offset in _HEADERS for offset, _ in p.edits) for p in sent)


@dataclass(frozen=True)
class Replies:
    """``ports``: the NF's ports. Replies come at most ``patience_ns`` after what they answer."""

    ports: int
    patience_ns: int
    seed: int = 1


def with_replies(program: Path, inputs: Captures, cores: int, folder: Path, spec: Replies) -> Captures:
    """``inputs`` and replies to what ``program`` sends when it gets them.

    Every sent packet has the same chance to be answered, at most ``MAX_REPLIES`` are. Some replies come from the
    wrong peer, or go to a port that the NF never used. Raises as :func:`maestro.verify.run.replay` does.
    """
    folder.mkdir(parents=True, exist_ok=True)
    record = folder / "sent"
    replay(program, inputs, cores=cores, verdicts=record)
    with VerdictFile(record) as file:
        replies = sorted(_replies(file, spec))
    record.unlink()
    written = write_streams(iter(replies), tuple(range(spec.ports)), folder)
    return [*pairs_of(inputs), *written.items()]


def _replies(file: VerdictFile, spec: Replies) -> Stream:
    rng = Random(spec.seed)
    share = MAX_REPLIES / (1.1 * max(MAX_REPLIES, _sent(file)))
    for verdict in _forwarded(file):
        if rng.random() >= share:
            continue
        port = _port(verdict, spec.ports, rng)
        time = verdict.time + rng.choice((0, 1, 1000, rng.randrange(1 + spec.patience_ns)))
        frame = mirrored(verdict.sent)
        yield time, port, frame
        if rng.random() < 0.1:
            yield time + 1, port, _astray(frame, rng)


def _sent(file: VerdictFile) -> int:
    return sum(1 for _ in _forwarded(file))


def _forwarded(file: VerdictFile) -> Iterator[Verdict]:
    for start in range(0, file.packets, _CHUNK):
        records = file.verdicts(start, min(_CHUNK, file.packets - start))
        yield from (v for v in records if v.verdict != verdicts.DROP and len(v.sent) >= 14)


def _port(verdict: Verdict, ports: int, rng: Random) -> int:
    """Where the packet went; one of the places when it went everywhere."""
    if verdict.verdict != verdicts.FLOOD:
        return verdict.verdict
    return rng.choice([p for p in range(ports) if p != verdict.in_port] or [verdict.in_port])


def _astray(frame: bytes, rng: Random) -> bytes:
    """The reply from another host or port than the one spoken to, or to another port than the one it came from."""
    out, at = bytearray(frame), ports_at(frame)
    if at is None:
        return frame
    place, size = rng.choice(((26, 4), (at, 2), (at + 2, 2)))
    out[place : place + size] = rng.randbytes(size)
    return bytes(out)
