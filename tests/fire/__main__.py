"""`python -m tests.fire COMMAND --help`: what can be done to publishing, and what came of it.

python -m tests.fire points
python -m tests.fire points --database sqlite --network blind --response 429
"""

from __future__ import annotations

import argparse
import os
import sys


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.fire",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True)
    _add_points(commands)
    options = parser.parse_args()
    done: int = options.run(options)
    return done


def _add_points(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    points = commands.add_parser("points", help="kill -9 at every point of a post's life")
    points.add_argument("--database", choices=("sqlite", "postgres"), help="only this one")
    points.add_argument("--network", metavar="NAME", help="only this class of network")
    points.add_argument("--response", metavar="NAME", help="only this way for a request to end")
    points.add_argument("--processes", type=int, default=os.cpu_count() or 1, metavar="N")
    points.set_defaults(run=_points)


def _points(options: argparse.Namespace) -> int:
    from tests.fire.points import groups, run

    chosen = [
        group
        for group in groups()
        if options.database in (None, group.database)
        and options.network in (None, group.kind.name)
        and options.response in (None, group.response)
    ]
    return run(chosen, options.processes)


if __name__ == "__main__":
    sys.exit(main())
