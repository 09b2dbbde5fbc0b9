"""nf.toml: what it may say, and what is said of one that cannot be used."""

from __future__ import annotations

from pathlib import Path

import pytest

from maestro.diagnostics import Span, UserError
from maestro.frontend.settings import Settings, settings

ROOT = Path(__file__).parents[2]


def write(folder: Path, text: str) -> Path:
    (folder / "nf.toml").write_text(text)
    return folder


def test_everything(tmp_path: Path) -> None:
    text = """
args = ["--lan", "0"]
ports = 3
port_names = {0 = "LAN", 1 = "WAN"}
defines = ["NDEBUG", "SIZE=64"]
nic = "x710"
cores = 4
"""
    names = {0: "LAN", 1: "WAN"}
    assert settings([write(tmp_path, text)]) == Settings(
        ("--lan", "0"), 3, names, ("NDEBUG", "SIZE=64"), "x710", 4
    )  # fmt: skip


def test_nothing(tmp_path: Path) -> None:
    assert settings([write(tmp_path, "# nothing\n")]) == Settings()


def test_only_one_folder_has_settings(tmp_path: Path) -> None:
    write(tmp_path, "ports = 3\n")
    source = tmp_path / "nf.c"
    source.write_text("")
    assert settings([source]) == Settings()
    assert settings([tmp_path, source]) == Settings()
    assert settings([tmp_path]).ports == 3


def test_the_documented_file_is_right(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "reference" / "nf-toml.md").read_text()
    found = settings([write(tmp_path, page.split("```toml\n")[1].split("```")[0])])
    assert None not in vars(found).values()


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ('ports = 2\nargs = "--lan 0"\n', 2, "'args' must be a list of strings"),
        ("args = [1, 2]\n", 1, "'args' must be a list of strings"),
        ('\n\nports = "two"\n', 3, "'ports' must be a whole number, is 'two'"),
        ("ports = true\n", 1, "'ports' must be a whole number"),
        ("cores = 1.5\n", 1, "'cores' must be a whole number"),
        ("nic = 82599\n", 1, "'nic' must be a string"),
        ('port_names = ["LAN"]\n', 1, "'port_names' must be names by port"),
        ('# names\n[port_names]\nlan = "LAN"\n', 2, "'port_names' must be names by port"),
        ('port_names = {0 = ""}\n', 1, "'port_names' must be names by port"),
        ("ports = 2\nport_name = 1\n", 2, "unknown key 'port_name'; did you mean 'port_names'?"),
        ("ports = 2\nxyz = 1\n", 2, "unknown key 'xyz'"),
        ("ports = 2\ncores = = 2\n", 2, "is not TOML: Invalid value"),
        ('ports = 2\nargs = ["a",\n', 3, "is not TOML: "),
    ],
)  # fmt: skip
def test_bad_files(tmp_path: Path, text: str, line: int, message: str) -> None:
    with pytest.raises(UserError) as e:
        settings([write(tmp_path, text)])
    assert e.value.code == "nf-toml"
    assert e.value.span == Span(str(tmp_path / "nf.toml"), line)
    assert message in e.value.message
    assert "nf-toml.md" in (e.value.hint or "")


def test_not_text(tmp_path: Path) -> None:
    (tmp_path / "nf.toml").write_bytes(b'nic = "\xff"\n')
    with pytest.raises(UserError, match="is not UTF-8"):
        settings([tmp_path])
