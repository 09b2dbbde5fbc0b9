"""What ``maestro rss simulate`` prints."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from maestro.ir.packet import PACKET_TYPES
from maestro.report.json import Json
from maestro.report.rss import facts
from maestro.rss.hasher import Steered
from maestro.rss.simulate import Share, Simulation

_BAR = 28  # characters of the longest bar
_NAMES = {"before": "table as it was", "few moves": "balanced, few entries moved", "afresh": "balanced afresh"}


def simulated(found: Simulation, steered: Steered | None = None) -> RenderableType:
    """Bars of every table's shares, and what stands in the way of better ones. ``steered``: unless counters say it."""
    total, types = sum(found.packets), sorted(found.types, key=PACKET_TYPES.index)
    volume = f", {sum(found.bytes)} bytes" if any(found.bytes) else ""
    head = Text(f"{total} packets{volume}", style="bold")
    rows: list[tuple[str, str]] = []
    if steered is not None:
        rows.append(("packet types", ", ".join(f"{t} {found.types[t]}" for t in types) or "none"))
        rows.append(("key", steered.key.hex(" ", 2)))
        unhashed = sum(found.types[t] for t in types if t not in steered.resteered and not steered.inputs[t])
        if unhashed:
            rows.append(("not hashed", f"{unhashed} packets, to table index 0"))
    rows.append(("heaviest entry", f"{100 * found.heaviest:.1f} % of the packets; its core has at least these"))
    return Group(head, facts(*rows), *(_share(share, found) for share in found.shares))


def _share(share: Share, found: Simulation) -> RenderableType:
    moved = f", {share.moved} of {len(share.table)} entries moved" if share.name != "before" else ""
    title = Text("\n").append(_NAMES[share.name], style="bold").append(moved, style="default")
    title.append(f": fullest core {share.fullest(found.weights):.2f} of its share, variation {share.variation:.3f}")
    bars = Table.grid(padding=(0, 2, 0, 0))
    longest, total = max(*share.packets, 1), max(sum(share.packets), 1)
    for core, (packets, volume) in enumerate(zip(share.packets, share.bytes, strict=True)):
        bar = "█" * round(_BAR * packets / longest)
        percent = f"{100 * packets / total:5.1f} %"
        cells = [f"  core {core}", bar.ljust(_BAR), percent, f"{packets} packets"]
        cells += [f"{volume} bytes"] if any(found.bytes) else []
        bars.add_row(*map(Text, cells))
    return Group(title, bars)


def simulated_json(found: Simulation, steered: Steered | None = None) -> Json:
    return {
        "packets": sum(found.packets),
        "bytes": sum(found.bytes),
        "types": found.types,
        "key": steered.key.hex() if steered else None,
        "cores": len(found.weights),
        "weights": list(found.weights),
        "heaviest_entry": found.heaviest,
        "packets_per_entry": list(found.packets),
        "bytes_per_entry": list(found.bytes),
        "tables": [
            {
                "name": share.name,
                "moved": share.moved,
                "fullest_core": share.fullest(found.weights),
                "variation": share.variation,
                "packets_per_core": list(share.packets),
                "bytes_per_core": list(share.bytes),
                "reta": list(share.table),
            }
            for share in found.shares
        ],
    }
