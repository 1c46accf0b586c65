"""The command line: commands to calls, settings to concrete classes.

Each command is imported when it is asked for, and imports what it needs when it runs, so that
`bot --help` costs no more than click does.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

import click

from bot import __version__
from bot.cli.shared import Bot, ignore_output
from bot.errors import UsageError

MODULES: Mapping[str, tuple[str, ...]] = {
    "new": ("new",),
    "content": ("check", "verify"),
    "preview": ("preview",),
    "signing": ("approve",),
    "media": ("media", "frame"),
    "posting": ("post", "run"),
    "records": ("status", "log", "resolve", "pause", "resume", "migrate", "doctor"),
}
"""The commands, in the order of a campaign's life, by the module that has them."""


class Commands(click.Group):
    """Lists the commands in that order, and imports the one that is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's
        return [*(name for names in MODULES.values() for name in names), *self.commands]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        for module, names in MODULES.items():
            if cmd_name in names:
                command: click.Command = getattr(import_module(f"bot.cli.{module}"), cmd_name)
                return command
        return super().get_command(ctx, cmd_name)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        names = self.list_commands(ctx)
        if args[0] not in names and not args[0].startswith("-") and not ctx.resilient_parsing:
            from bot.content.reading import listed, meant

            what = f"There is no command `{args[0]}`{meant(args[0], names)}"
            raise UsageError(what=what, fix=f"There are {listed(names)}.")
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except BrokenPipeError:  # click itself would make an exit code of 1 of it
            ignore_output()
            return 0


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--root",
    envvar="BOT_ROOT",
    metavar="DIR",
    help="The folder that holds messages/ and media/ (here).",
)
@click.option("--debug", is_flag=True, help="Show a traceback where something goes wrong.")
@click.version_option(__version__, message="%(version)s")
@click.pass_context
def bot(ctx: click.Context, root: str | None, debug: bool) -> None:
    """Runs an advocacy campaign: shows what will be posted, and posts each thing exactly once.

    \b
    Start with:  bot preview    the coming posts; no credentials, nothing changes
    Then:        bot doctor     what stands in the way of posting from here
                 bot run        the worker (a dry run, unless DRY_RUN=false)
    """
    ctx.obj = Bot(root, debug=debug)


@bot.command(short_help="Prints the script that completes commands in your shell.")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> int:
    """Prints the script that completes this command's words in your shell.

    \b
    Example:  bot completion bash >> ~/.bashrc
    """
    from click.shell_completion import get_completion_class

    found = get_completion_class(shell)
    assert found is not None, "click knows the shells that the option admits"
    click.echo(found(bot, {}, "bot", "_BOT_COMPLETE").source())
    return 0
