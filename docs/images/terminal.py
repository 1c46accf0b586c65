"""Draws the README's picture of a terminal, from what `bot preview` really prints there.

    python docs/images/terminal.py            draws docs/images/preview.svg
    python docs/images/terminal.py --check    says whether the one that is there still is true

The command sees neither a ledger nor settings, so the picture is the same on every machine.
"""

from __future__ import annotations

import io
import os
import pty
import sys
import tempfile
import xml.etree.ElementTree as ET
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
PICTURE = HERE / "preview.svg"
COMMAND = ("preview", "--count", "3", "--from", "2026-12-01")
COLUMNS, ROWS = 96, 60

FRAME = """\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img">
<title>bot preview in a terminal: the first three posts of the campaign</title>
<style>
.{unique_id}-matrix {{
  font-family: ui-monospace, "SF Mono", Menlo, "DejaVu Sans Mono", Consolas, monospace;
  font-size: {char_height}px; line-height: {line_height}px;
}}
.{unique_id}-title {{ font-family: system-ui, sans-serif; font-size: 18px; }}
{styles}
</style>
<defs>{lines}</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g>
</g>
</svg>
"""
"""What rich fills in; its own frame would fetch a font from somebody else's server."""


def main() -> int:
    screen = seen()
    if sys.argv[1:] == ["--check"]:
        same = PICTURE.exists() and told(PICTURE) == shown(screen)
        sys.stdout.write("up to date\n" if same else "stale: run python docs/images/terminal.py\n")
        return 0 if same else 1
    PICTURE.write_text(drawn(screen), encoding="utf-8")
    return 0


def seen() -> str:
    """Everything the command writes to a terminal of that size, colours included."""
    with tempfile.TemporaryDirectory() as nowhere:  # no ledger and no .env here
        pid, terminal = pty.fork()
        if pid == 0:
            run_here(nowhere)
        with os.fdopen(terminal, "rb", buffering=0) as file:
            said = read_all(file)
        if os.waitpid(pid, 0)[1] != 0:
            raise SystemExit(said)
    return said


def run_here(folder: str) -> None:
    """Becomes the command. Its environment is the same on every machine."""
    os.chdir(folder)
    environment = {
        "PATH": os.environ.get("PATH", ""),
        "PYTHONPATH": str(ROOT),
        "TERM": "xterm-256color",
        "COLUMNS": str(COLUMNS),
        "LINES": str(ROWS),
        "LC_ALL": "C.UTF-8",
    }
    command = [sys.executable, "-m", "bot", "--root", str(ROOT), *COMMAND]
    os.execve(sys.executable, command, environment)  # noqa: S606 - there is no shell


def read_all(file: io.FileIO) -> str:
    """Until the command has ended: then Linux fails the read, and others give nothing."""
    said = b""
    while True:
        try:
            more = file.read(65536)
        except OSError:
            more = b""
        if not more:
            return said.decode().replace("\r\n", "\n")
        said += more


def drawn(screen: str) -> str:
    """The screen as an SVG, under the command that was typed."""
    from rich.console import Console
    from rich.text import Text

    console = Console(record=True, width=COLUMNS, file=io.StringIO(), color_system="truecolor")
    console.print(f"[bold green]$[/] bot {' '.join(COMMAND)}", highlight=False)
    console.print(Text.from_ansi(screen))
    return console.export_svg(title="Stand with Belarus", code_format=FRAME, unique_id="preview")


def shown(screen: str) -> list[str]:
    """The screen's lines, without colours and without spaces at their ends."""
    from rich.text import Text

    typed = f"$ bot {' '.join(COMMAND)}"
    return [typed, *(line.rstrip() for line in Text.from_ansi(screen).plain.split("\n"))]


def told(picture: Path) -> list[str]:
    """The same of a picture."""
    root = ET.fromstring(picture.read_text(encoding="utf-8"))  # noqa: S314 - our own file
    space = "{http://www.w3.org/2000/svg}"
    lines: dict[str, list[tuple[float, str]]] = {}
    for group in root.iter(f"{space}g"):
        if group.get("class", "").endswith("-matrix"):
            for text in group.iter(f"{space}text"):
                piece = (float(text.get("x", "0")), "".join(text.itertext()))
                lines.setdefault(text.get("clip-path", ""), []).append(piece)
    return [
        "".join(piece for _, piece in sorted(pieces)).replace("\N{NO-BREAK SPACE}", " ").rstrip()
        for pieces in lines.values()
    ]


if __name__ == "__main__":
    sys.exit(main())
