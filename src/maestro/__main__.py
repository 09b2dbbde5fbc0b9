"""``python -m maestro``: the command line without an installed script."""

from maestro.cli import main

if __name__ == "__main__":
    main(prog_name="maestro")
