"""Every command in the README and the documentation is executed, in a folder that holds what the pages speak of."""

from __future__ import annotations

import os
import re
import secrets
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import click
import doc_exceptions as exceptions
import pytest
from doc_pages import ROOT, Command, commands, files, pages, spans

from cli.command_line import maestro
from maestro.cli import main
from maestro.traffic.generate import uniform_traffic

ETH0 = """driver: ice
Channel parameters for eth0:
Pre-set maximums:
Combined:	8
Current hardware settings:
Combined:	2
RX flow hash indirection table for eth0 with 2 RX ring(s):
    0:      0     1     0     1     0     1     0     1
RSS hash key:
6d:5a:56:da:25:5b:0e:c2:41:67:25:3d:43:a3:8f:b0:d0:ca:2b:cb:ae:7b:30:b4:77:cb:2d:a3:80:30:f2:0c:6a:42:b7:3b:be:ac:01:fa:6d:5a:56:da:25:5b:0e:c2:41:67:25:3d
RSS hash function:
    toeplitz: on
    xor: off
"""
PAGES = [page for page in pages() if any(commands(page))]
NAMES = [str(page.relative_to(ROOT)) for page in PAGES]


def is_example(page: Path) -> bool:
    return page.parts[-3] == "examples"


def reason_not_to(command: Command) -> str | None:
    """Why it is not run, if it is not."""
    if is_example(command.page) and " -- " not in command.text:
        return "tests/examples analyses every example as its nf.toml says"
    return next((why for what, why in exceptions.NOT_RUN.items() if re.search(what, command.text)), None)


# ---- every command: names and options exist ----


def words_of(text: str) -> list[str]:
    return shlex.split(text.split(" -- ")[0].replace("[", " ").replace("]", " "), comments=True)


def known_options(words: list[str]) -> tuple[click.Command, set[str]]:
    command: click.Command = main
    while isinstance(command, click.Group) and words and words[0] in command.commands:
        command = command.commands[words.pop(0)]
    subcommand = isinstance(command, click.Group) and "run" in command.commands and command.commands["run"]
    shown = [p for c in (command, subcommand) if c for p in c.params if isinstance(p, click.Option)]
    return command, {spelling for option in shown for spelling in option.opts} | {"-h", "--help", "--version"}


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_commands_have_the_options_that_they_are_given(page: Path) -> None:
    for text in [*(c.text for c in commands(page)), *spans(page)]:
        for part in re.split(r" && | \| ", text):
            if part.startswith("maestro ") and "COMMAND" not in part:
                has_its_options(part)


def has_its_options(text: str) -> None:
    words = words_of(text)[1:]
    found, options = known_options(words)
    assert found is not main or words[0].startswith("-"), f"no command: {text}"
    for word in (w for w in words if re.match(r"--?[A-Za-z]", w)):
        assert word.split("=")[0] in options, f"{word} in {text}"


def test_exceptions_are_needed() -> None:
    texts = [c.text for page in PAGES for c in commands(page)]
    for pattern in [*exceptions.NOT_RUN, *exceptions.STATUS]:
        assert any(re.search(pattern, text) for text in texts), f"no command matches {pattern} any more"


# ---- every command is run ----


@dataclass
class Shell:
    """Runs a page's commands in ``folder``. ``secret``: part of names that nobody else has."""

    folder: Path
    secret: str = field(default_factory=lambda: f"{os.getpid()}-{secrets.token_hex(3)}")
    running: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def log(self) -> Path:
        """What programs that go on running print."""
        return self.folder / "log"

    def text_of(self, command: Command) -> str:
        text = command.text
        for pattern, instead in exceptions.INSTEAD:
            text = re.sub(pattern, instead, text)
        text = text.replace("REPOSITORY", str(ROOT)).replace("SITE", str(self.folder / "site"))
        text = text.replace("PREFIX", f"maestro-{self.secret}")
        if re.search(exceptions.NEEDS_ROOT, text):
            return re.sub(r"(?<![-\w./])(client|nf|server)(?![-\w/])", rf"m{self.secret}-\1", text)
        return text

    def run(self, text: str) -> tuple[int, str]:
        """The status, and what was printed."""
        if text.startswith("maestro ") and not re.search(r"[|>;]|&&", text.split("--require")[0]):
            done = maestro(*shlex.split(text, comments=True)[1:])
            return done.status, done.out + done.err
        if text.endswith("&") or (" netns exec " in text and "nf-dpdk" in text):
            with self.log.open("ab") as log:
                command = ["bash", "-c", f"exec {text.rstrip('& ')}"]
                self.running.append(subprocess.Popen(command, cwd=self.folder, stdout=log, stderr=log))
            time.sleep(0.5)
            assert self.running[-1].poll() is None, text
            return 0, ""
        script = subprocess.run(
            ["bash", "-e", "-o", "pipefail", "-c", text], cwd=self.folder, capture_output=True, text=True, timeout=120,
            env={**os.environ, "PATH": f"{self.folder / 'bin'}:{os.environ['PATH']}"}, check=False,
        )  # fmt: skip
        return script.returncode, script.stdout + script.stderr

    def end(self) -> None:
        for process in self.running:
            process.terminate()
            process.wait(30)
        for role in ("client", "nf", "server"):
            if Path(f"/run/netns/m{self.secret}-{role}").exists():
                subprocess.run(["ip", "netns", "del", f"m{self.secret}-{role}"], check=False)


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shell]:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    shutil.copy(ROOT / "examples" / "firewall-maestro" / "firewall.c", "fw.c")
    shutil.copytree(ROOT / "examples" / "firewall", "my-nf")
    for number, path in uniform_traffic(tmp_path / "traffic-made", flows=50, packets=500, replies=True).items():
        path.rename(("lan.pcap", "wan.pcap")[number])
    for name in ("in", "traffic"):
        shutil.copy("lan.pcap", f"{name}.pcap")
    Path("eth0.txt").write_text(ETH0)
    Path("www").mkdir()
    Path("bin").mkdir()
    Path("bin/maestro").write_text(f'#!/bin/sh\nexec {sys.executable} -m maestro "$@"\n')
    Path("bin/maestro").chmod(0o755)
    made = Shell(tmp_path)
    yield made
    made.end()


def can_run(text: str) -> bool:
    if re.search(exceptions.NEEDS_ROOT, text):
        tools = all(shutil.which(tool) for tool in ("ip", "ethtool", "curl"))
        return tools and has_dpdk() and can_make_namespaces()
    return has_dpdk() if re.search(exceptions.NEEDS_DPDK, text) else True


@cache
def can_make_namespaces() -> bool:
    name = f"maestro-{os.getpid()}-{secrets.token_hex(3)}"
    made = os.geteuid() == 0 and subprocess.run(["ip", "netns", "add", name], check=False).returncode == 0
    if made:
        subprocess.run(["ip", "netns", "del", name], check=True)
    return made


@cache
def has_dpdk() -> bool:
    found = shutil.which("pkg-config") and subprocess.run(["pkg-config", "--exists", "libdpdk"], check=False)
    return bool(found) and found.returncode == 0


def without_chance(text: str) -> str:
    """Without what differs from run to run: keys, times."""
    text = re.sub(r"\b[0-9a-f]{4}(?:\s+[0-9a-f]{4})+\b", "KEY", text)
    return re.sub(r"\d+\.\d+ (m?s)\b", r"T \1", text)


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_commands_do_what_the_page_says(page: Path, shell: Shell) -> None:
    for name, text in files(page).items():
        Path(name).write_text(text)
    ran, left = 0, []
    for command in commands(page):
        text = shell.text_of(command)
        if command.is_synopsis or reason_not_to(command):
            continue
        if not can_run(text):
            left.append(text)
            continue
        status, printed = shell.run(text)
        expected = next((s for what, s in exceptions.STATUS.items() if re.search(what, command.text)), (0,))
        assert status in expected, f"{page}:{command.line}: {text}\n{printed}"
        if command.shown and text == command.text:
            assert without_chance(printed).rstrip() == without_chance(command.shown), f"{page}:{command.line}"
        ran += 1
    if page.name == "nat.md" and not left:
        assert "192.0.2.1 - - " in shell.log.read_text()
        assert '"GET / HTTP/1.1" 200' in shell.log.read_text()
    if left and os.environ.get("CI") == "true":
        pytest.fail(f"CI has root and DPDK: {left}")
    if left and not ran:
        pytest.skip(f"needs root or DPDK: {left}")
