"""`python -m bot`, and the console script: runs a command and turns what goes wrong into words."""

from __future__ import annotations

import os
import sys


def main(arguments: list[str] | None = None) -> int:
    """Runs one command. Returns the exit code: 0 done, 1 problems, 2 wrong usage or settings."""
    import click

    from bot.cli import bot
    from bot.errors import BotError

    arguments = sys.argv[1:] if arguments is None else arguments
    debug = "--debug" in arguments
    try:
        result = bot.main(args=arguments, prog_name="bot", standalone_mode=False)
        sys.stdout.flush()
    except click.exceptions.Exit as error:
        return error.exit_code
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except click.Abort:
        click.echo("Stopped.", err=True)
        return 130
    except BotError as error:
        if debug:
            raise
        click.echo(click.style("Error: ", fg="red", bold=True) + str(error), err=True)
        return error.exit_code
    except BrokenPipeError:
        # Whoever read our output has gone (`bot log | head`): nothing to say, nobody to say it to.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:
        if debug:
            raise
        click.echo(
            f"Error: {type(error).__name__}: {error}\n"
            "This is a fault of the program. Run the same command with --debug before the "
            "command's name to see where.",
            err=True,
        )
        return 1
    return result if isinstance(result, int) else 0


if __name__ == "__main__":
    sys.exit(main())
