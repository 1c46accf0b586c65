"""Campaigns made up for tests, as large or as tight as a test wants them. No files involved."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import UTC, datetime

from bot.domain import (
    Account,
    Asset,
    Campaign,
    History,
    Kind,
    Limits,
    Passage,
    Schedule,
    Statement,
    Template,
    Use,
    text_key,
)
from bot.networks.weighted import find_urls
from bot.planning import Planned

START = datetime(2026, 12, 1, tzinfo=UTC)

PLURALS: Mapping[Kind, str] = {
    "quote": "quotes",
    "position": "positions",
    "demand": "demands",
    "fact": "facts",
}


def limits(text: int = 280, network: str = "x") -> Limits:
    """Limits that count characters and cost nothing."""
    return Limits(
        network=network,
        text=text,
        measure=len,
        alt=1000,
        mimes=frozenset({"image/png", "image/gif"}),
        image_bytes=5_000_000,
        gif_bytes=15_000_000,
        gif_width=1280,
        gif_height=1080,
        gif_frames=350,
        gif_pixels=300_000_000,
        cost=lambda text, pictures: 0.0,
        addresses=find_urls,
    )


def statement(name: str = "s0") -> Statement:
    return Statement(id=name, publisher=f"Publisher {name}", when="August 2020")


def passage(
    name: str,
    kind: Kind = "quote",
    of: Statement | None = None,
    *,
    speaker: str = "",
    sensitive: bool = False,
    superseded_by: str | None = None,
    with_id: str | None = None,
    short: tuple[str, ...] = (),
    text: str = "",
) -> Passage:
    of = of or statement()
    by = (f"{speaker or of.publisher}, at length", speaker or of.publisher)
    return Passage(
        id=f"{of.id}/{name}",
        kind=kind,
        statement=of,
        text=text or f"The words of {name}",
        short=short,
        by=by,
        speaker=speaker,
        to="somebody" if kind == "demand" else "",
        sensitive=sensitive,
        superseded_by=superseded_by,
        with_id=with_id,
    )


def template(
    name: str,
    *draws: Kind,
    attach: tuple[str, ...] = ("a0",),
    needs: tuple[str, ...] = (),
    body: str = "",
) -> Template:
    kinds: tuple[Kind, ...] = draws or ("quote",)
    words = "\n".join(f"{{{{ {k}.when }}}}, {{{{ {k}.by }}}}: {{{{ {k} }}}}" for k in kinds)
    return Template(
        name=name,
        draws=kinds,
        attach=attach,
        needs=needs,
        body=body or f"{words}\n{name} {{{{ hashtag }}}}",
    )


def asset(name: str) -> Asset:
    return Asset(
        id=name,
        path=f"media/{name}.png",
        mime="image/png",
        bytes=100,
        digest=lambda: name * 8,
        width=10,
        height=10,
        frames=1,
        alt={"en": f"What {name} shows"},
    )


def card(passage_id: str) -> str:
    """What the card of a passage is called here."""
    return f"card-{passage_id.replace('/', '-')}"


def campaign(
    passages: list[Passage],
    templates: list[Template],
    *,
    pictures: int = 2,
    seed: int = 1,
    every: tuple[int, str] = (1, "d"),
    accounts: int = 1,
    sensitive: bool = False,
    links: Mapping[str, str] | None = None,
    schedule: Schedule | None = None,
    cards: Collection[str] = (),
) -> Campaign:
    """A campaign of these passages and templates; accounts x0, x1, …, posting at one rhythm.

    `cards` are the ids of the passages that have one.
    """
    rhythm = schedule or Schedule(timezone="UTC", every=every)
    names = [f"x{number}" for number in range(accounts)]
    return Campaign(
        root=".",
        name="Test",
        hashtag="#Test",
        timezone="UTC",
        seed=seed,
        accounts={name: Account(name, "x", rhythm) for name in names},
        statements={each.statement.id: each.statement for each in passages},
        passages={each.id: each for each in passages},
        templates={each.name: each for each in templates},
        assets={f"a{number}": asset(f"a{number}") for number in range(pictures)},
        cards={name: asset(card(name)) for name in cards},
        sensitive=sensitive,
        links=links or {},
    )


def volume(
    quotes: int, demands: int, facts: int, templates: int, *, every: tuple[int, str] = (1, "h")
) -> Campaign:
    """A large campaign of two statements: so many passages and templates of each kind."""
    both = (statement("s0"), statement("s1"))
    counts: dict[Kind, int] = {"quote": quotes, "demand": demands, "fact": facts}
    passages = [
        passage(f"{kind}-{number}", kind, both[number % 2], speaker=f"Speaker {number % 7}")
        for kind, count in counts.items()
        for number in range(count)
    ]
    pictures = ("a0", "a1", "a2")
    designs = [
        template(f"{kind}-{number}", kind, attach=pictures)
        for kind in counts
        for number in range(templates)
    ]
    return campaign(passages, designs, pictures=3, every=every)


def history_of(plan: list[Planned], account: str = "x0") -> History:
    """What a ledger would say after these slots: the latest use of each distinct text."""
    latest: dict[str, Use] = {}
    for number, planned in enumerate(plan, 1):
        if planned.post is not None:
            key = text_key(planned.post.text)
            assert planned.template is not None
            assert planned.draws is not None
            latest.pop(key, None)
            latest[key] = Use(
                number,
                planned.slot.at,
                key,
                planned.template,
                planned.draws,
                planned.post.media[0].path,
            )
    newest = plan[-1].slot.at if plan else None
    return History(account, len(plan), newest, tuple(latest.values()))
