"""Options that several commands have, and the job that they make. No logic, as in ``cli.py``."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
from click.core import ParameterSource
from click.shell_completion import CompletionItem

from maestro.codegen.passes import NAMES
from maestro.frontend.toolchain import NO_CACHE

if TYPE_CHECKING:
    from maestro.pipeline import Job

F = TypeVar("F", bound=Callable[..., Any])


class NFCommand(click.Command):
    """A command whose arguments after ``--`` belong to the NF."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        at = args.index("--") if "--" in args else len(args)
        if at < len(args):
            ctx.meta["nf_args"] = tuple(args[at + 1 :])
        return super().parse_args(ctx, args[:at])

    def collect_usage_pieces(self, ctx: click.Context) -> list[str]:
        return [*super().collect_usage_pieces(ctx), "[-- NF_ARGS...]"]


def options_of(*options: Callable[[F], F]) -> Callable[[F], F]:
    def apply(function: F) -> F:
        for option in reversed(options):
            function = option(function)
        return function

    return apply


def numbered(what: str) -> Callable[[click.Context, click.Parameter, tuple[str, ...]], dict[int, str]]:
    """Reads ``PORT=SOMETHING`` options into a dictionary."""

    def read(ctx: click.Context, param: click.Parameter, values: tuple[str, ...]) -> dict[int, str]:
        found: dict[int, str] = {}
        for value in values:
            port, equals, rest = value.partition("=")
            if not (equals and rest and port.isdigit()):
                raise click.BadParameter(f"'{value}' is not PORT={what}, for example 0={what.lower()}")
            if int(port) in found:
                raise click.BadParameter(f"port {port} is given twice")
            found[int(port)] = rest
        return found

    return read


def captures(ctx: click.Context, param: click.Parameter, values: tuple[str, ...]) -> dict[int, Path]:
    return {port: Path(name) for port, name in numbered("FILE")(ctx, param, values).items()}


def numbered_names(ctx: click.Context, param: click.Parameter, values: tuple[str, ...]) -> dict[int, str]:
    return numbered("NAME")(ctx, param, values)


def nic_names(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Completes the names of NIC profiles."""
    from maestro.rss.profile import names

    return [CompletionItem(name) for name in names() if name.startswith(incomplete)]


def compile_anew(ctx: click.Context, param: click.Parameter, asked: bool) -> None:
    """For this command, and for the processes that it starts."""
    if not asked:
        return
    before = os.environ.get(NO_CACHE)
    os.environ[NO_CACHE] = "1"
    ctx.call_on_close(lambda: os.environ.pop(NO_CACHE) if before is None else os.environ.update({NO_CACHE: before}))


path_type = click.Path(path_type=Path)
positive = click.IntRange(1)
source = click.argument("sources", nargs=-1, required=True, type=path_type, metavar="SOURCE...")
output = options_of(
    click.option("--json", "as_json", is_flag=True, help="Print one JSON object (docs/reference/json.md)."),
    click.option("-q", "--quiet", is_flag=True, help="Print errors only."),
    click.option("-v", "--verbose", is_flag=True, help="Print more: packet types, assumptions, times."),
    click.option(
        "--no-cache",
        is_flag=True,
        expose_value=False,
        callback=compile_anew,
        help="Compile everything anew; keep nothing.",
    ),
)
nic = options_of(
    click.option(
        "--nic", default="e810", show_default=True, metavar="NAME", help="NIC profile.", shell_complete=nic_names
    ),
    click.option("--cores", default=2, show_default=True, type=int, metavar="N", help="Cores to work on."),
    click.option("--seed", default=None, type=int, metavar="N", help="Same seed, same RSS keys (default: new ones)."),
)
pcaps_option = click.option(
    "--pcap",
    "pcaps",
    multiple=True,
    callback=captures,
    metavar="PORT=FILE",
    help="Capture that arrives on a port (default: generated traffic).",
)
nf_source = options_of(
    source,
    click.option(
        "-I", "include_dirs", multiple=True, type=click.Path(path_type=Path), metavar="DIR", help="Include folder."
    ),
    click.option(
        "--allow",
        multiple=True,
        type=click.Path(path_type=Path),
        metavar="DIR",
        help="What the NF may read while it starts, besides its own folder.",
    ),
    click.option(
        "--time-limit",
        type=click.FloatRange(0, min_open=True),
        metavar="SECONDS",
        help="Processor time for exploring the paths; ten times that for the proof (default: 30).",
    ),
    click.option(
        "--memory-limit",
        type=positive,
        metavar="MB",
        help="Memory for the analysis (default: half of the machine's, at most 4096).",
    ),
    click.option("-D", "defines", multiple=True, metavar="NAME[=V]", help="Preprocessor definition."),
    click.option(
        "--port-name",
        "port_names",
        multiple=True,
        callback=numbered_names,
        metavar="PORT=NAME",
        help="What to call a port.",
    ),
    click.option("--ports", default=2, show_default=True, type=int, metavar="N", help="Ports of the NF."),
)


def nf(*more: str) -> Callable[[F], F]:
    """The options of commands that take an NF; ``more``: strategies that only this command knows."""
    strategy = click.option(
        "--strategy",
        type=click.Choice(["auto", "shared-nothing", "locks", "htm", *more]),
        default="auto",
        show_default=True,
        help="How cores share state.",
    )
    return options_of(nf_source, nic, strategy)


without_pass = click.option(
    "--without-pass", "without_passes", multiple=True, type=click.Choice(list(NAMES)), metavar="NAME",
    help=f"Leave out a pass that is for speed only ({', '.join(NAMES)}); may be repeated.",
)  # fmt: skip


def job_of(**options: Any) -> Job:
    """What was asked for: the command line, then the nf.toml of the NF's folder, then the defaults."""
    from maestro.api import job

    ctx = click.get_current_context()
    for name in ("ports", "nic", "cores"):
        if ctx.get_parameter_source(name) is not ParameterSource.COMMANDLINE:
            options[name] = None
    written = (d.partition("=") for d in options.pop("defines"))
    defines = {name: value if equals else None for name, equals, value in written}
    off = options.pop("without_passes", ())
    asked = job(options.pop("sources"), args=ctx.meta.get("nf_args"), defines=defines, **options)
    return replace(asked, without_passes=off)
