"""`python -m bot`, and the console script: runs a command and turns what goes wrong into words."""

from __future__ import annotations

import io
import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import click


def main(arguments: list[str] | None = None) -> int:
    """Runs one command. Returns the exit code: 0 done, 1 problems, 2 wrong usage or settings."""
    from bot.guard import guarded

    _collect_seldom()
    _write_whatever_comes()
    with guarded(for_good=arguments is None):
        return _run(sys.argv[1:] if arguments is None else arguments)


def _run(arguments: list[str]) -> int:
    import click

    from bot.cli import bot
    from bot.cli.shared import ignore_output
    from bot.errors import BotError, in_words

    debug = "--debug" in arguments
    try:
        result = bot.main(args=arguments, prog_name="bot", standalone_mode=False)
        if sys.stdout is not None:  # it is, where the process was started with it closed
            sys.stdout.flush()
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        return error.exit_code
    except click.ClickException as error:
        _complain(_usage(error))
        return error.exit_code
    except click.Abort:
        click.echo("Stopped.", err=True)
        return 130
    except BotError as error:
        if debug:
            raise
        _complain(str(error))
        return error.exit_code
    except BrokenPipeError:
        ignore_output()
        return 0
    except OSError as error:
        if debug:
            raise
        where = f"{error.filename}: " if isinstance(error.filename, str) else ""
        _complain(f"{where}{in_words(error)}\nCheck the disk, the folder and its permissions.")
        return 1
    except Exception as error:
        if debug:
            raise
        _complain(
            f"{type(error).__name__}: {error}\n"
            "This is a fault of the program. Run the same command with --debug before the "
            "command's name to see where."
        )
        return 1
    return result if isinstance(result, int) else 0


def _collect_seldom() -> None:
    """Has Python look for cyclic garbage every 100,000 new objects, and not at all at the end.

    A start makes some 60,000, and throws next to none of them away. By default they are looked
    through dozens of times, and once more at the end: a seventh of the time that `bot preview`
    takes.
    """
    import atexit
    import gc

    gc.set_threshold(100_000)
    atexit.register(gc.freeze)


def _write_whatever_comes() -> None:
    """Where an encoding lacks a character, its number is better than no output at all.

    UTF-8 lacks none but what stands for bytes of a file's name that are no text. Windows writes
    into files and pipes in an old encoding of the country, where those who read want UTF-8.
    """
    old = sys.platform == "win32" and "PYTHONIOENCODING" not in os.environ
    for stream in (sys.stdout, sys.stderr):
        if not isinstance(stream, io.TextIOWrapper):
            continue
        if old and not stream.isatty() and stream.encoding.lower() != "utf-8":
            stream.reconfigure(encoding="utf-8")
        stream.reconfigure(errors="backslashreplace")


def _complain(what: str) -> None:
    import click

    click.echo(click.style("Error: ", fg="red", bold=True) + what, err=True)


def _usage(error: click.ClickException) -> str:
    """What click says of wrong usage, and where to read how it is right."""
    import click

    said = error.format_message()
    context = getattr(error, "ctx", None)
    if context is None:
        return f"{said}\nTry `bot --help`."
    if isinstance(error, click.NoSuchOption) and not error.possibilities:
        options = [name for each in context.command.get_params(context) for name in each.opts]
        known = ", ".join(name for name in options if name.startswith("--"))
        return f"{said}\n`{context.command_path}` has {known}."
    return f"{said}\nTry `{context.command_path} --help`."


if __name__ == "__main__":
    sys.exit(main())
