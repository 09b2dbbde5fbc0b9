"""What reads text or bytes that a user gives, each as a function of bytes.

A target may raise UserError (and its kin), which is an answer. Anything else is a bug.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from maestro.diagnostics import InternalError, UserError
from maestro.frontend.link import link
from maestro.frontend.settings import settings
from maestro.rss.counters import read_numbers
from maestro.rss.endpoint import read_endpoint
from maestro.rss.keys import read_key
from maestro.rss.language import parse
from maestro.rss.profile import load
from maestro.traffic.pcap import read_pcap

Target = Callable[[bytes], object]


def _text(data: bytes) -> str:
    return data.decode("utf-8", errors="replace")


def requirement(data: bytes) -> None:
    """A requirement, read with and without a NIC; and once more from what it prints."""
    again = str(parse(_text(data)))
    assert str(parse(again)) == again
    parse(_text(data), load("e810"))


def key(data: bytes) -> None:
    read_key(_text(data))
    read_key(_text(data), 40)


def endpoint(data: bytes) -> None:
    read_endpoint(_text(data))


def _in_file(name: str, read: Callable[[Path], object]) -> Target:
    def target(data: bytes) -> None:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, name)
            path.write_bytes(data)
            read(path)

    return target


def ir(data: bytes) -> None:
    """LLVM IR as text; what was read can be printed. It comes from the compiler, so other text is Maestro's mistake,
    and said to be: with the line."""
    try:
        str(link([_text(data)], str))
    except InternalError as error:
        if "IR" not in str(error):
            raise


TARGETS: dict[str, Target] = {
    "requirement": requirement,
    "key": key,
    "endpoint": endpoint,
    "counters": _in_file("counters.txt", lambda path: read_numbers(path, "counter")),
    "profile": _in_file("nic.toml", lambda path: load(str(path))),
    "settings": _in_file("nf.toml", lambda path: settings([path.parent])),
    "pcap": _in_file("in.pcap", lambda path: list(read_pcap(path))),
    "ir": ir,
}


def run(name: str, data: bytes) -> None:
    """Raises what is a bug."""
    with suppress(UserError):
        TARGETS[name](data)
