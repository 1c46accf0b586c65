"""`python -m benchmarks`: how this program compares with the bare libraries it stands on.

Prints ratios, since single times say more about the machine than about the program. Nothing here
is a test: no figure fails anything. Needs Linux (/proc) and the development requirements. Talks to
loopback only.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable

from benchmarks import memory, page, processes, volume
from benchmarks.measure import Figure


def main() -> int:
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer runs, smaller ledgers")
    parser.add_argument("--only", metavar="WORD", default="", help="only figures so named")
    options = parser.parse_args()
    groups: list[Callable[[bool], list[Figure]]] = [
        processes.start,
        processes.previews,
        processes.first_request,
        volume.plan,
        volume.decision,
        page.thousand,
        page.live,
        memory.idle,
        memory.large_gif,
    ]
    print(f"{'what':<52}{'ours':>12}{'floor':>12}{'ratio':>9}{'at most':>9}")
    for group in groups:
        if options.only in group.__name__:
            for figure in group(options.quick):
                show(figure)
    return 0


def show(figure: Figure) -> None:
    ratio = "" if figure.ratio is None else f"{figure.ratio:.2f}{figure.unit}"
    most = "" if figure.most is None else f"{figure.most:.2f}{figure.unit}"
    columns = f"{figure.ours:>12}{figure.floor:>12}{ratio:>9}{most:>9}  {figure.verdict}"
    print(f"{figure.name:<52}{columns}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
