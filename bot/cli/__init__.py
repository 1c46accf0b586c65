"""The command line: commands to calls, settings to concrete classes.

Each command imports what it needs when it runs, so that `bot --help` costs no more than click does.
"""

from __future__ import annotations

from typing import Any

import click

from bot import __version__
from bot.cli import content, media, new, posting, preview, records, signing
from bot.cli.shared import Bot, ignore_output
from bot.errors import UsageError


class Commands(click.Group):
    """Lists the commands in the order of a campaign's life, not of the alphabet."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's
        return list(self.commands)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        known = args[0] in self.commands or args[0].startswith("-")
        if not known and not ctx.resilient_parsing:
            from bot.content.reading import listed, meant

            what = f"There is no command `{args[0]}`{meant(args[0], self.commands)}"
            raise UsageError(what=what, fix=f"There are {listed(self.commands)}.")
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


for command in (
    *(new.new, content.check, content.verify, preview.preview, signing.approve),
    *(media.media, media.frame),
    *(posting.post, posting.run),
    *(records.status, records.log, records.resolve, records.pause, records.resume),
    *(records.migrate, records.doctor),
):
    bot.add_command(command)


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
