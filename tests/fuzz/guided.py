#!/usr/bin/env python3
"""One Python target under Atheris (libFuzzer, guided by coverage). Takes libFuzzer's options; the target's name is in
the environment, since libFuzzer starts this file again with its own options only."""

from __future__ import annotations

import os
import sys

import atheris

with atheris.instrument_imports(include=["maestro"]):
    from fuzz import targets

TARGET = "MAESTRO_FUZZ_TARGET"


def main() -> None:
    name = os.environ[TARGET]
    atheris.Setup(sys.argv, lambda data: targets.run(name, data))
    atheris.Fuzz()


if __name__ == "__main__":
    main()
