"""Asking ethtool. Only questions: nothing here changes a device."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

from maestro.diagnostics import UserError
from maestro.doctor.reading import FLOWS, Reading, parse

_SECONDS = 20
_NAME = re.compile(r"[^\s/-][^\s/]{0,14}")


def read(device: str) -> Reading:
    """The settings of ``device`` now.

    Raises UserError: ``no-ethtool``, ``no-device``, ``no-rss`` (it has none, or only one queue), ``device-permission``.
    """
    program = shutil.which("ethtool") or shutil.which("ethtool", path="/usr/sbin:/sbin")
    if program is None:
        raise UserError("ethtool is not installed", hint="apt install ethtool", code="no-ethtool")
    if not _NAME.fullmatch(device):
        raise UserError(f"{device!r} is no name of a network device", hint="`ip link` lists them", code="no-device")
    said = _ask(program, device, "-x")
    more = [["-i"], ["-l"], *(["-n", "rx-flow-hash", flow] for flow in FLOWS)]
    answers = [said, *(_said(program, option, device, *rest).stdout for option, *rest in more)]
    return parse("\n".join(answers), device)


def read_file(path: Path, device: str) -> Reading:
    """From output of ethtool that was saved, on this or another machine. Raises UserError (``ethtool-output``)."""
    try:
        return parse(path.read_text(encoding="utf-8", errors="replace"), device)
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}", code="ethtool-output") from error


def _said(program: str, option: str, device: str, *rest: str) -> subprocess.CompletedProcess[str]:
    command = [program, option, device, *rest]
    try:
        return subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=_SECONDS, env={"LC_ALL": "C"}
        )
    except subprocess.TimeoutExpired:
        text = f"{device}: ethtool {option} has not answered for {_SECONDS} seconds"
        raise UserError(text, hint="its driver seems to be stuck: see dmesg", code="no-rss") from None


def _ask(program: str, device: str, option: str) -> str:
    done = _said(program, option, device)
    if done.returncode == 0:
        return done.stdout
    complaint = " ".join(done.stderr.split())
    if "No such device" in complaint:
        raise UserError(f"there is no network device {device!r}", hint="`ip link` lists them", code="no-device")
    if "not permitted" in complaint or "Permission denied" in complaint:
        raise UserError(f"{device}: ethtool may not read it: {complaint}", hint="try as root", code="device-permission")
    raise UserError(
        f"{device} has no RSS: ethtool {option} says: {complaint}",
        hint="nf-dpdk --rss software spreads packets on any device",
        code="no-rss",
    )
