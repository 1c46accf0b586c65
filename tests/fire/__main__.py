"""`python -m tests.fire COMMAND --help`: what can be done to publishing, and what came of it.

python -m tests.fire points
python -m tests.fire points --database sqlite --network blind --response 429
python -m tests.fire chaos --posts 300 --database postgres --seed 4711
python -m tests.fire kills --minutes 5 --database sqlite

Exit code 1 where anything is wrong; the last line counts. Ctrl-C and SIGTERM leave nothing behind.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import sys
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.fire",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True)
    _add_points(commands)
    _add_chaos(commands)
    _add_kills(commands)
    signal.signal(signal.SIGTERM, _interrupt)
    options = parser.parse_args()
    try:
        done: int = options.run(options)
    except KeyboardInterrupt:
        print("\ninterrupted", file=sys.stderr)
        return 130
    return done


def _add_points(commands: Commands) -> None:
    points = commands.add_parser("points", help="kill -9 at every point of a post's life")
    points.add_argument("--database", choices=("sqlite", "postgres"), help="only this one")
    points.add_argument("--network", metavar="NAME", help="only this class of network")
    points.add_argument("--response", metavar="NAME", help="only this way for a request to end")
    points.add_argument("--processes", type=int, default=os.cpu_count() or 1, metavar="N")
    points.set_defaults(run=_points)


def _add_chaos(commands: Commands) -> None:
    chaos = commands.add_parser("chaos", help="real workers, and every harm to them")
    chaos.add_argument("--posts", type=int, default=300, metavar="N", help="default: 300")
    _add_common(chaos)
    chaos.set_defaults(run=_chaos)


def _add_kills(commands: Commands) -> None:
    kills = commands.add_parser("kills", help="two workers, one of them killed every few seconds")
    kills.add_argument("--minutes", type=float, default=5.0, metavar="N", help="default: 5")
    _add_common(kills)
    kills.set_defaults(run=_kills)


def _add_common(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--database", choices=("sqlite", "postgres"), default="postgres")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6), metavar="N")


def _chaos(options: argparse.Namespace) -> int:
    from tests.fire.chaos import run_chaos

    return run_chaos(options.database, options.posts, options.seed)


def _kills(options: argparse.Namespace) -> int:
    from tests.fire.chaos import run_kills

    return run_kills(options.database, options.minutes, options.seed)


def _interrupt(*_: object) -> NoReturn:
    raise KeyboardInterrupt


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
