"""Running nf-replay, and the differential check made of two runs."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from maestro.diagnostics import InternalError, UserError
from maestro.verify.compare import Comparison, compare, with_merged
from maestro.verify.merged import compare_merged

Captures = Mapping[int, Path] | Sequence[tuple[int, Path]]
"""Captures by port. In the second form a port may have several; their packets are put in the order of time."""

_TIMEOUT = 600.0  # seconds
_PREFIX = "nf-replay: "


def replay(
    program: Path,
    inputs: Captures,
    *,
    cores: int = 1,
    verdicts: Path | None = None,
    owners: Path | None = None,
    merged: Path | None = None,
    outputs: Mapping[int, Path] | None = None,
    timeout: float = _TIMEOUT,
) -> dict[str, Any]:
    """Runs ``program`` on captures by port and returns its statistics (``--stats json``).

    ``verdicts``: where to record each packet's verdict and bytes. ``owners``: another run's verdict file, by whose
    cores a reference gives out indices, and whose order and times it follows. ``merged``: where to write the replicated
    state, merged. ``outputs``: captures to write.
    Raises :class:`UserError` when options or captures are at fault or time runs out, :class:`InternalError` when the
    program crashes.
    """
    arguments = ["--cores", str(cores), "--stats", "json", *input_arguments(inputs)]
    for port, path in (outputs or {}).items():
        arguments += ["--out", f"{port}={path}"]
    if verdicts is not None:
        arguments += ["--verdicts", str(verdicts)]
    if owners is not None:
        arguments += ["--owners", str(owners)]
    if merged is not None:
        arguments += ["--merged", str(merged)]
    return run_json(program, arguments, timeout)


def pairs_of(inputs: Captures) -> list[tuple[int, Path]]:
    return list(inputs.items() if isinstance(inputs, Mapping) else inputs)


def input_arguments(inputs: Captures) -> list[str]:
    return [word for port, path in pairs_of(inputs) for word in ("--in", f"{port}={path}")]


def run_json(program: Path, arguments: list[str], timeout: float = _TIMEOUT) -> dict[str, Any]:
    """Runs nf-replay and returns the JSON that it prints. Raises as :func:`replay` does."""
    command = [str(program.resolve()), *arguments]
    try:
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=timeout, check=False)
    except subprocess.TimeoutExpired as error:
        raise UserError(
            f"{program}: not done after {timeout:.0f} s", hint="try fewer packets", code="replay"
        ) from error
    except OSError as error:
        raise InternalError(f"{program}: cannot be run: {error.strerror}") from error
    message = _message(done.stderr)
    match done.returncode:
        case 0:
            return _json(done.stdout)
        case 3 if message:
            raise UserError(message, code="pcap")
        case 1 | 2 if message:
            raise UserError(message, code="replay")
        case status:
            how = f"was killed by signal {-status}" if status < 0 else f"ended with status {status}"
            raise InternalError(f"{program} {how}\n{done.stderr[-2000:]}".rstrip())


def _message(stderr: str) -> str:
    """What nf-replay itself said last; the NF and sanitizers may have written as well."""
    said = [line for line in stderr.splitlines() if line.startswith(_PREFIX)]
    return said[-1].removeprefix(_PREFIX) if said else ""


def _json(stdout: str) -> dict[str, Any]:
    """The object that ends the output; what stands before it, the NF printed."""
    result: dict[str, Any] = json.loads(stdout[max(0, stdout.rfind("\n{\n")) :])
    return result


def differential(
    reference_program: Path,
    parallel_program: Path,
    inputs: Captures,
    cores: int,
    *,
    replicas: Mapping[str, int | None] | None = None,
) -> Comparison:
    """The parallel NF on ``cores`` cores against the reference, packet by packet.

    The reference runs second: it gives out indices as the parallel run's cores did, packet by packet, and takes the
    packets at the times and in the order in which they took effect there (that of time, unless cores share state),
    while its state stays one. ``replicas``: objects of which the cores have copies, and room for how many entries;
    merged after the run, they are compared with the reference's.

    Raises as :func:`replay` does.
    """
    with TemporaryDirectory(prefix="maestro-verify-") as folder:
        parallel, reference = Path(folder, "parallel"), Path(folder, "reference")
        copies, state = (Path(folder, name) if replicas else None for name in ("copies", "state"))
        stats = replay(parallel_program, inputs, cores=cores, verdicts=parallel, merged=copies)
        replay(reference_program, inputs, verdicts=reference, owners=parallel, merged=state)
        found = replace(compare(reference, parallel), stats=stats)
        if copies is None or state is None:
            return found
        return with_merged(found, compare_merged(state, copies, replicas or {}))
