"""An NF that nobody vouches for, on the command line: what it may read, and that nothing of it runs."""

from __future__ import annotations

from pathlib import Path

import pytest
from command_line import EXAMPLES, Run, maestro, write_nf

from maestro.diagnostics import ExitStatus

SECRET = "topsecretword"
READER = (
    "#include <stdio.h>\nstatic const char *name = NAME;\n"
    'void nf_config_init(int argc, char **argv) { if (argc > 1) name = argv[1]; if (!fopen(name, "r")) exit(1); }\n'
    "ENTRY { return 1 - device; }"
)


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    (tmp_path / "nf").mkdir()
    (tmp_path / "outside").mkdir()
    file = tmp_path / "outside" / "secret.txt"
    file.write_text(f"{SECRET}\n#error {SECRET}\n")
    return file


def refused(run: Run, code: str) -> None:
    assert run.status in (ExitStatus.SOURCE, ExitStatus.UNSUPPORTED)
    assert f"[{code}]" in run.err
    assert SECRET not in run.err + run.out


@pytest.mark.parametrize("command", ["analyze", "verify", "parallelize", "report"])
def test_no_command_reads_headers_from_outside(command: str, secret: Path) -> None:
    source = write_nf(secret.parents[1] / "nf", f'#include "{secret}"\nENTRY {{ return 1 - device; }}')
    out = ["-o", secret.parents[1] / "out"] if command in ("parallelize", "report") else []
    refused(maestro(command, source, *out), "include-outside")


def test_a_file_is_read_when_the_user_named_or_allowed_it(secret: Path) -> None:
    source = write_nf(secret.parents[1] / "nf", READER.replace("NAME", f'"{secret}"'))
    refused(maestro("analyze", source), "file-outside")
    assert maestro("analyze", source, "--allow", secret.parent).status == ExitStatus.OK
    assert maestro("analyze", source, "--", secret).status == ExitStatus.OK


def test_its_own_settings_do_not_allow_a_file(secret: Path) -> None:
    folder = secret.parents[1] / "nf"
    write_nf(folder, READER.replace("NAME", '"none"'))
    (folder / "nf.toml").write_text(f'args = ["{secret}"]\n')
    refused(maestro("analyze", folder), "file-outside")
    (folder / "table.txt").write_text("1\n")
    (folder / "nf.toml").write_text(f'args = ["{folder / "table.txt"}"]\n')
    assert maestro("analyze", folder).status == ExitStatus.OK


def test_starting_is_interpreted(tmp_path: Path) -> None:
    """Constructors, initialisation and system calls of the NF leave no trace."""
    trace = tmp_path / "trace"
    body = (
        "#include <stdlib.h>\n__attribute__((constructor)) static void early(void) { system(TOUCH); }\n"
        "ENTRY { return 1 - device; }"
    ).replace("TOUCH", f'"touch {trace}"')
    run = maestro("analyze", write_nf(tmp_path, body))
    assert run.status in (ExitStatus.OK, ExitStatus.UNSUPPORTED)
    assert not trace.exists()


def test_the_examples_need_nothing_from_outside() -> None:
    assert maestro("analyze", EXAMPLES / "bridge-static").status == ExitStatus.OK
