"""mkdocs: what the pages link to outside of docs/ (examples, the README, sources) becomes pages of the site.

So the same files do for readers of the repository, and the site needs no other place.
"""

from __future__ import annotations

import posixpath
import re
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

ROOT = Path(__file__).resolve().parents[2]
LINK = re.compile(r"(\]\()(?!https?:|#)([^)#\s]+)")
LANGUAGES = {".c": "c", ".h": "c", ".py": "python", ".toml": "toml"}


SECTIONS = {"tutorial": "Tutorial", "how-to": "How to", "reference": "Reference", "explanation": "Explanation"}


def on_config(config: Any) -> Any:
    """Pages that mkdocs.yml does not place come last in their folder's section, under their own title."""
    placed = set(re.findall(r"[\w/.-]+\.md", str(config.nav)))
    for folder, section in SECTIONS.items():
        (pages,) = (entry[section] for entry in config.nav if section in entry)
        found = sorted(f"{folder}/{path.name}" for path in (ROOT / "docs" / folder).glob("*.md"))
        pages += [page for page in found if page not in placed]
    return config


def on_files(files: Files, config: Any) -> Files:
    """Adds a page for every file and folder outside of docs/ that a page leads to, and for what those lead to."""
    waiting = [file for file in files if file.is_documentation_page()]
    while waiting:
        page = waiting.pop()
        for target in outside(page.content_string, home(page.src_uri)):
            if (uri := page_of(target)) not in files.src_uris:
                made = File.generated(config, uri, content=content(target))
                files.append(made)
                waiting.append(made)
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Links out of docs/ lead to those pages."""
    here = page.file.src_uri

    def changed(match: re.Match[str]) -> str:
        target = resolved(match[2], home(here))
        if not leaves(target) and here.startswith("repository/"):  # the README's links into docs/
            return match[1] + posixpath.relpath(target.removeprefix("docs/"), posixpath.dirname(here))
        return match[1] + posixpath.relpath(page_of(target), posixpath.dirname(here)) if leaves(target) else match[0]

    return LINK.sub(changed, markdown)


def home(uri: str) -> str:
    """The folder, from the root of the repository, that the links of a page start from."""
    if not uri.startswith("repository/"):
        return posixpath.dirname(f"docs/{uri}")
    place = uri.removeprefix("repository/").removesuffix(".md")
    return place if (ROOT / place).is_dir() else posixpath.dirname(place)


def outside(text: str, folder: str) -> list[str]:
    return [t for match in LINK.finditer(text) if leaves(t := resolved(match[2], folder))]


def resolved(link: str, folder: str) -> str:
    return posixpath.normpath(posixpath.join(folder, link))


def leaves(target: str) -> bool:
    return not target.startswith("docs/") and (ROOT / target).exists()


def page_of(target: str) -> str:
    return f"repository/{target.removesuffix('.md')}.md"


def content(target: str) -> str:
    """A Markdown file as it is; of a folder its README, then its sources; of other files the text."""
    path = ROOT / target
    if path.is_file():
        return path.read_text(encoding="utf-8") if path.suffix == ".md" else f"# {target}\n\n{code(path)}"
    readme = path / "README.md"
    parts = [readme.read_text(encoding="utf-8") if readme.exists() else f"# {target}"]
    parts += [f"## {file.name}\n\n{code(file)}" for file in sorted(path.iterdir()) if file.suffix in LANGUAGES]
    parts += [
        f"- [{folder.name}]({folder.name})" for folder in sorted(path.iterdir()) if (folder / "README.md").exists()
    ]
    return "\n\n".join(parts)


def code(path: Path) -> str:
    return f"```{LANGUAGES.get(path.suffix, '')}\n{path.read_text(encoding='utf-8').rstrip()}\n```"
