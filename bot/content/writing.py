"""What goes into the content folders, written whole or not at all: no reader meets half of it."""

from __future__ import annotations

import errno
import json
import os
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


def write_whole(path: Path, content: str | bytes) -> None:
    """Writes a file: text in UTF-8, its line ends as they are, or bytes. Raises OSError.

    A file that is there keeps its permissions, and a link to one stays a link. What is no ordinary
    file (a folder, a device, a pipe) is refused, never replaced. Until the content is on the disk
    it stands under a hidden name beside it, which everything that reads content passes over.
    """
    path = Path(os.path.realpath(path))
    if path.exists() and not path.is_file() and not path.is_dir():  # of a folder the system says it
        raise OSError(errno.EINVAL, "it is no ordinary file")
    data = content.encode() if isinstance(content, str) else content
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with partial.open("wb") as file:
            with suppress(FileNotFoundError):
                partial.chmod(stat.S_IMODE(path.stat().st_mode))
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


@contextmanager
def taking_turns(folder: Path) -> Iterator[None]:
    """One after the other, where two write in the same folder: the page and a terminal, say.

    Windows knows no locks of folders. There a hidden file stands for it, and who waits for longer
    than ten seconds is told so by an OSError.
    """
    if sys.platform == "win32":
        import msvcrt

        held = os.open(folder / ".turn", os.O_RDWR | os.O_CREAT)
        take, how = msvcrt.locking, (msvcrt.LK_LOCK, 1)
    else:
        import fcntl

        held = os.open(folder, os.O_RDONLY)
        take, how = fcntl.flock, (fcntl.LOCK_EX,)
    try:
        take(held, *how)
        yield
    finally:
        os.close(held)


def quoted(text: str) -> str:
    """A TOML string. JSON's is one, but for the two characters mended here."""
    fit = text.encode("utf-8", "replace").decode()
    return json.dumps(fit, ensure_ascii=False).replace("\x7f", "\\u007f")
