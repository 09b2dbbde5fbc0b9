"""Every code in the source is explained, once, in docs/reference/reasons.md, which `maestro explain` prints."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from maestro.cli import main
from maestro.report.codes import explain, explanations

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "maestro"
Positions = dict[str, set[int]]


def trees() -> dict[Path, ast.Module]:
    return {path: ast.parse(path.read_text()) for path in sorted(SOURCE.rglob("*.py"))}


def takers(modules: dict[Path, ast.Module]) -> Positions:
    """Name of a function or class → where among its positional arguments the code is."""
    found: Positions = {}
    for node in (n for tree in modules.values() for n in ast.walk(tree)):
        names: list[str] = []
        match node:
            case ast.FunctionDef():
                names = [a.arg for a in node.args.args if a.arg != "self"]
            case ast.ClassDef():
                names = [
                    a.target.id for a in node.body if isinstance(a, ast.AnnAssign) and isinstance(a.target, ast.Name)
                ]
        if "code" in names and isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.setdefault(node.name, set()).add(names.index("code"))
    return found


def given(node: ast.AST, positions: Positions) -> Iterator[ast.expr]:
    """The expressions in ``node`` that are a code: arguments, defaults, and what is assigned to ``code``."""
    match node:
        case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name), args=args, keywords=keywords):
            yield from (k.value for k in keywords if k.arg == "code")
            yield from (args[i] for i in positions.get(name, ()) if i < len(args))
        case ast.FunctionDef(args=arguments):
            pairs = zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
            yield from (default for a, default in pairs if a.arg == "code" and default)
        case ast.Assign(targets=[ast.Name(id="code")], value=value):
            yield value


def codes_of(modules: dict[Path, ast.Module]) -> dict[str, str]:
    """Code → a place in the source that uses it. Conditional expressions count with both of their outcomes."""
    positions = takers(modules)
    found: dict[str, str] = {}
    for path, tree in modules.items():
        for node in ast.walk(tree):
            for value in given(node, positions):
                for text in (c.value for c in ast.walk(value) if isinstance(c, ast.Constant)):
                    if isinstance(text, str) and re.fullmatch(r"[a-z][a-z0-9-]*", text):
                        found.setdefault(text, f"{path.relative_to(SOURCE)}:{getattr(node, 'lineno', 0)}")
    return found


def test_the_scan_sees_every_way_of_giving_a_code() -> None:
    tree = ast.parse(
        "class Reason:\n    code: str\n    text: str\n"
        "def fail(self, message, hint, code): ...\n"
        "def other(*, code: str = 'by-default'): ...\n"
        "Reason('first', 'x'); m.fail('a', 'b', 'third'); Error('x', code='named')\n"
        "code = 'one' if x else 'two'\n"
    )
    assert set(codes_of({SOURCE / "x.py": tree})) == {"first", "third", "named", "by-default", "one", "two"}


def test_every_code_in_the_source_is_explained() -> None:
    used = codes_of(trees())
    assert len(used) > 80
    assert {"not-hashable", "assumed", "division-by-zero", "usage", "pointer-in-state"} <= set(used)
    assert {code: place for code, place in used.items() if code not in explanations()} == {}


PLANNED = {"locked", "partial"}
"""Codes of strategies, explained before they are first printed."""


def test_nothing_else_is_explained() -> None:
    assert set(explanations()) - set(codes_of(trees())) <= PLANNED


@pytest.mark.parametrize("code", explanations())
def test_an_explanation_is_complete(code: str) -> None:
    found = explain(code)
    assert found.meaning.endswith((".", "```"))
    assert found.example
    assert found.hint
    assert found.meaning.count("```") == 0
    assert found.example.count("```") in (0, 2)
    assert 10 < len(found.summary) < 200


def test_each_code_has_one_section() -> None:
    page = (ROOT / "docs" / "reference" / "reasons.md").read_text()
    headings = re.findall(r"^### (.*)$", page, re.MULTILINE)
    assert headings == [f"`{code}`" for code in explanations()]
    assert len(set(headings)) == len(headings)


def run(*arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(main, ["explain", *arguments], catch_exceptions=False)
    return result.exit_code, result.stdout, result.stderr


def test_one_code() -> None:
    status, out, _ = run("refresh-before-check")
    assert status == 0
    assert "has checked that" in out
    assert "\n      dchain_rejuvenate_index(ports, external, now);" in out
    assert "Move the refresh after the check." in out
    assert max(map(len, out.splitlines())) <= 100


def test_all_codes() -> None:
    status, out, _ = run()
    assert status == 0
    assert {line.split()[0] for line in out.splitlines() if re.match("  [a-z]", line)} == set(explanations())
    assert max(map(len, out.splitlines())) <= 100


@pytest.mark.parametrize(
    ("code", "hint"),
    [
        ("refresh-check", "did you mean refresh-before-check?"),
        ("not-hashible", "did you mean not-hashable"),
        ("xyzzy", "`maestro explain` alone lists all codes"),
    ],
)
def test_unknown_codes(code: str, hint: str) -> None:
    status, out, err = run(code)
    assert (status, out) == (2, "")
    assert f"unknown code '{code}' [unknown-code]" in err
    assert hint in err


def test_as_printed_in_brackets() -> None:
    assert run("[not-linear]") == run("not-linear")


def test_json() -> None:
    _, out, _ = run("not-linear", "--json")
    (only,) = json.loads(out)["codes"]
    assert set(only) == {"code", "group", "meaning", "example", "hint"}
    _, out, _ = run("--json")
    assert [c["code"] for c in json.loads(out)["codes"]] == list(explanations())


def test_the_page_comes_with_the_wheel() -> None:
    text = (ROOT / "pyproject.toml").read_text()
    assert '"docs/reference/reasons.md" = "maestro/reasons.md"' in text
