"""What goes into the content folders, written whole or not at all: no reader meets half of it."""

from __future__ import annotations

import errno
import json
import os
import stat
from contextlib import suppress
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
                os.fchmod(file.fileno(), stat.S_IMODE(path.stat().st_mode))
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def quoted(text: str) -> str:
    """A TOML string. JSON's is one, but for the two characters mended here."""
    fit = text.encode("utf-8", "replace").decode()
    return json.dumps(fit, ensure_ascii=False).replace("\x7f", "\\u007f")
