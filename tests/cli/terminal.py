"""Commands on a terminal of a given size, as a person sees them."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from collections.abc import Mapping
from pathlib import Path

_COLOUR = re.compile(r"\x1b\[[0-9;]*m")


def on_terminal(
    site: Path, *arguments: str, env: Mapping[str, str], columns: int = 80
) -> tuple[int, str]:
    """The exit code, and everything that came to the terminal, colours included."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    colourful = {key: value for key, value in env.items() if key != "NO_COLOR"}
    with subprocess.Popen(
        [sys.executable, "-m", "bot", *arguments],
        cwd=site,
        env={**colourful, "TERM": "xterm-256color"},
        stdin=slave,
        stdout=slave,
        stderr=slave,
    ) as process:
        os.close(slave)
        said = b"".join(_read_all(master))
        code = process.wait(120)
    os.close(master)
    return code, said.decode().replace("\r\n", "\n")


def _read_all(descriptor: int) -> list[bytes]:
    pieces: list[bytes] = []
    while True:
        try:
            piece = os.read(descriptor, 65536)
        except OSError:  # Linux's way to say that nobody writes there any more
            return pieces
        if not piece:
            return pieces
        pieces.append(piece)


def plain(text: str) -> str:
    """The same without colours."""
    return _COLOUR.sub("", text)
