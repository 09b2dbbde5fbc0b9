"""``maestro rss``: the RSS engine on its own. No logic, as in ``cli.py``, which adds the group to the others."""

from __future__ import annotations

import click

_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON object (docs/reference/rss.md).")


@click.group()
def rss() -> None:
    """Keys and tables for receive-side scaling: compute, solve, check, simulate."""


@rss.command("hash")
@click.argument("source", metavar="SRC[:PORT]")
@click.argument("destination", metavar="DST[:PORT]")
@click.option("--key", "key", required=True, metavar="HEX", help="The key, or the name of a well-known one.")
@click.option("--reta", default=128, show_default=True, metavar="N", type=click.IntRange(1, 4096), help="Table size.")
@click.option("--cores", default=2, show_default=True, type=int, metavar="N", help="Queues that the table fills.")
@_json
def hash_(source: str, destination: str, key: str, reta: int, cores: int, as_json: bool) -> None:
    """The Toeplitz hash of a packet from SRC to DST, its table index and its queue.

    IPv6 with ports: [ADDRESS]:PORT.
    """
    from maestro.report import rss as pages
    from maestro.report.view import View
    from maestro.rss.endpoint import hash_endpoints, read_endpoint
    from maestro.rss.keys import read_key

    view = View(as_json)
    found = hash_endpoints(read_key(key), read_endpoint(source), read_endpoint(destination), reta, cores)
    view.show(pages.hashed(found))
    view.document(pages.text(pages.hashed_json(found)))
