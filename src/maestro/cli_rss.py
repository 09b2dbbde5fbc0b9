"""``maestro rss``: the RSS engine on its own. No logic, as in ``cli.py``, which adds the group to the others."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from maestro.diagnostics import ExitStatus

F = TypeVar("F", bound=Callable[..., Any])

_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON object (docs/reference/rss.md).")
_key = click.option("--key", "key", required=True, metavar="HEX", help="The key, or the name of a well-known one.")
_cores = click.option("--cores", default=2, show_default=True, type=int, metavar="N", help="Queues, one a core.")
_seed = click.option("--seed", default=None, type=int, metavar="N", help="Same seed, same keys (default: new ones).")
_nic = click.option("--nic", "nic", required=True, metavar="NAME", help="NIC profile (docs/reference/nic-profiles.md).")
_require = click.option(
    "--require",
    "texts",
    required=True,
    multiple=True,
    metavar="TEXT",
    help="Which packets must meet on one core, e.g. 'port0(ipv4.src) == port0(ipv4.src)'; may be repeated.",
)
_reta = click.option(
    "--reta", "reta_size", default=None, type=int, metavar="N", help="Table size (default: the NIC's)."
)


def _devices(ctx: click.Context, param: click.Parameter, values: tuple[str, ...]) -> dict[int, str]:
    found = {}
    for value in values:
        port, equals, name = value.partition("=")
        if not (equals and name and port.isdecimal()):
            raise click.BadParameter(f"'{value}' is not PORT=DEVICE, for example 0=eth0")
        found[int(port)] = name
    return found


def _numbers(ctx: click.Context, param: click.Parameter, value: str | None) -> tuple[float, ...] | None:
    try:
        return None if value is None else tuple(float(part) for part in value.split(","))
    except ValueError:
        raise click.BadParameter(f"'{value}' is not a list of numbers, for example 3,1,1") from None


def _hash(ctx: click.Context, param: click.Parameter, value: str) -> int:
    try:
        number = int(value, 0)
    except ValueError:
        number = -1
    if not 0 <= number < 1 << 32:
        raise click.BadParameter(f"'{value}' is no number of 32 bits, for example 0xffffffff")
    return number


_mode = click.option(
    "--symmetric",
    type=click.Choice(["none", "xor", "or-xor", "sort"]),
    default="none",
    show_default=True,
    help="What the NIC makes of source and destination before it hashes them.",
)
_initial = click.option(
    "--initial", default="0", show_default=True, callback=_hash, metavar="HASH", help="What the hash starts at."
)
_weights = click.option(
    "--weights", callback=_numbers, metavar="W,W,...", help="Shares of the cores (default: equal ones)."
)
_tolerance = click.option(
    "--tolerance", default=5.0, show_default=True, metavar="PERCENT", help="How uneven cores may be."
)


@click.group()
def rss() -> None:
    """Keys and tables for receive-side scaling: compute, solve, check, simulate."""


@rss.command("hash")
@click.argument("source", metavar="SRC[:PORT]")
@click.argument("destination", metavar="DST[:PORT]")
@_key
@click.option("--reta", default=128, show_default=True, metavar="N", type=click.IntRange(1, 4096), help="Table size.")
@_cores
@_mode
@_initial
@_json
def hash_(
    source: str, destination: str, key: str, reta: int, cores: int, symmetric: str, initial: int, as_json: bool
) -> None:
    """The Toeplitz hash of a packet from SRC to DST, its table index and its queue.

    IPv6 with ports: [ADDRESS]:PORT.
    """
    from maestro.report import json
    from maestro.report import rss as pages
    from maestro.report.view import View
    from maestro.rss.endpoint import hash_endpoints, read_endpoint
    from maestro.rss.keys import read_key

    view = View(as_json)
    ends = read_endpoint(source), read_endpoint(destination)
    found = hash_endpoints(read_key(key), *ends, reta, cores, symmetric, initial)
    view.show(pages.hashed(found))
    view.document(json.text(pages.hashed_json(found)))


@rss.command()
@_nic
@_require
@_cores
@_weights
@_seed
@_reta
@click.option(
    "--emit", type=click.Choice(["ethtool", "dpdk", "c", "json"]), help="Print the configuration in this form only."
)
@click.option(
    "--device", "devices", multiple=True, callback=_devices, metavar="PORT=DEVICE", help="A port's name, for ethtool."
)
@click.option("--no-software", is_flag=True, help="Nobody can send packets on: the NIC must steer all types alone.")
@click.option(
    "--robust", is_flag=True, help="Keys valid whether the NIC packs the chosen fields or zeroes the others in place."
)
@click.option(
    "--per-rule-keys", is_flag=True, help="A key for each group of packet types, where one for all does not do."
)
@click.option(
    "--symmetric",
    type=click.Choice(["never", "auto", "xor", "or-xor", "sort"]),
    default="auto",
    show_default=True,
    help="Let the NIC make hashes symmetric: never, where only that helps, or in this mode.",
)
@click.option(
    "--solver",
    type=click.Choice(["gf2", "z3"]),
    default="gf2",
    show_default=True,
    help="z3: ask Z3 the same question too; the two must agree.",
)
@click.option(
    "--against",
    type=click.IntRange(1),
    metavar="N",
    help="Compare with the best of N random valid keys (100000 take some seconds).",
)
@_json
def solve(emit: str | None, devices: dict[int, str], as_json: bool, **options: Any) -> None:
    """Keys under which packets that must meet on one core do; or why there are none (exit status 5)."""
    from maestro.report import json, rss_emit
    from maestro.report import rss as pages
    from maestro.report.view import View
    from maestro.rss.explain import Infeasible
    from maestro.rss.language import types_at
    from maestro.rss.request import answer

    view = View(as_json or emit == "json")
    found = answer(**options)
    failed = isinstance(found.found, Infeasible) and not found.rules
    if emit in (None, "json") or failed:
        view.show(pages.answered(found))
    elif found.rules or isinstance(found.found, Infeasible):
        view.text(rss_emit.emit_rules(emit, found.rules, found.nic))
    else:
        view.text(rss_emit.emit(emit, found.found, found.nic, types_at(found.requirements), devices, found.symmetric))
    view.document(json.text(pages.answered_json(found)))
    if failed:
        click.get_current_context().exit(ExitStatus.DIFFERENT)


@rss.command()
@_nic
@_require
@click.option(
    "--key", "keys", required=True, multiple=True, metavar="[PORT=]HEX", help="The key of all ports, or of one port."
)
@_reta
@click.option("--fields", metavar="SET", help="The field set in use (default: look for one that does it).")
@_cores
@_mode
@_json
def check(
    nic: str,
    texts: tuple[str, ...],
    keys: tuple[str, ...],
    reta_size: int | None,
    fields: str | None,
    cores: int,
    symmetric: str,
    as_json: bool,
) -> None:
    """Whether a key does what must be done, and how well; exit status 5 and a pair of packets when it does not."""
    from maestro.report import json
    from maestro.report import rss_check as pages
    from maestro.report.view import View
    from maestro.rss import language, profile
    from maestro.rss.examine import examine
    from maestro.rss.keys import keys_by_port

    view = View(as_json)
    card = profile.load(nic)
    requirements = [language.parse(text, card) for text in texts]
    given = keys_by_port(keys, language.ports(requirements), card.key_bytes)
    types = language.types_at(requirements)
    found = examine(card, given, requirements, types, reta_size or card.reta_default, fields, symmetric)
    view.show(pages.checked(found, card, cores))
    view.document(json.text(pages.checked_json(found, card, requirements, cores)))
    if not found.holds:
        click.get_current_context().exit(ExitStatus.DIFFERENT)


@rss.command()
@_nic
@click.option(
    "--pcap", required=True, type=click.Path(path_type=Path), metavar="FILE", help="The packets that arrive, in order."
)
@click.option("--require", "texts", multiple=True, metavar="TEXT", help="Solve for a key, as `solve` does.")
@click.option("--key", "key", metavar="HEX", help="Or the key in use, or the name of a well-known one.")
@click.option("--fields", metavar="SET", help="With --key: the field set in use (default: the NIC's first).")
@click.option("--port", type=click.IntRange(0, 63), metavar="N", help="With --require: the port they arrive on.")
@_cores
@_weights
@_seed
@_reta
@_mode
@_initial
@click.option("--by", type=click.Choice(["packets", "bytes"]), default="packets", show_default=True, help="Balance by.")
@_tolerance
@click.option("--out", type=click.Path(path_type=Path), metavar="FILE", help="A plot: .svg, or .png with matplotlib.")
@_json
def simulate(pcap: Path, out: Path | None, by: str, tolerance: float, as_json: bool, **options: Any) -> None:
    """Packets and bytes per core of a capture, before and after balancing the table."""
    from maestro.report import json, rss_plot
    from maestro.report import rss_simulate as pages
    from maestro.report.view import View
    from maestro.rss.simulate import prepare, simulate
    from maestro.traffic.pcap import read_pcap

    view = View(as_json)
    steered, size, weights = prepare(**options)
    frames = (frame for _, frame in read_pcap(pcap))
    found = simulate(frames, steered, size, weights, tolerance / 100, by_bytes=by == "bytes")
    if out:
        rss_plot.write(found, out)
    view.show(pages.simulated(found, steered))
    view.document(json.text(pages.simulated_json(found, steered)))


@rss.command()
@click.option(
    "--counters",
    required=True,
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Packets of every table entry, in order, separated by spaces or line ends.",
)
@click.option(
    "--table",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The core of every entry in the table in use (default: in turn).",
)
@_cores
@_weights
@_tolerance
@_json
def balance(counters: Path, table: Path | None, tolerance: float, as_json: bool, **options: Any) -> None:
    """A better indirection table for the packets counted at every entry, with few entries moved or afresh."""
    from maestro.report import json
    from maestro.report import rss_simulate as pages
    from maestro.report.view import View
    from maestro.rss.counters import balance as balanced

    view = View(as_json)
    found = balanced(counters, table, tolerance=tolerance / 100, **options)
    view.show(pages.simulated(found))
    view.document(json.text(pages.simulated_json(found)))


@rss.command()
@click.option(
    "--nic", "nics", multiple=True, metavar="NAME", help="For which NICs keys are sought (default: some); repeatable."
)
@click.option("--turns", default=7, show_default=True, type=click.IntRange(1, 1000), metavar="N", help="Turns to take.")
@_json
def bench(nics: tuple[str, ...], turns: int, as_json: bool) -> None:
    """Hashes a second, beside DPDK's where it is installed, and how long finding keys takes, beside Z3."""
    from maestro.bench.toeplitz import rates
    from maestro.report import json
    from maestro.report import rss_bench as pages
    from maestro.report.view import View
    from maestro.rss.speed import measure

    view = View(as_json)
    solved = measure(nics or ("e810", "82599", "mlx5"), turns)
    hashes = rates(turns)
    view.show(pages.measured(hashes, solved))
    view.document(json.text(pages.measured_json(hashes, solved)))
