"""Text to files of the content folders, whole or not at all: no reader meets half of one."""

from __future__ import annotations

import json
import os
import stat
from contextlib import suppress
from pathlib import Path


def write_whole(path: Path, text: str) -> None:
    """Writes a file in UTF-8, line ends as they are in the text. Raises OSError.

    A file that is there keeps its permissions. Until the text is on the disk it stands under a
    hidden name beside it, which everything that reads content passes over.
    """
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with partial.open("w", encoding="utf-8", newline="") as file:
            with suppress(FileNotFoundError):
                os.fchmod(file.fileno(), stat.S_IMODE(path.stat().st_mode))
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def quoted(text: str) -> str:
    """A TOML string. JSON's is one, but for the two characters mended here."""
    fit = text.encode("utf-8", "replace").decode()
    return json.dumps(fit, ensure_ascii=False).replace("\x7f", "\\u007f")
