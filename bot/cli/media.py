"""`bot media` and `bot frame`: the campaign's pictures, and a frame for one of yours."""

from __future__ import annotations

import click

from bot.cli.shared import NETWORKS, Bot, pass_bot
from bot.errors import ContentError, counted


@click.group()
def media() -> None:
    """The campaign's own pictures.

    \b
    Example:  bot media build
    """


@media.command()
@pass_bot
def build(bot: Bot) -> int:
    """Draws the pictures that the content asks for, those that changed.

    \b
    Example:  bot media build
    Draws only verified words. Needs the extra `pictures`. The same content gives
    the same bytes everywhere.
    """
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    from bot.content import read
    from bot.drawing import build as draw
    from bot.drawing import not_drawn

    loaded = read(bot.root, known_networks=NETWORKS, lint=False)
    if loaded.fatal:
        raise ContentError(loaded.fatal)
    withheld = not_drawn(loaded.campaign)
    for problem in withheld:
        click.secho(f"Not drawn: {problem}", fg="red", err=True)
    columns = (BarColumn(24), MofNCompleteColumn(), TextColumn("{task.description}"))
    screen = Console(stderr=True)
    with Progress(
        *columns, console=screen, transient=True, disable=not screen.is_terminal
    ) as progress:
        task = progress.add_task("", visible=False)

        def tell(done: int, total: int, path: str) -> None:
            name = path.rpartition("/")[2]
            progress.update(task, completed=done, total=total, description=name, visible=True)

        built = draw(loaded.to_draw, bot.root, tell)
    for path in built.drawn:
        click.echo(f"drawn    {path}")
    for path in built.removed:
        click.echo(f"removed  {path}")
    if built.drawn:
        click.echo("Look at them, then run `bot verify`: only what it locked goes out.")
    drawn = f"{counted(len(built.drawn), 'file')} drawn" if built.drawn else "Nothing to do"
    kept = f"{counted(len(built.kept), 'file')} unchanged"
    click.secho(f"{drawn}, {kept}.", fg="green", bold=True)
    return 1 if withheld else 0


@click.command()
@click.argument("photo", metavar="PHOTO")
@click.option("--out", metavar="DIR", default=".", help="Where to write them (here).")
@pass_bot
def frame(bot: Bot, photo: str, out: str) -> int:
    """Puts the campaign's solidarity frame on a profile picture.

    \b
    Example:  bot frame portrait.jpg --out framed
    Takes PNG, JPEG and WebP; writes square JPEGs in several sizes, without any of
    the photo's notes on place, time or camera. Needs the extra `pictures`.
    """
    from pathlib import Path

    from bot.content import load
    from bot.framing import frame as put_frame

    hashtag = load(bot.root, NETWORKS).hashtag
    for path in put_frame(Path(photo), Path(out), hashtag, bot.root):
        click.echo(str(path))
    return 0
