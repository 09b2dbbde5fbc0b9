"""``maestro doctor``: what NICs are set to do, and whether it is what an NF needs. No logic, as in ``cli.py``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from maestro.cli_options import NFCommand
from maestro.diagnostics import ExitStatus

if TYPE_CHECKING:
    from maestro.doctor.needs import Needs
    from maestro.report.view import View
    from maestro.rss.profile import Profile


def _by_port(devices: tuple[str, ...], first: int) -> dict[int, str]:
    """``PORT=DEVICE``, or devices of ports from ``first`` on."""
    found: dict[int, str] = {}
    for n, text in enumerate(devices):
        head, equals, name = text.partition("=")
        port = int(head) if equals and head.isdecimal() else first + n
        if port in found:
            raise click.UsageError(f"port {port} is named twice")
        found[port] = name if equals else text
    return found


@click.command(cls=NFCommand)
@click.argument("devices", nargs=-1, required=True, metavar="[PORT=]DEVICE...")
@click.option(
    "--nf", type=click.Path(path_type=Path), metavar="SOURCE", help="The NF that is to run: a C file, or its folder."
)
@click.option("--require", "texts", multiple=True, metavar="TEXT", help="Or what must meet on one core (docs: rss.md).")
@click.option(
    "--port", default=0, show_default=True, type=click.IntRange(0, 63), metavar="N", help="The first DEVICE's."
)
@click.option(
    "--cores", default=2, show_default=True, type=click.IntRange(1, 256), metavar="N", help="Cores of the NF."
)
@click.option("--nic", metavar="NAME", help="NIC profile (default: by the device's driver).")
@click.option("--seed", type=int, metavar="N", help="Same seed, same keys in the commands (default: new ones).")
@click.option(
    "--from",
    "files",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="What ethtool printed, instead of asking it now; one for each DEVICE, in order.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object (docs/reference/rss.md).")
def doctor(
    devices: tuple[str, ...],
    nf: Path | None,
    texts: tuple[str, ...],
    port: int,
    cores: int,
    nic: str | None,
    seed: int | None,
    files: tuple[Path, ...],
    as_json: bool,
) -> None:
    """What the RSS of network devices does now, whether an NF can do with it, and what would mend it.

    Reads only. The exit status is 5 when it is not what is needed.
    """
    from maestro.doctor import ethtool
    from maestro.doctor.examine import examine, profile_of
    from maestro.report import doctor as pages
    from maestro.report import json
    from maestro.report.view import View

    if nf is not None and texts:
        raise click.UsageError("--nf and --require exclude one another")
    if files and len(files) != len(devices):
        raise click.UsageError(f"{len(devices)} devices, {len(files)} files: give --from once for each device")
    view = View(as_json)
    names = _by_port(devices, port)
    if files:
        readings = {p: ethtool.read_file(f, name) for (p, name), f in zip(names.items(), files, strict=True)}
    else:
        readings = {p: ethtool.read(name) for p, name in names.items()}
    card = profile_of(next(iter(readings.values())), nic)
    found = examine(readings, card, _needs(nf, texts, card, nic or card.name, cores, view), cores, seed)
    view.show(pages.examined(found))
    if mending := pages.commands(found):
        view.text(f"\nTo set it up as needed (nothing has been changed):\n\n{mending}")
    view.document(json.text(pages.examined_json(found)))
    if found.holds is False:
        click.get_current_context().exit(ExitStatus.DIFFERENT)


def _needs(nf: Path | None, texts: tuple[str, ...], card: Profile, nic: str, cores: int, view: View) -> Needs | None:
    from maestro.doctor.needs import of_nf, stated

    if nf is None:
        return stated(texts, card) if texts else None
    return of_nf(nf, nic, cores, click.get_current_context().meta.get("nf_args"), view.phases())
