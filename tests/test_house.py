"""The rules of the house, checked: what may import what, how long files may be, that the documentation is complete."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from maestro.cli import main
from maestro.diagnostics import ExitStatus

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "maestro"
DOCS = ROOT / "docs"

ORDER = (
    "diagnostics", "bundle", "ir", "frontend", "solver", "models", "symex", "rss", "sharding", "certificate",
    "codegen", "traffic", "verify", "pipeline", "forms", "bench", "doctor", "report", "api", "cli_options", "cli_rss",
    "cli_bench", "cli_doctor", "cli_start", "cli",
)  # fmt: skip
"""Data flow: a room imports only what stands before it. ``rss`` serves ``sharding``; ``solver`` serves ``models``."""


def rooms() -> list[str]:
    return [p.stem for p in SOURCE.iterdir() if p.suffix == ".py" or (p / "__init__.py").is_file()]


def modules() -> list[Path]:
    return sorted(SOURCE.rglob("*.py"))


def room_of(path: Path) -> str:
    return path.relative_to(SOURCE).parts[0].removesuffix(".py")


def imports(path: Path) -> Iterator[str]:
    """Absolute names of everything that a module imports, anywhere in it."""
    for node in ast.walk(ast.parse(path.read_text())):
        match node:
            case ast.Import(names=names):
                yield from (n.name for n in names)
            case ast.ImportFrom(module=module, names=names, level=0):
                yield from (f"{module}.{n.name}" for n in names)
            case ast.ImportFrom():
                raise AssertionError(f"{path}: relative import")


def test_every_room_has_its_place() -> None:
    assert set(rooms()) - {"__init__", "__main__"} == set(ORDER)


@pytest.mark.parametrize("path", modules(), ids=lambda p: str(p.relative_to(SOURCE)))
def test_imports_follow_the_data_flow(path: Path) -> None:
    room = room_of(path)
    if room in ("__init__", "__main__"):
        return
    allowed = ORDER[: ORDER.index(room) + 1]
    for name in imports(path):
        top, _, rest = name.partition(".")
        if top == "maestro" and rest.split(".")[0] in ORDER:
            assert rest.split(".")[0] in allowed, f"{room} imports {name}"


def test_the_checker_is_independent() -> None:
    for path in (SOURCE / "certificate").rglob("*.py"):
        assert not [n for n in imports(path) if n.startswith(("maestro.sharding", "maestro.rss"))], path


def test_only_the_solver_room_knows_solvers() -> None:
    for path in modules():
        used = {n.partition(".")[0] for n in imports(path)} & {"z3", "bitwuzla"}
        assert not used or room_of(path) == "solver", path


def test_files_stay_short() -> None:
    sources = [p for p in SOURCE.rglob("*") if p.suffix in (".py", ".c", ".h")]
    assert len(sources) > 50
    long = {str(p.relative_to(ROOT)): n for p in sources if (n := len(p.read_text().splitlines())) > 400}
    assert long == {}


def test_every_command_and_option_is_documented() -> None:
    text = (DOCS / "reference" / "cli.md").read_text()
    for name, command in main.commands.items():
        section = re.search(rf"^## maestro {name}$(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
        assert section, name
        for option in (o for o in command.params if isinstance(o, click.Option)):
            assert all(f"`{spelling}" in text for spelling in option.opts), (name, option.opts)


def test_every_rss_command_and_option_is_documented() -> None:
    text = (DOCS / "reference" / "rss.md").read_text()
    group = main.commands["rss"]
    assert isinstance(group, click.Group)
    for name, command in group.commands.items():
        section = re.search(rf"^## maestro rss {name}$(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
        assert section, name
        for option in (o for o in command.params if isinstance(o, click.Option)):
            assert all(f"`{spelling}" in text for spelling in option.opts), (name, option.opts)


def test_every_bench_command_and_option_is_documented() -> None:
    text = (DOCS / "reference" / "bench.md").read_text()
    group = main.commands["bench"]
    assert isinstance(group, click.Group)
    for name, command in group.commands.items():
        assert re.search(rf"^## maestro bench {name}$", text, re.MULTILINE), name
        for option in (o for o in command.params if isinstance(o, click.Option)):
            assert all(re.search(rf"`[^`]*{spelling}\b", text) for spelling in option.opts), (name, option.opts)


def test_every_documented_command_exists() -> None:
    pages = [ROOT / "README.md", *DOCS.rglob("*.md")]
    commands = {m for p in pages for m in re.findall(r"\bmaestro ([a-z]+) (?=[-A-Za-z./])", code_of(p))}
    assert commands
    assert commands <= set(main.commands)


def code_of(page: Path) -> str:
    """The code of a Markdown page: indented and fenced blocks, and `spans`."""
    text = page.read_text()
    blocks = re.findall(r"^(?:    .*|```.*?^```)$", text, re.MULTILINE | re.DOTALL)
    return "\n".join([*blocks, *re.findall(r"`[^`\n]+`", text)])


def test_every_exit_status_is_documented() -> None:
    text = (DOCS / "reference" / "cli.md").read_text()
    for status in ExitStatus:
        assert re.search(rf"^\| {status.value} \|", text, re.MULTILINE), status


def test_links_between_pages_lead_somewhere() -> None:
    for page in [ROOT / "README.md", *DOCS.rglob("*.md")]:
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name} → {target}"


def test_nothing_points_into_a_developers_machine() -> None:
    private = re.compile("|".join(re.escape(f"/{folder}/") for folder in ("work", "home", "root", "tmp/venv")))
    tracked = [p for top in ("src", "examples", "docs") for p in (ROOT / top).rglob("*.*")] + [ROOT / "README.md"]
    texts = [p for p in tracked if p.suffix in (".py", ".c", ".h", ".md", ".toml")]
    assert len(texts) > 100
    assert [str(p) for p in texts if private.search(p.read_text())] == []


def test_test_modules_do_not_hide_one_another() -> None:
    """pytest puts every folder of tests on the path, so a name may occur once, and must not be a folder's."""
    tests = ROOT / "tests"
    names = [p.stem for p in tests.rglob("*.py") if p.stem != "conftest"]
    assert {n for n in names if names.count(n) > 1} == set()
    assert set(names) & {p.name for p in tests.iterdir() if p.is_dir()} == set()
