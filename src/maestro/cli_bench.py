"""``maestro bench`` and ``maestro predict``. No logic, as in ``cli.py``, which adds them to the others."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from maestro.cli_options import NFCommand, job_of, nf_source, options_of, output, path_type, positive
from maestro.diagnostics import ExitStatus

if TYPE_CHECKING:
    from maestro.bench.loads import Wanted
    from maestro.pipeline import Job


class DefaultGroup(click.Group):
    """A group whose first argument, unless it is a command, belongs to ``run``."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        known = {*self.commands, *self.get_help_option_names(ctx)}
        return super().parse_args(ctx, args if not args or args[0] in known else ["run", *args])


class Numbers(click.ParamType["tuple[float, ...]"]):
    """Numbers separated by commas."""

    name = "numbers"

    def __init__(self, low: float, *, whole: bool = True) -> None:
        self._low, self._whole = low, whole

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[float, ...]:
        if isinstance(value, tuple):
            return value
        try:
            found = tuple(int(part) if self._whole else float(part) for part in str(value).split(","))
        except ValueError:
            self.fail(f"'{value}' is not a list of numbers, for example 1,2", param, ctx)
        if any(not self._low <= number < float("inf") for number in found):
            self.fail(f"'{value}': numbers must be at least {self._low}", param, ctx)
        return found


def _strategies(ctx: click.Context, param: click.Parameter, value: str) -> tuple[str, ...]:
    known = ("auto", "shared-nothing", "locks", "htm")
    given = tuple(value.split(","))
    for name in given:
        if name not in known and given != ("all",):
            raise click.BadParameter(f"'{name}' is not one of {', '.join(known)}, all")
    return given


_nic = options_of(
    click.option("--nic", default="e810", show_default=True, metavar="NAME", help="NIC profile."),
    click.option("--seed", default=None, type=int, metavar="N", help="Of RSS keys and traffic (default: new keys)."),
)
_cores = click.option(
    "--cores", type=Numbers(1), default="1,2", show_default=True, metavar="N,N,...", help="Numbers of cores."
)
_flows = click.option(
    "--flows", type=Numbers(1), default="40000", show_default=True, metavar="N,N,...", help="Flows at a time."
)
_size = click.option(
    "--size", "sizes", type=Numbers(64), default="64", show_default=True, metavar="B,B,...", help="Bytes on the wire."
)
_churn = click.option(
    "--churn", "churns", type=Numbers(0, whole=False), default="0", show_default=True, metavar="FPM,...",
    help="Flows replaced per minute, at 10 million packets a second.",
)  # fmt: skip
_traffic = click.option(
    "--traffic",
    "traffics",
    multiple=True,
    default=("uniform",),
    show_default=True,
    metavar="KIND|PCAP",
    help="uniform, zipf[:EXPONENT], imix, internet, datacentre, elephant, or a capture; may be repeated.",
)
_change = options_of(
    click.option("--anonymise", is_flag=True, help="Captures: addresses by a keyed function that keeps prefixes."),
    click.option(
        "--resize", type=click.IntRange(64, 1518), metavar="B", help="Captures: the size of TCP and UDP frames."
    ),
)
_times = options_of(
    click.option("--rounds", default=9, show_default=True, type=positive, help="Timed passes over the packets a turn."),
    click.option("--turns", default=5, show_default=True, type=positive, help="Turns of every program."),
)
_replies = click.option("--replies", is_flag=True, help="Every second packet is an answer, from the other port.")


@click.group(cls=DefaultGroup)
def bench() -> None:
    """Measure packets per second: the original, the parallel NF, and the least that a flow table costs.

    \b
      maestro bench NF... [options] [-- NF_ARGS]   measure NFs side by side (maestro bench run --help)
      maestro bench suite                          every figure, of all examples
      maestro bench compare A B                    two results
      maestro bench traffic KIND -o FILE           the traffic itself, as captures
    """


@bench.command(cls=NFCommand)
@nf_source
@_nic
@_cores
@click.option(
    "--strategy", "strategies", default="auto", show_default=True, callback=_strategies, metavar="S,S,...|all",
    help="How cores share state: auto, shared-nothing, locks, htm.",
)  # fmt: skip
@_traffic
@_flows
@_size
@_churn
@_replies
@_change
@_times
@click.option("--latency", is_flag=True, help="Also time single packets, in a round of their own.")
@click.option("--instructions", is_flag=True, help="Also count instructions, with valgrind; slow.")
@click.option("--out", type=path_type, metavar="DIR", help="Write bench.json and figures there.")
@output
def run(
    out: Path | None, as_json: bool, quiet: bool, verbose: bool, strategies: tuple[str, ...], **options: Any
) -> None:
    """Measure NFs side by side, in memory, by the threads' CPU time; all programs take turns.

    Every SOURCE is an NF: a C file, a folder of C files, or a folder of NFs.
    """
    import tempfile

    from maestro.bench import figures, results
    from maestro.bench.session import Order, session
    from maestro.report import json, speed
    from maestro.report.view import View

    view = View(as_json, quiet, verbose)
    measuring = {name: options.pop(name) for name in ("cores", "rounds", "turns", "latency", "instructions")}
    wanted = _wanted(options)
    order = Order(_jobs(max(measuring["cores"]), **options), strategies, wanted=wanted, **measuring)
    with tempfile.TemporaryDirectory(prefix="maestro-bench-") as folder:
        outcome = session(order, Path(folder), view.phases(), _warn(quiet))
    found = results.document(outcome.machine, outcome.runs)
    if out:
        figures.write(found, out, "bench", _warn(quiet))
    view.show(speed.speed(outcome.runs))
    view.document(json.text(found))


@click.command(cls=NFCommand)
@nf_source
@_nic
@click.option(
    "--strategy", "strategies", default="auto", show_default=True, callback=_strategies, metavar="S,S,...|all",
    help="How cores share state.",
)  # fmt: skip
@click.option("--traffic", default="uniform", show_default=True, metavar="KIND|PCAP", help="As of `maestro bench`.")
@click.option("--flows", type=positive, default=40_000, show_default=True, metavar="N", help="Flows at a time.")
@click.option("--size", type=click.IntRange(64, 1518), default=64, show_default=True, metavar="B", help="Bytes.")
@click.option("--churn", type=click.FloatRange(0), default=0.0, show_default=True, metavar="FPM", help="Flows/minute.")
@_replies
@click.option("--upto", type=click.IntRange(2, 256), default=64, show_default=True, metavar="N", help="Cores.")
@click.option("--gbps", type=click.FloatRange(0, min_open=True), default=100.0, show_default=True, help="The line.")
@_times
@click.option("--out", type=path_type, metavar="DIR", help="Write predict.json and a figure there.")
@output
def predict(
    sources: tuple[Path, ...], out: Path | None, as_json: bool, quiet: bool, verbose: bool, **options: Any
) -> None:
    """Predict packets per second on up to 64 cores, from what one and two cores do here.

    SOURCE is one NF. The prediction for two cores is compared with what two cores do: exit status 5 when it is off by
    more than a tenth.
    """
    import tempfile

    from maestro.bench import figures
    from maestro.bench.machine import machine
    from maestro.bench.predict import Want
    from maestro.bench.predict import predict as predicted
    from maestro.bench.predicted import document as as_document
    from maestro.report import json
    from maestro.report import predicted as pages
    from maestro.report.view import View

    view = View(as_json, quiet, verbose)
    asked = {name: options.pop(name) for name in ("strategies", "upto", "gbps", "rounds", "turns")}
    wanted = _traffic_of(options)
    job = job_of(sources=sources, cores=2, strategy="auto", **options)
    with tempfile.TemporaryDirectory(prefix="maestro-predict-") as folder:
        found = predicted(Want(job, traffic=wanted, **asked), Path(folder), view.phases(), _warn(quiet))
    document = as_document(machine(), found)
    if out:
        figures.write(document, out, "predict", _warn(quiet))
    view.show(pages.predicted(found))
    view.document(json.text(document))
    if not all(one.check.holds for one in found):
        click.get_current_context().exit(ExitStatus.DIFFERENT)


@bench.command()
@click.argument("sources", nargs=-1, type=path_type, metavar="[NF...]")
@click.option("--out", type=path_type, default="maestro-suite", show_default=True, metavar="DIR", help="Results.")
@click.option("--only", default=None, metavar="F,F,...", help="Of nfs, sizes, churn, flows, skew, predict.")
@click.option("--flows", type=positive, default=40_000, show_default=True, metavar="N", help="Flows at a time.")
@click.option(
    "--most", type=positive, default=1_000_000, show_default=True, metavar="N", help="The curve's last flows."
)
@click.option(
    "--upto", type=click.IntRange(2, 256), default=64, show_default=True, metavar="N", help="Cores predicted."
)
@click.option("--rounds", default=5, show_default=True, type=positive, help="Timed passes over the packets a turn.")
@click.option("--turns", default=3, show_default=True, type=positive, help="Turns of every program.")
@output
def suite(
    sources: tuple[Path, ...], out: Path, only: str | None, as_json: bool, quiet: bool, verbose: bool, **options: Any
) -> None:
    """Every figure, of the bundled examples or the NFs given; started again, it goes on where it was stopped."""
    from maestro.bench import suite as work
    from maestro.bench import suite_figures
    from maestro.bundle import examples
    from maestro.report import json
    from maestro.report.view import View

    view, say, settings = View(as_json, quiet, verbose), _warn(quiet), work.Settings(**options)
    jobs = _jobs(max(settings.cores), sources=sources or (examples(),), include_dirs=(), defines=(), port_names={},
                 ports=2, nic="e810", seed=settings.seed)  # fmt: skip
    phases = View(quiet=True).phases() if not verbose else view.phases()
    todo = work.units(jobs, settings, tuple(only.split(",")) if only else work.FIGURES, phases, say)
    found = work.run_suite(todo, settings, out, say)
    written = suite_figures.write(found, out, say)
    for path in written:
        view.text(str(path))
    view.document(json.text({"results": found, "figures": [str(path) for path in written]}))


@bench.command()
@click.argument("before", type=path_type, metavar="A")
@click.argument("after", type=path_type, metavar="B")
@output
def compare(before: Path, after: Path, as_json: bool, quiet: bool, verbose: bool) -> None:
    """Compare two results, files that --json printed or folders that --out named: B against A."""
    from maestro.bench import results
    from maestro.report import json, speed
    from maestro.report.view import View

    view = View(as_json, quiet, verbose)
    changes = results.compare(results.read(before), results.read(after))
    view.show(speed.compared(changes))
    view.document(json.text(results.compare_json(changes)))


@bench.command()
@click.argument("kind", metavar="KIND|PCAP")
@click.option("-o", "--output", "out", required=True, type=path_type, metavar="DIR", help="Folder for port<N>.pcap.")
@click.option("--packets", type=positive, metavar="N", help="Packets in all (default: several a flow).")
@click.option("--flows", type=positive, metavar="N", help="Flows at a time (default: 40000).")
@click.option("--size", type=click.IntRange(64, 1518), default=64, show_default=True, metavar="B", help="Bytes.")
@click.option("--churn", type=click.FloatRange(0), default=0.0, show_default=True, metavar="FPM", help="Flows/minute.")
@_replies
@_change
@click.option("--seed", type=int, default=1, show_default=True, metavar="N", help="Same seed, same packets.")
def traffic(kind: str, out: Path, anonymise: bool, resize: int | None, **options: Any) -> None:
    """Write the benchmark's traffic as captures, or a capture anonymised or resized."""
    from maestro.bench import loads
    from maestro.traffic.rewrite import Rewrite

    for path in loads.export(loads.Wanted(kind, rewrite=Rewrite(anonymise, resize), **options), out):
        click.echo(path)


def _traffic_of(options: dict[str, Any]) -> Wanted:
    """One traffic; takes it from ``options``."""
    from maestro.bench.loads import Wanted

    name = options.pop("traffic")
    given = {key: options.pop(key) for key in ("flows", "size", "churn", "replies")}
    return Wanted(name, seed=options["seed"] or 1, **given)


def _wanted(options: dict[str, Any]) -> list[Wanted]:
    """Every combination of what describes traffic; takes it from ``options``."""
    from itertools import product

    from maestro.bench.loads import Wanted
    from maestro.traffic.rewrite import Rewrite

    names, flows, sizes, churns = (options.pop(name) for name in ("traffics", "flows", "sizes", "churns"))
    rest = {"replies": options.pop("replies"), "seed": options["seed"] or 1,
            "rewrite": Rewrite(options.pop("anonymise"), options.pop("resize"))}  # fmt: skip
    return [Wanted(name, f, s, c, **rest) for name, f, s, c in product(names, flows, sizes, churns)]


def _jobs(cores: int, **options: Any) -> list[Job]:
    from maestro.report import table

    given = options.pop("sources")
    return [job_of(sources=(one,), cores=cores, strategy="auto", **options) for one in table.sources(given)]


def _warn(quiet: bool) -> Any:
    return lambda text: None if quiet else print(f"  {text}", file=sys.stderr)
