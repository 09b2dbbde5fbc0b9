"""What ``maestro rss`` prints, for people and for programs."""

from __future__ import annotations

import json
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from maestro.rss.endpoint import Hashed

Json = dict[str, Any]


def text(value: Json) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2)


def facts(*rows: tuple[str, str]) -> Table:
    """Names and values, one a line."""
    table = Table.grid(padding=(0, 2, 0, 0))
    for name, value in rows:
        table.add_row(Text(f"  {name}"), Text(value))
    return table


def hashed(found: Hashed) -> RenderableType:
    """Hash, table index and queue of one packet."""
    rows = [("hash", f"0x{found.hash:08x}  of {', '.join(found.inputs)}")]
    if found.flow is not None:
        rows.append(("addresses alone", f"0x{found.addresses:08x}"))
    rows += [
        ("table index", f"{found.index} of {found.reta_size}"),
        ("queue", f"{found.queue} of {found.cores} (the table filled in turn)"),
    ]
    return Group(Text(f"{found.source} → {found.destination}", style="bold"), facts(*rows))


def hashed_json(found: Hashed) -> Json:
    """Hashes as numbers; ``hash`` is the one that decided ``index`` and ``queue``."""
    return {
        "source": str(found.source),
        "destination": str(found.destination),
        "inputs": list(found.inputs),
        "hash": found.hash,
        "hash_addresses": found.addresses,
        "hash_flow": found.flow,
        "reta_size": found.reta_size,
        "index": found.index,
        "cores": found.cores,
        "queue": found.queue,
    }
