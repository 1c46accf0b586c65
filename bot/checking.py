"""Everything that could go wrong with this content, on every account's network.

Loading finds what is wrong with a file; here it is looked at as posts: every text that any drawable
combination gives, and the coming weeks as a follower would read them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import UTC, datetime, timedelta
from itertools import combinations, islice
from pathlib import Path
from zoneinfo import ZoneInfo

from bot.approval import possible_keys, read_approvals
from bot.content import Loaded, read
from bot.content.lock import EDITED, left_over
from bot.content.pictures import check_pictures
from bot.content.telling import as_one
from bot.domain import COOLDOWN, REST, Account, Campaign, History, Limits, Problem
from bot.judging import check_text, gathered, nothing_to_say
from bot.media.inspecting import inspect_assets, inspect_cards
from bot.planning import Planned, Planner
from bot.schedule import begins, slots

AHEAD = timedelta(days=60)
"""How far the plan is read for repetitions."""

MOST_SLOTS = 500
"""At most so many coming posts are read; with posts every few minutes that is less than AHEAD."""

TWINS = 90.0
"""Two posts within the cooldown that are more alike than this, in percent, are near-twins."""


def check(root: Path, limits: Mapping[str, Limits], now: datetime | None = None) -> list[Problem]:
    """Every problem there is, by file and line; first, what is no longer what was verified.

    `limits` are the known networks' by name.
    """
    loaded = read(root, known_networks=limits.keys())
    found = [*loaded.fatal, *loaded.problems]
    is_wrong = any(problem.severity == "error" for problem in found)
    if loaded.fatal:
        found += inspect_assets(loaded.whole.assets, root, list(limits.values()))
    else:
        found += loaded.unverified.values()
        found += _pictures(loaded, root, limits)
        found += _posts(loaded, limits)
    if not is_wrong:
        found += left_over(loaded.whole, loaded.lock, root)
        found += _check_sound(loaded, root, limits, now or datetime.now(UTC))
    unique = {(p.rule, p.where, p.what): p for p in found}
    return as_one(sorted(unique.values(), key=_by_place))


def _by_place(problem: Problem) -> tuple[bool, str, int, str]:
    where = problem.where
    return problem.rule not in EDITED, where.file, where.line or 0, problem.rule


def _check_sound(
    loaded: Loaded, root: Path, limits: Mapping[str, Limits], now: datetime
) -> Iterator[Problem]:
    """What can only be said where every file is right: of the whole, and of the coming weeks."""
    campaign = loaded.sound
    planner = Planner(campaign, _used(campaign, limits))
    yield from _sign_offs(planner, campaign, root, now)
    if len(planner.silent) < len(campaign.accounts):  # else that is why nothing is used
        yield from _unused(planner, campaign, loaded.unverified)
    for account in campaign.accounts.values():
        yield from _plan(planner, account, campaign, now)


def _pictures(loaded: Loaded, root: Path, limits: Mapping[str, Limits]) -> Iterator[Problem]:
    """What is wrong with pictures; that one was not looked at, where that is all."""
    campaign = loaded.to_draw
    wrong = list(look(campaign, root, limits))
    yield from (problem for _, problem in wrong)
    paths, places = {path for path, _ in wrong}, {problem.where for _, problem in wrong}
    places |= {asset.where for asset in campaign.assets.values() if asset.path in paths}
    for path, problem in loaded.unseen.items():
        if path not in paths and problem.where not in places:
            yield problem


def _posts(loaded: Loaded, limits: Mapping[str, Limits]) -> Iterator[Problem]:
    """What is wrong with any text that could be posted, verified or not."""
    campaign = loaded.sound._replace(left_out=loaded.left_out)
    planner = Planner(campaign, _used(campaign, limits))
    for account in campaign.accounts.values():
        yield from _texts(planner, account, campaign)
    yield from planner.silent


def _used(campaign: Campaign, limits: Mapping[str, Limits]) -> dict[str, Limits]:
    return {account.network: limits[account.network] for account in campaign.accounts.values()}


def look(
    campaign: Campaign, root: Path, limits: Mapping[str, Limits]
) -> Iterator[tuple[str, Problem]]:
    """The full look at every picture: each problem, with the path of the picture that has it."""
    used = list(_used(campaign, limits).values())
    for asset in campaign.assets.values():
        for problem in inspect_assets({asset.id: asset}, root, used):
            yield asset.path, problem
    for card in campaign.cards.values():
        for problem in inspect_cards([card], root, used):
            yield card.path, problem
    of = {asset.where: asset.path for asset in campaign.assets.values()}
    for where, problem in check_pictures(campaign, root):
        yield of.get(where, where.file), problem


def _unused(planner: Planner, campaign: Campaign, unverified: Collection[str]) -> Iterator[Problem]:
    """What was written and can never go out; what is unverified may yet lack its card only."""
    drawn: set[str] = set()
    led: set[str] = set()
    for account in campaign.accounts.values():
        for template, units, _ in planner.deck(account).every():
            led.add(template.name)
            drawn.update(passage.id for unit in units for passage in unit.passages)
    yield from _never_drawn(campaign, drawn | {*unverified})
    waiting = {campaign.passages[name].kind for name in unverified}
    yield from _never_led(campaign, led, waiting)
    attached = {name for template in campaign.templates.values() for name in template.attach}
    for asset in campaign.assets.values():
        if asset.id not in attached:
            what = f"No template attaches `{asset.id}`."
            fix = "Name it in an `attach:` line, or take it out of media.toml."
            yield Problem("never-attached", asset.where, what, fix, "warning")


def _never_drawn(campaign: Campaign, drawn: Collection[str]) -> Iterator[Problem]:
    """Passages that are kept back on purpose are none of these."""
    for passage in campaign.passages.values():
        kept_back = passage.superseded_by or (passage.sensitive and not campaign.sensitive)
        if passage.id not in drawn and not kept_back:
            kind, language = passage.kind, passage.statement.language
            what = (
                f"`{passage.id}` never goes out: no template that is in use draws a {kind} in "
                f"`{language}`."
            )
            fix = f"Write a template with `draws: {kind}`, or set the link that its templates need."
            yield Problem("never-drawn", passage.where, what, fix, "warning")


def _never_led(
    campaign: Campaign, led: Collection[str], waiting: AbstractSet[str]
) -> Iterator[Problem]:
    """Templates that wait for a link, or for a kind of which some is unverified, are none."""
    for template in campaign.templates.values():
        waits = not all(campaign.links.get(name) for name in template.needs)
        if template.name not in led and not waits and not waiting & {*template.draws}:
            kinds = " and a ".join(template.draws)
            what = (
                f"The template is never used: no account in `{template.language}` has a {kinds} "
                "to draw."
            )
            fix = "Add what it draws, mend its `language:`, or take the file out."
            yield Problem("never-used", template.where, what, fix, "warning")


def _sign_offs(
    planner: Planner, campaign: Campaign, root: Path, now: datetime
) -> Iterator[Problem]:
    """Sign-offs for coming slots that an edit has undone, and what else is wrong with the file."""
    approvals, problems = read_approvals(root)
    yield from problems
    coming = [approval for approval in approvals if approval.slot_at > now]
    possible = possible_keys(planner, campaign) if coming else ()
    for approval in coming:
        if approval.key not in possible:
            what = (
                f"What {approval.by} signed off for {approval.slot} (“{approval.says}”) was edited "
                "since, so that it fits no post any more."
            )
            fix = "`bot approve` shows the post as it is now; signing it off takes this line out."
            yield Problem("approval-stale", approval.where, what, fix, "warning")


# -- every text -------------------------------------------------------------------------------


def _texts(planner: Planner, account: Account, campaign: Campaign) -> Iterator[Problem]:
    """Every text this account could ever post."""
    deck = planner.deck(account)
    found = (
        problem
        for template, units, composed in deck.every()
        for problem in check_text(template, units, composed, deck.limits, campaign)
    )
    yield from gathered(found, campaign)


# -- the coming weeks -------------------------------------------------------------------------


def _plan(
    planner: Planner, account: Account, campaign: Campaign, now: datetime
) -> Iterator[Problem]:
    """The coming posts as a follower reads them, without a history."""
    start = max(now, begins(account.schedule) or now)
    plan = planner.plan(account, History(account.name), start, start + AHEAD)
    posts = list(islice(plan, MOST_SLOTS))
    if next(slots(account, campaign.seed, start), None) is None:
        what = f"The schedule of `{account.name}` is over: nothing is posted any more."
        fix = "Put its `ends` later, or take the account out."
        yield Problem("schedule-over", account.schedule.where, what, fix, "warning")
    if any(planned.post for planned in posts) or not planner.deck(account).refused:
        yield from _too_little(posts, account, ZoneInfo(campaign.timezone))
    yield from _near_twins(posts, account)


def _too_little(posts: Sequence[Planned], account: Account, zone: ZoneInfo) -> Iterator[Problem]:
    """Where there is too little content for the schedule, and which wishes give way for it."""
    missed = [planned.slot.at for planned in posts if planned.post is None]
    if missed and len(missed) == len(posts):
        yield nothing_to_say(account)
    elif missed:
        first = missed[0].astimezone(zone)
        yield Problem(
            "nothing-to-draw",
            account.where,
            f"Of the coming {len(posts)} slots of `{account.name}`, {len(missed)} would be missed, "
            f"the first at {first:%Y-%m-%d %H:%M}: all that can be said went out within "
            f"{COOLDOWN.days} days.",
            "Post less often, or add passages and templates.",
            "warning",
        )
    gave_way = Counter(
        wish
        for planned in posts
        if planned.why is not None
        for wish in ("statement", "kind", "template", "picture")
        if not getattr(planned.why, wish)
    )
    soon = sum(
        planned.why is not None and planned.why.rested is not None and planned.why.rested < REST
        for planned in posts
    )
    if soon:
        gave_way["passage"] = soon
    if any(count > 1 and count * 10 > len(posts) for count in gave_way.values()):
        shown = ", ".join(f"{wish} {_times(count)}" for wish, count in gave_way.most_common())
        yield Problem(
            "too-little-content",
            account.where,
            f"In the coming {len(posts)} posts of `{account.name}` the wishes for variety give way "
            f"often: {shown}.",
            "Post less often, or add what there is too little of: see `bot preview --explain`.",
            "warning",
        )


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


def _near_twins(posts: Sequence[Planned], account: Account) -> Iterator[Problem]:
    from rapidfuzz.fuzz import ratio

    said = [planned for planned in posts if planned.post is not None]
    told: set[frozenset[str]] = set()
    for one, other in combinations(said, 2):
        if other.slot.at - one.slot.at >= COOLDOWN:
            continue
        assert one.post is not None
        assert other.post is not None
        alike = ratio(one.post.text, other.post.text, score_cutoff=TWINS)
        pair = frozenset((*(one.draws or ()), *(other.draws or ())))
        if alike and pair not in told:
            told.add(pair)
            yield Problem(
                "near-twins",
                account.where,
                f"`{account.name}` would post two texts within {COOLDOWN.days} days that are "
                f"{alike:.0f} % alike: {one.template} with {' and '.join(one.draws or ())}, "
                f"{other.template} with {' and '.join(other.draws or ())}.",
                "Make the templates more different, or leave one of the passages out.",
                "warning",
            )
