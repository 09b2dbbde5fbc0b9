"""Thousands of random NFs, on demand:

    PYTHONPATH=tests python -m property.many --count 5000 --log random-nfs.txt

One line an NF. With the same log again it goes on where it stopped. Exits with 1 when an NF behaves differently in
parallel, or Maestro breaks on it; to look at one of them: ``--show NUMBER`` prints its source.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from tempfile import TemporaryDirectory

from property.trial import attempt, source_of

HERE = Path(__file__).parent


def outcome(number: int, strategy: str) -> str:
    with TemporaryDirectory(prefix="maestro-random-") as folder:
        try:
            return str(attempt(number, Path(folder), strategy))
        except Exception as error:  # every bug is a line of the log
            return f"BUG {type(error).__name__}: {str(error)[:300]!r}"


def is_bad(line: str) -> bool:
    """Of a log's line: it broke, or differs."""
    return " BUG " in line or (" differences in " in line and ", 0 differences in " not in line)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--first", type=int, default=0, metavar="NUMBER")
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--strategy", default="auto")
    parser.add_argument("--log", type=Path, default=Path("random-nfs.txt"))
    parser.add_argument("--show", type=int, metavar="NUMBER")
    asked = parser.parse_args()
    if asked.show is not None:
        sys.stdout.write(source_of(asked.show))
        return 0
    known = asked.log.read_text().splitlines() if asked.log.exists() else []
    done = {int(line.split()[0]) for line in known if line[:1].isdigit()}
    todo = [n for n in range(asked.first, asked.first + asked.count) if n not in done]
    with asked.log.open("a", buffering=1) as log, ProcessPoolExecutor(asked.jobs, max_tasks_per_child=200) as pool:
        running = {pool.submit(outcome, n, asked.strategy): n for n in todo}
        for future in as_completed(running):
            log.write(f"{running[future]} {future.result()}\n")
    lines = [line for line in asked.log.read_text().splitlines() if line[:1].isdigit()]
    kinds = Counter(" ".join(line.split()[1:2]).strip(",") for line in lines)
    bad = [line for line in lines if is_bad(line)]
    print(
        f"{len(lines)} NFs: {', '.join(f'{n} {kind}' for kind, n in kinds.most_common())}; {len(bad)} bad",
        *bad,
        sep="\n",
    )
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
