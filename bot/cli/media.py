"""`bot media` and `bot frame`: the campaign's pictures, and a frame for one of yours."""

from __future__ import annotations

import click

from bot.cli.shared import Bot, counted, pass_bot


@click.group()
def media() -> None:
    """The campaign's own pictures."""


@media.command()
@pass_bot
def build(bot: Bot) -> int:
    """Draws the campaign's pictures from its content; only those that changed.

    \b
    Example:  bot media build
    Needs the extra `pictures`. The same content gives the same bytes on every machine.
    """
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    from bot.content import load_to_draw
    from bot.drawing import build as draw

    campaign = load_to_draw(bot.root)
    columns = (BarColumn(), MofNCompleteColumn(), TextColumn("{task.description}"))
    screen = Console(stderr=True)
    with Progress(*columns, console=screen, disable=not screen.is_terminal) as progress:
        task = progress.add_task("", total=None)
        built = draw(
            campaign,
            bot.root,
            lambda done, total, path: progress.update(
                task,
                completed=done,
                total=total,
                description=path,
            ),
        )
        progress.update(task, description="", completed=progress.tasks[0].total)
    for path in built.drawn:
        click.echo(f"drawn    {path}")
    for path in built.removed:
        click.echo(f"removed  {path}")
    kept = f"{counted(len(built.kept), 'file')} as it should be"
    if built.drawn or built.removed:
        click.secho(f"{counted(len(built.drawn), 'file')} drawn, {kept}.", fg="green", bold=True)
    else:
        click.secho(f"Nothing to do: {kept}.", fg="green", bold=True)
    return 0
