"""The site: it builds without a warning, holds every page, and fetches nothing."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("mkdocs", reason="needs mkdocs (pip install 'maestro-nf[docs]')")
    from mkdocs.commands.build import build
    from mkdocs.config import load_config

    folder = tmp_path_factory.mktemp("site")
    build(load_config(str(ROOT / "mkdocs.yml"), site_dir=str(folder), strict=True))
    return folder


def test_every_page_is_there_and_in_the_navigation(site: Path) -> None:
    start = (site / "index.html").read_text()
    for page in (ROOT / "docs").rglob("*.md"):
        name = str(page.relative_to(ROOT / "docs").with_suffix(".html")).replace("README", "index")
        assert (site / name).is_file(), name
        assert f'href="{name}"' in start or name == "index.html", f"mkdocs.yml does not have {name}"


def test_examples_and_the_readme_are_pages(site: Path) -> None:
    tutorial = (site / "tutorial" / "nat.html").read_text()
    assert 'href="../repository/examples/nat.html"' in tutorial
    assert "translate_out" in (site / "repository" / "examples" / "nat.html").read_text()
    assert "Maestro compiles" in (site / "repository" / "index.html").read_text()


def test_links_lead_to_files_of_the_site(site: Path) -> None:
    for page in site.rglob("*.html"):
        if page.name == "404.html":  # served from anywhere
            continue
        for target in re.findall(r'(?:href|src)="(?!https?:|#|data:|mailto:|javascript:)([^"#?]+)', page.read_text()):
            assert (page.parent / target).exists(), f"{page.relative_to(site)} → {target}"


def test_nothing_is_fetched(site: Path) -> None:
    for page in site.rglob("*.html"):
        assert not re.findall(
            r'<(?:script|img|iframe)[^>]* src="(?:https?:)?//|<link[^>]* href="(?:https?:)?//', page.read_text()
        ), page
    for sheet in site.rglob("*.css"):
        assert not re.search(r"@import|url\(['\"]?(?:https?:)?//", sheet.read_text()), sheet


def test_pictures_fetch_nothing() -> None:
    drawn = list((ROOT / "docs").rglob("*.svg"))
    assert drawn
    for picture in drawn:
        assert not re.search(r"@import|@font-face|url\(['\"]?https?:|href=['\"]https?:", picture.read_text()), picture
