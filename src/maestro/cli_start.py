"""``maestro new``, ``maestro explain`` and ``maestro completion``: what one needs first."""

from __future__ import annotations

from pathlib import Path

import click
from click.shell_completion import CompletionItem, get_completion_class


def _codes(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    from maestro.report.codes import explanations

    return [CompletionItem(code) for code in explanations() if code.startswith(incomplete)]


@click.command()
@click.argument("folder", type=click.Path(path_type=Path), metavar="NAME")
def new(folder: Path) -> None:
    """Write a network function to start from: a new folder NAME with a C file, whose comments teach, and an nf.toml."""
    from maestro.report.new import write_new

    for file in write_new(folder):
        click.echo(f"wrote {file}")
    click.echo(f"next: maestro analyze {folder}")


@click.command()
@click.argument("code", required=False, shell_complete=_codes)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object (docs/reference/json.md).")
def explain(code: str | None, as_json: bool) -> None:
    """Say what a CODE means, with an example and what to do; without CODE, list all."""
    from maestro.report import codes
    from maestro.report import explain as pages
    from maestro.report.view import View

    view = View(as_json)
    found = codes.explain(code) if code else None
    view.show(pages.one(found) if found else pages.everything())
    view.document(pages.as_json([found] if found else list(codes.explanations().values())))


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print a script that completes maestro's commands, options and names in SHELL.

    In ~/.bashrc: eval "$(maestro completion bash)"
    """
    known = get_completion_class(shell)
    assert known is not None  # the three that click has
    click.echo(known(ctx.find_root().command, {}, "maestro", "_MAESTRO_COMPLETE").source())
