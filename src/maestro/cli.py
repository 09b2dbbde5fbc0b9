"""The commands. No logic: options become a ``pipeline.Job``, results go to ``report``.

Imports are inside the commands, so that ``maestro --help`` does not wait for solvers.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from maestro import __version__
from maestro.cli_bench import bench, predict
from maestro.cli_doctor import doctor
from maestro.cli_options import NFCommand, job_of, nf, nic, output, path_type, pcaps_option, positive, without_pass
from maestro.cli_rss import rss
from maestro.cli_start import completion, explain, new
from maestro.diagnostics import ExitStatus, UserError

if TYPE_CHECKING:
    from maestro.pipeline import Job
    from maestro.report.view import View

START = """\
Maestro compiles a sequential network function in C into a parallel one.

  maestro new my-firewall                 an NF to start from, with comments that teach
  maestro demo                            watch the bundled firewall go through every phase
  maestro analyze fw.c                    what can be parallelized, how, and why
  maestro parallelize fw.c -o fw-parallel the parallel NF as a C project (build with make)
  maestro verify fw.c                     the parallel NF against the original, packet by packet
  maestro bench fw.c                      packets per second, original against 1 and 2 cores
  maestro predict fw.c                    packets per second on up to 64 cores
  maestro report fw.c -o report.html      all of this as one page to read and share
  maestro explain not-hashable            what a code in brackets means, and what to do
  maestro rss hash --key 6d5a A B         RSS keys and tables on their own
  maestro doctor eth0                     what a NIC's RSS does now, and whether it will do
  maestro completion bash                 a script that completes all this in your shell

More: maestro COMMAND --help"""


class Commands(click.Group):
    """Turns exceptions into messages and exit statuses (docs/reference/cli.md)."""

    def invoke(self, ctx: click.Context) -> Any:
        view = _view([*ctx._protected_args, *ctx.args])
        try:
            return super().invoke(ctx)
        except click.UsageError as error:
            if not view.for_programs:
                raise
            ctx.exit(view.fail(UserError(error.format_message())))
        except (click.ClickException, click.Abort, click.exceptions.Exit, BrokenPipeError):
            raise  # the last: whoever reads the output has seen enough; click ends quietly
        except KeyboardInterrupt:
            ctx.exit(view.interrupted())
        except Exception as error:
            ctx.exit(view.fail(error))


def _view(args: list[str]) -> View:
    from maestro.report.view import View

    ours = args[: args.index("--")] if "--" in args else args
    return View("--json" in ours, verbose="--verbose" in ours or "-v" in ours, sarif="--sarif" in ours)


@click.group(cls=Commands, invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="maestro")
@click.pass_context
def main(ctx: click.Context) -> None:
    """Compile a sequential network function (NF) in C into a parallel one, with the NIC configuration it needs."""
    if ctx.invoked_subcommand is None:
        click.echo(START)


for command in (new, rss, doctor, bench, predict, completion, explain):
    main.add_command(command)


@main.command(cls=NFCommand)
@nf()
@output
@click.option("--dump", type=click.Choice(["program", "model", "constraints"]), help="Print an intermediate form.")
@click.option("--table", is_flag=True, help="One line an NF: every SOURCE is an NF, or a folder of NFs.")
@click.option("--sarif", "as_sarif", is_flag=True, help="Print a SARIF 2.1.0 log, for code-review tools.")
def analyze(
    dump: str | None, table: bool, as_sarif: bool, as_json: bool, quiet: bool, verbose: bool, **options: Any
) -> None:
    """Say how an NF can be parallelized, and why.

    SOURCE is one or more C files, or a folder (all its *.c).
    """
    from maestro import pipeline
    from maestro.report import json, sarif, terminal
    from maestro.report.view import View

    _exclude(**{"--sarif": as_sarif, "--json": as_json})
    _exclude(**{"--sarif": as_sarif, "--table": table, "--dump": bool(dump)})
    view = View(as_json, quiet, verbose, as_sarif)
    if table:
        _table(view, **options)
        return
    job = job_of(**options)
    if dump:
        click.echo(pipeline.dump(job, dump, View(quiet=True).phases()), nl=False)
        return
    result = pipeline.analyze(job, view.phases())
    view.show(terminal.analysis(result, verbose=verbose))
    view.document(sarif.render(result) if as_sarif else json.render(result))


def _exclude(**given: bool) -> None:
    """At most one of these options can be given."""
    both = [name for name, is_given in given.items() if is_given]
    if len(both) > 1:
        raise click.UsageError(f"{both[0]} and {both[1]} exclude one another")


def _table(view: View, **options: Any) -> None:
    """``analyze --table``. The exit status is that of the first NF that cannot be analysed."""
    from maestro.report import table

    given = table.sources(options.pop("sources"))
    rows = table.rows([job_of(sources=(source,), **options) for source in given], view)
    view.text(table.markdown(rows, times=view.verbose))
    view.document(table.as_json(rows))
    failed = [row.error for row in rows if row.error]
    if failed:
        click.get_current_context().exit(max(view.complain(error) for error in failed))


@main.command(cls=NFCommand)
@nf()
@output
@click.option(
    "-o",
    "--output",
    "out_dir",
    required=True,
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="New folder for the C project.",
)
@without_pass
@click.option("--build", is_flag=True, help="Build it too, with the bundled compiler (otherwise: make -C DIR).")
@click.option("--report", "report_file", type=path_type, metavar="FILE", help="Write the report (maestro report) too.")
def parallelize(
    out_dir: Path, build: bool, report_file: Path | None, as_json: bool, quiet: bool, verbose: bool, **options: Any
) -> None:
    """Write the parallel NF as a C project that builds with make.

    SOURCE is one or more C files, or a folder (all its *.c).
    """
    from maestro import pipeline
    from maestro.report import json, terminal
    from maestro.report.view import View

    view = View(as_json, quiet, verbose)
    result = pipeline.parallelize(job_of(**options), out_dir, view.phases(), build=build, extra=json.timeless)
    if report_file:
        from maestro.report.page.render import write

        write(result, report_file)
    view.show(terminal.analysis(result, verbose=verbose))
    view.show(terminal.project(result))
    view.document(json.render(result))


@main.command(cls=NFCommand)
@nf()
@output
@click.option(
    "-o", "--output", default="report.html", show_default=True, type=path_type, metavar="FILE", help="The page's file."
)
@pcaps_option
@click.option("--bench", "bench_file", type=path_type, metavar="FILE", help="Show what `maestro bench --json` printed.")
@click.option("--times", is_flag=True, help="Show how long the phases took (differs from run to run).")
def report(
    output: Path, pcaps: dict[int, Path], bench_file: Path | None, times: bool, as_json: bool, quiet: bool,
    verbose: bool, **options: Any,
) -> None:  # fmt: skip
    """Write all that is known of an NF as one HTML page, for people.

    SOURCE is one or more C files, or a folder (all its *.c).
    """
    from maestro import pipeline
    from maestro.report import json
    from maestro.report.page.render import write
    from maestro.report.view import View

    view = View(as_json, quiet, verbose)
    result = pipeline.analyze(job_of(**options), view.phases())
    write(result, output, captures=pcaps or None, bench_file=bench_file, times=times)
    view.text(f"The report is in {output}")
    view.document(json.render(result))


@main.command(cls=NFCommand)
@nf("all")
@output
@without_pass
@pcaps_option
@click.option("--packets", type=positive, metavar="N", help="Packets to generate (default: enough to fill the tables).")
def verify(
    pcaps: dict[int, Path], packets: int | None, as_json: bool, quiet: bool, verbose: bool, **options: Any
) -> None:
    """Compare the parallel NF with the original, packet by packet.

    The exit status is 5 when a verdict or a byte differs. --strategy all compares every form that the NF has.
    """
    from maestro import pipeline
    from maestro.report import json, terminal
    from maestro.report.view import View

    view = View(as_json, quiet, verbose)
    job = job_of(**options)
    if job.strategy == "all":
        _verify_forms(job, pcaps or None, packets, view)
        return
    result = pipeline.verify(job, pcaps or None, packets, view.phases())
    view.show(terminal.comparison(result))
    view.document(json.render(result))
    if result.comparison is not None and not result.comparison.same:
        click.get_current_context().exit(ExitStatus.DIFFERENT)


def _verify_forms(job: Job, pcaps: dict[int, Path] | None, packets: int | None, view: View) -> None:
    from maestro import forms
    from maestro.report import forms as report

    found = forms.verify_forms(job, pcaps, packets, view.phases())
    view.show(report.table_of(found))
    view.document(report.as_json(found))
    compared = [f.result.comparison for f in found if f.result and f.result.comparison]
    if not all(c.same for c in compared):
        click.get_current_context().exit(ExitStatus.DIFFERENT)


@main.command()
@nic
@output
@click.option(
    "-o",
    "--output",
    "out_dir",
    default=None,
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Folder for the generated project (default: ./maestro-demo).",
)
def demo(out_dir: Path | None, as_json: bool, quiet: bool, verbose: bool, **options: Any) -> None:
    """Take the bundled firewall through every phase and show each result."""
    from maestro.report.demo import show_demo
    from maestro.report.view import View

    show_demo(View(as_json, quiet, verbose), out_dir, **options)
