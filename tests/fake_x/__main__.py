"""A fake X to try things against by hand.

It prints its address and four credentials, ready to paste into .env, then one line for each post as
it comes in. What it refuses, and why, goes to standard error. Ctrl-C or SIGTERM ends it.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import threading
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NoReturn

from tests.fake_x.faults import KINDS, Faults
from tests.fake_x.oauth import HERE, X
from tests.fake_x.server import FakeX
from tests.fake_x.store import Logged, Post

_ENDS = (signal.SIGINT, signal.SIGTERM)

_MARK = "# The address and credentials of a fake X. Worthless once it has ended.\n"


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Runs until it is told to stop, then exits with 0; with 2 for wrong usage."""
    parser = _parser()
    options = parser.parse_args(arguments)
    # Blocked in every thread and waited for in this one. A handler that raises could do so in the
    # middle of taking a lock, which would then never be let go.
    signal.pthread_sigmask(signal.SIG_BLOCK, _ENDS)
    fake = FakeX(
        options.account or ["x"],
        options.port,
        signed_for=options.signed_for or [X],
        require_alt=options.require_alt,
        single_use_media=options.single_use_media,
        duplicate_window=86400.0 if options.duplicates_refused else 0.0,
        check_after_secs=options.check_after,
        date_skew=options.date_skew,
    )
    try:
        for text in options.fault:
            add_fault(fake.faults, text)
        with fake:
            _greet(fake, options.env_file, export=options.export)
            watcher = _Watcher(fake, options.json)
            watcher.start()
            signal.sigwait(_ENDS)
        watcher.join()
        if watcher.failure:
            raise watcher.failure
    except (OSError, ValueError, OverflowError) as error:
        parser.error(str(error))
    sys.exit(0)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.fake_x",
        description=__doc__,
        epilog=f"Faults: {', '.join(KINDS)}.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--port", type=int, default=0, help="default: any that is free")
    parser.add_argument(
        "--account", action="append", metavar="NAME", help="an account; repeatable; default: x"
    )
    parser.add_argument(
        "--fault",
        action="append",
        default=[],
        metavar="KIND[:TIMES][,OPTION=VALUE…]",
        help="what is to go wrong, e.g. drop_after_store:1 or 'status:2,code=500,match=GET *'",
    )
    parser.add_argument("--env-file", type=Path, metavar="FILE", help="write the settings there")
    parser.add_argument("--json", type=Path, metavar="FILE", help="append each post there")
    parser.add_argument("--export", action="store_true", help="settings as `export` lines")
    parser.add_argument(
        "--signed-for",
        action="append",
        metavar="URL",
        help=f"a base address whose signatures are good, or `{HERE}`; repeatable; default: {X}",
    )
    parser.add_argument("--check-after", type=int, default=1, metavar="SECONDS", help="for GIFs")
    parser.add_argument(
        "--date-skew", type=float, default=0.0, metavar="SECONDS", help="its clock is ahead by this"
    )
    for name, what in (
        ("--require-alt", "refuse pictures without alt text"),
        ("--single-use-media", "refuse a picture in a second post"),
        ("--duplicates-refused", "refuse the same text within a day"),
    ):
        parser.add_argument(
            name, action=argparse.BooleanOptionalAction, default=True, help=f"{what} (default)"
        )
    return parser


def add_fault(faults: Faults, text: str) -> None:
    """Puts a fault in force that is written KIND[:TIMES][,OPTION=VALUE…]. Raises ValueError."""
    head, *pairs = text.split(",")
    kind, _, times = head.partition(":")
    options: dict[str, Any] = {}
    for pair in pairs:
        name, mark, value = pair.partition("=")
        if not mark:
            raise ValueError(f"--fault {text}: {pair!r} is not OPTION=VALUE")
        options[name.strip()] = _value(value)
    if times:
        options["times"] = None if times == "always" else int(times)
    try:
        faults.add(kind, **options)
    except TypeError as error:
        raise ValueError(f"--fault {text}: {error}") from error


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _greet(fake: FakeX, env_file: Path | None, *, export: bool) -> None:
    settings: dict[str, str] = {}
    for name in fake.users:
        settings |= fake.environment(name, name.upper().replace("-", "_"))
    lines = [f"{name}={value}" for name, value in settings.items()]
    if env_file:
        _write_private(env_file, _MARK + "\n".join(lines) + "\n")
    print(f"# A fake X at {fake.url}. Ctrl-C ends it.")
    print("\n".join(f"export {line}" if export else line for line in lines), flush=True)


def _write_private(path: Path, text: str) -> None:
    """Writes a file that only its owner may read. Raises ValueError rather than lose another's."""
    if path.exists():
        if not path.read_text(encoding="utf-8").startswith(_MARK):
            raise ValueError(f"{path} is there already, and not mine: name another file")
        path.unlink()
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)


class _Watcher(threading.Thread):
    """Tells what happens, until the fake is closed. Where it can't, it ends the program."""

    def __init__(self, fake: FakeX, record: Path | None) -> None:
        super().__init__()
        self.failure: Exception | None = None
        self._fake = fake
        self._record = record

    def run(self) -> None:
        try:
            _watch(self._fake, self._record)
        except Exception as error:  # noqa: BLE001 - the main thread raises it
            self.failure = error
            os.kill(os.getpid(), signal.SIGTERM)


def _watch(fake: FakeX, record: Path | None) -> None:
    seen = 0
    while events := fake.follow(seen):
        for event in events:
            seen += 1
            if isinstance(event, Post):
                _append(record, event)
                print(_line(event), flush=True)
            elif event.status is None or event.status >= 400:
                print(_refusal(event), file=sys.stderr, flush=True)


def _line(post: Post) -> str:
    pictures = "".join(
        f" [{media.mime} {media.bytes} bytes, alt: {_flat(media.alt)}]" for media in post.media
    )
    moment = datetime.fromtimestamp(post.received_at, UTC).strftime("%Y-%m-%d %H:%M:%S")
    return f"{moment} {post.user}: {_flat(post.text)}{pictures}"


def _refusal(entry: Logged) -> str:
    what = entry.status or "no answer"
    fault = f" ({entry.fault})" if entry.fault else ""
    return f"refused: {entry.method} {entry.path}: {what}{fault} {_flat(entry.reason)}".rstrip()


def _flat(text: str) -> str:
    return text.replace("\n", "\\n")


def _append(path: Path | None, post: Post) -> None:
    if path is None:
        return
    document = asdict(post) | {"created_at": post.created_at.isoformat()}
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(document, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
