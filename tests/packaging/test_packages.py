"""The wheel and the sdist: what is in them, and that the wheel works where nothing can be written."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import tarfile
import tomllib
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.xdist_group("packages")
BUILD = "import sys, hatchling.build as b; print(getattr(b, 'build_' + sys.argv[1])(sys.argv[2]))"


def build(kind: str, folder: Path, source: Path = ROOT) -> Path:
    """What ``pip wheel`` and ``python -m build`` run, without their environment of its own."""
    pytest.importorskip("hatchling", reason="needs hatchling (pip install 'maestro-nf[test]')")
    command = [sys.executable, "-c", BUILD, kind, str(folder)]
    done = subprocess.run(command, cwd=source, capture_output=True, text=True, check=True)
    return folder / done.stdout.split()[-1]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build("wheel", tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A fresh virtual environment with the wheel, read-only. What it depends on is taken from this environment."""
    folder = tmp_path_factory.mktemp("fresh")
    subprocess.run([sys.executable, "-m", "venv", folder / "venv"], check=True)
    pip = [folder / "venv" / "bin" / "python", "-m", "pip", "install", "-q", "--no-index", "--no-deps", wheel]
    subprocess.run(pip, env={"PATH": os.environ["PATH"], "HOME": str(folder)}, check=True)
    site = next((folder / "venv" / "lib").glob("python3*/site-packages"))
    (site / "dependencies.pth").write_text(f"{sysconfig.get_path('purelib')}\n{sysconfig.get_path('platlib')}\n")
    _writable(site / "maestro", False)
    before = sorted(site.rglob("*"))
    yield folder / "venv" / "bin"
    _writable(site / "maestro", True)
    assert sorted(site.rglob("*")) == before, "root can write anywhere, and has written here"


def _writable(folder: Path, yes: bool) -> None:
    for path in [folder, *folder.rglob("*")]:
        path.chmod((0o755 if path.is_dir() else 0o644) if yes else (0o555 if path.is_dir() else 0o444))


def run(installed: Path, where: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """``maestro`` in the folder ``where``, with a home that even root cannot make."""
    environment = {"PATH": os.environ["PATH"], "HOME": "/proc/nonexistent", "TMPDIR": str(where)}
    environment["PYTHONDONTWRITEBYTECODE"] = "1"  # of what it depends on, to root
    return subprocess.run(
        [str(installed / "maestro"), *words], cwd=where, env=environment, capture_output=True, text=True,
        timeout=120, check=False,
    )  # fmt: skip


# ---- what is in them ----


def test_the_wheel_has_all_that_runs(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as packed:
        names = set(packed.namelist())
    source = ROOT / "src" / "maestro"
    files = {p for p in source.rglob("*") if p.is_file() and "__pycache__" not in p.parts}
    missing = {f"maestro/{p.relative_to(source)}" for p in files} - names
    assert not missing
    examples = {f"maestro/{p.relative_to(ROOT)}" for p in (ROOT / "examples").rglob("*") if p.is_file()}
    assert len(examples) > 50
    assert examples <= names
    assert {"maestro/reasons.md", "maestro/py.typed", "maestro/runtime/include/maestro.h"} <= names
    assert not [n for n in names if not n.startswith(("maestro/", "maestro_nf-"))]


def test_the_wheel_says_what_it_is(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as packed:
        info = next(n.rpartition("/")[0] for n in packed.namelist() if n.endswith("/METADATA"))
        metadata = packed.read(f"{info}/METADATA").decode()
        assert "maestro = maestro.cli:main" in packed.read(f"{info}/entry_points.txt").decode()
        assert any(n.startswith(info) and n.endswith("LICENSE") for n in packed.namelist())
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert f"\nVersion: {project['version']}\n" in metadata
    assert "\nRequires-Python: >=3.11\n" in metadata
    for minor in range(11, 15):
        assert f"\nClassifier: Programming Language :: Python :: 3.{minor}\n" in metadata


def test_the_sdist_has_what_tests_need(tmp_path: Path) -> None:
    with tarfile.open(build("sdist", tmp_path)) as packed:
        names = {name.partition("/")[2] for name in packed.getnames()}
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)
    if tracked.returncode:
        pytest.skip("not a clone: what belongs to the project is not known")
    missing = {n for n in tracked.stdout.splitlines() if not n.startswith(".") and (ROOT / n).is_file()} - names
    assert not missing


def test_the_sdist_makes_the_same_wheel(wheel: Path, tmp_path: Path) -> None:
    with tarfile.open(build("sdist", tmp_path)) as packed:
        packed.extractall(tmp_path, filter="data")
    (source,) = (path for path in tmp_path.iterdir() if path.is_dir())
    again = build("wheel", tmp_path, source)
    assert again.name == wheel.name
    with zipfile.ZipFile(wheel) as one, zipfile.ZipFile(again) as other:
        assert {i.filename: i.CRC for i in one.infolist()} == {i.filename: i.CRC for i in other.infolist()}


# ---- installed, read-only, without a home ----


def test_analyze_and_parallelize_from_another_folder(installed: Path, tmp_path: Path) -> None:
    (tmp_path / "fw.c").write_text((ROOT / "examples" / "firewall-maestro" / "firewall.c").read_text())
    done = run(installed, tmp_path, "parallelize", "fw.c", "-o", "out", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["strategy"] == "shared-nothing"
    assert (tmp_path / "out" / "Makefile").is_file()
    analysed = run(installed, tmp_path, "analyze", "fw.c", "--quiet")
    assert (analysed.returncode, analysed.stdout, analysed.stderr) == (0, "", "")


def test_what_comes_with_it_is_found(installed: Path, tmp_path: Path) -> None:
    assert run(installed, tmp_path, "explain", "not-hashable").stdout.startswith("not-hashable")
    made = run(installed, tmp_path, "new", "mine")
    assert made.returncode == 0, made.stderr
    page = run(installed, tmp_path, "report", "mine", "-o", "page.html", "-q")
    assert page.returncode == 0, page.stderr
    assert "<svg" in (tmp_path / "page.html").read_text() or "<script" in (tmp_path / "page.html").read_text()
    place = "import maestro, sys; sys.stdout.write(maestro.__file__)"
    where = subprocess.run([installed / "python", "-IB", "-c", place], capture_output=True, text=True, check=True)
    assert where.stdout.startswith(str(installed.parent)), "another installation was tested"


def test_other_platforms_are_told(installed: Path, tmp_path: Path) -> None:
    (tmp_path / "fw.c").write_text("int x;")
    program = (
        "import platform, sys; platform.machine = lambda: 'aarch64'; sys.argv = ['maestro', 'analyze', 'fw.c', '-q'];"
        "from maestro.cli import main; main()"
    )
    done = subprocess.run(
        [installed / "python", "-IB", "-c", program], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 4
    assert "Maestro runs on x86-64 Linux, not on Linux aarch64 [platform]" in done.stderr
