"""What an error leaves out, and what it doesn't; and what else may not go out."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

import pytest

from bot.checking import check
from bot.cli.shared import limits_of, make_planner
from bot.content import load
from bot.content.lock import PATH as LOCK
from bot.domain import Campaign, History, Use
from bot.errors import ContentError
from bot.planning import Planned
from tests.content.builder import FILES, NETWORKS, changed, png, write_campaign
from tests.locked import lock

CAMPAIGN = "messages/campaign.toml"
DOCKERS = "messages/statements/dockers.toml"
WATCH = "messages/statements/port-watch.toml"
QUOTE = "messages/templates/quote.txt"
POSITION = "messages/templates/position.txt"
FACT = "messages/templates/fact.txt"
MEDIA = "media/media.toml"
START = datetime(2026, 12, 1, tzinfo=UTC)

SECOND = '[accounts.m]\nnetwork = "{}"\n[accounts.m.schedule]\ntimes = ["{}"]\n'


def names(campaign: Campaign) -> set[str]:
    """Everything that may be drawn or attached, and the accounts."""
    accounts = {f"accounts.{name}" for name in campaign.accounts}
    return {*campaign.passages, *campaign.templates, *campaign.assets, *accounts}


WHOLE = {
    *("dockers/stand", "dockers/right", "dockers/talk", "dockers/sign", "dockers/fined"),
    *("port-watch/cleared", "port-watch/ill", "port-watch/watch"),
    *("demand", "fact", "frame", "position", "quote", "square", "accounts.x"),
}

DOCKERS_ALL = {name for name in WHOLE if name.startswith("dockers/")}


@pytest.mark.parametrize(
    ("files", "gone"),
    [
        ({DOCKERS: changed(DOCKERS, '"We stand with the crews …"', '"We sit with the crews …"')},
         {"dockers/stand"}),
        ({DOCKERS: changed(DOCKERS, 'text = "sign the', 'test = "sign the')},
         {"dockers/sign", "dockers/talk"}),
        ({DOCKERS: changed(DOCKERS, 'superseded_by = "port-watch/cleared"',
                           'superseded_by = "port-watch/nothing"')}, {"dockers/fined"}),
        ({DOCKERS: changed(DOCKERS, "publisher =", "publishre =")}, DOCKERS_ALL),
        ({DOCKERS: changed(DOCKERS, "as = [", "sa = [")}, DOCKERS_ALL),
        ({DOCKERS: "= 1"}, DOCKERS_ALL),
        ({QUOTE: changed(QUOTE, "{{ quote }}", "{{ qoute }}")}, {"quote"}),
        ({QUOTE: "draws: quote\n"}, {"quote"}),
        ({"media/square.png": None}, {"square"}),
        ({"media/square.png": b"GIF89a"}, {"square"}),
        ({MEDIA: changed(MEDIA, "alt =", "atl =")}, {"square"}),
        ({CAMPAIGN: str(FILES[CAMPAIGN]) + SECOND.format("myspace", "09:00")}, set()),
        ({CAMPAIGN: str(FILES[CAMPAIGN]) + SECOND.format("mastodon", "25:00")}, set()),
        ({CAMPAIGN: changed(CAMPAIGN, '["12:00"]', '["noon"]')}, {"accounts.x"}),
        ({CAMPAIGN: changed(CAMPAIGN, "https://example.org/frame", "example.org/frame")}, set()),
        ({"messages/statements/new.toml": "=", "messages/templates/new.txt": "="}, set()),
    ],
)  # fmt: skip
def test_an_error_leaves_out_what_it_is_in(
    tmp_path: Path, files: dict[str, str | bytes | None], gone: set[str]
) -> None:
    write_campaign(tmp_path)
    kept = (tmp_path / LOCK).read_text("utf-8")
    for path, content in files.items():
        if content is None:
            (tmp_path / path).unlink()
    campaign = load(write_campaign(tmp_path, **{**files, LOCK: kept}), NETWORKS)
    assert names(campaign) == WHOLE - gone
    assert campaign.left_out
    assert all(problem.severity == "error" for problem in campaign.left_out)


@pytest.mark.parametrize(
    ("files", "where"),
    [
        ({CAMPAIGN: "="}, CAMPAIGN),
        ({CAMPAIGN: None}, CAMPAIGN),
        ({CAMPAIGN: changed(CAMPAIGN, "hashtag =", "hashtga =")}, CAMPAIGN),
        ({CAMPAIGN: changed(CAMPAIGN, "Europe/Brussels", "Mars/Utopia")}, CAMPAIGN),
        ({MEDIA: "="}, MEDIA),
        ({MEDIA: None}, MEDIA),
        ({LOCK: "="}, LOCK),
    ],
)
def test_what_concerns_everything_stops_everything(
    tmp_path: Path, files: dict[str, str | None], where: str
) -> None:
    with pytest.raises(ContentError, match=where):
        load(write_campaign(tmp_path, **files), NETWORKS)


def test_another_picture_is_none_until_it_was_looked_at(tmp_path: Path) -> None:
    root = write_campaign(tmp_path)
    (root / "media/square.png").write_bytes(png(3, 3))
    campaign = load(root, NETWORKS)
    assert names(campaign) == WHOLE - {"square"}
    assert [problem.rule for problem in campaign.left_out] == ["picture-edited"]
    assert load(lock(root), NETWORKS).left_out == ()


@pytest.mark.parametrize(
    ("path", "old", "new", "rule"),
    [
        (DOCKERS, "a human right.", "a right.", "lock-edited"),
        (DOCKERS, ', "We stand with the crews …"', "", "lock-edited"),
        (DOCKERS, 'with = "sign"\n', "", "lock-edited"),
        (DOCKERS, "[positions.right]", "[facts.right]", "lock-edited"),
        (DOCKERS, "the Port Authority must", "The Port Authority must", ""),
        (DOCKERS, 'when = "May 2021"', 'when = "May 2022"', "lock-attribution"),
        (DOCKERS, "Jane Roe, President", "Jo Roe, President", "lock-attribution"),
        (WATCH, "[positions.watch]", "[positions.sight]", "lock-unverified"),
        (WATCH, "    crew members were lifted.", "  crew members were lifted.", ""),
    ],
)
def test_what_is_not_what_was_verified_is_left_out(
    tmp_path: Path, path: str, old: str, new: str, rule: str
) -> None:
    root = write_campaign(tmp_path)
    text = (root / path).read_text("utf-8").replace(old, new)
    (root / path).write_text(text, "utf-8")
    campaign = load(root, NETWORKS)
    assert {problem.rule for problem in campaign.left_out} == ({rule} if rule else set())
    assert bool(WHOLE - names(campaign)) == bool(rule)
    assert not campaign.withheld.keys() & names(campaign)


def plan(campaign: Campaign, history: History | None = None, count: int = 8) -> list[Planned]:
    coming = make_planner(campaign).plan(campaign.accounts["x"], history or History("x"), START)
    return list(islice(coming, count))


def test_a_post_with_a_fault_is_not_dealt_and_is_told_of(tmp_path: Path) -> None:
    """Nothing is wrong with the file; what comes of it with one passage would be too long."""
    long = "x " * 110
    text = changed(POSITION, "{{ position }}\n", f"{long}\n{{{{ position }}}}\n")
    campaign = load(write_campaign(tmp_path, **{POSITION: text}), NETWORKS)
    assert campaign.left_out == ()
    planner = make_planner(campaign)
    posts = list(islice(planner.plan(campaign.accounts["x"], History("x"), START), 8))
    assert "position" not in {planned.template for planned in posts}
    assert {problem.rule for problem in planner.left_out} == {"post-too-long"}


@pytest.mark.parametrize(
    ("alt", "rule"),
    [
        ("square.png", "alt-filename"),
        ("The harbour. " * 80, "alt-long"),
        ("password=Geheim123, the harbour", "secret"),
    ],
)
def test_a_picture_that_the_deck_refuses_is_told_of(tmp_path: Path, alt: str, rule: str) -> None:
    """Nothing is wrong with the file, but with what a post would say of it."""
    media = changed(MEDIA, "The words: stand with the harbour.", alt)
    root = write_campaign(tmp_path, **{MEDIA: media})
    planner = make_planner(load(root, NETWORKS))
    assert {problem.rule for problem in planner.left_out} == {rule}
    errors = [p for p in check(root, limits_of(NETWORKS), START) if p.severity == "error"]
    assert {problem.rule for problem in errors} == {rule}
    assert len(errors) == len(planner.left_out) == 1


def test_a_picture_without_words_in_the_language_is_not_attached(tmp_path: Path) -> None:
    french = '[accounts.fr]\nnetwork = "mastodon"\nlanguage = "fr"\n[accounts.x]'
    alt = 'alt = "The words: stand with the harbour."'
    files = {
        CAMPAIGN: changed(CAMPAIGN, "[accounts.x]", french),
        MEDIA: changed(MEDIA, alt, 'alt = {fr = "Le port"}'),
    }
    campaign = load(write_campaign(tmp_path, **files), ("x", "mastodon"))
    english = campaign._replace(accounts={"x": campaign.accounts["x"]})
    assert {planned.post for planned in plan(english)} == {None}


def test_what_is_left_out_is_remembered(tmp_path: Path) -> None:
    """Whose turn it is follows from who spoke last, whether that may still be said or not."""
    root = write_campaign(tmp_path)
    (root / DOCKERS).write_text(changed(DOCKERS, "a human right.", "a right."), "utf-8")
    campaign = load(root, NETWORKS)
    use = Use(1, START, "0" * 32, "position", ("dockers/right",), "media/square.png")
    known = History("x", 1, START, (use,))
    forgot = campaign._replace(withheld={})

    def draws(of: Campaign, seed: int) -> list[object]:
        return [each.draws for each in plan(of._replace(seed=seed), known)]

    assert any(draws(campaign, seed) != draws(forgot, seed) for seed in range(20))


@pytest.mark.parametrize(
    "change",
    [
        lambda root: edit(root, QUOTE, "— ", "– "),
        lambda root: edit(root, CAMPAIGN, '"12:00"', '"13:00"'),
        lambda root: edit(root, CAMPAIGN, "https://example.org/frame", "https://example.org/f"),
        lambda root: edit(root, MEDIA, "The words", "These words"),
        lambda root: edit(root, DOCKERS, "a human right.", "a right."),
        lambda root: (root / "media/square.png").write_bytes(png(3, 3)),
    ],
)
def test_the_digest_tells_of_whatever_decides_on_posts(
    tmp_path: Path, change: Callable[[Path], object]
) -> None:
    root = write_campaign(tmp_path)
    before = load(root, NETWORKS).digest
    assert len(before) == 64
    change(root)
    assert load(root, NETWORKS).digest != before, "also where it is not verified"
    assert load(lock(root), NETWORKS).digest != before


def test_the_digest_is_the_same_after_an_edit_that_decides_on_nothing(tmp_path: Path) -> None:
    root = write_campaign(tmp_path / "one")
    other = write_campaign(tmp_path / "other")
    for path in (CAMPAIGN, DOCKERS, MEDIA, QUOTE):
        edit(other, path, "", "# a note to people\n")
    assert load(root, NETWORKS).digest == load(other, NETWORKS).digest


def edit(root: Path, path: str, old: str, new: str) -> None:
    text = (root / path).read_text("utf-8")
    (root / path).write_text(text.replace(old, new, 1), "utf-8")


def test_an_account_that_is_left_out_is_known_by_name(tmp_path: Path) -> None:
    broken = str(FILES[CAMPAIGN]) + SECOND.format("mastodon", "25:00")
    campaign = load(write_campaign(tmp_path, **{CAMPAIGN: broken}), NETWORKS)
    assert (list(campaign.accounts), campaign.idle) == (["x"], ("m",))


def test_an_account_without_any_schedule_is_known_by_name_too(tmp_path: Path) -> None:
    broken = changed(CAMPAIGN, "[schedule]", "[accounts.x.schedule]")
    broken += '[accounts.m]\nnetwork = "mastodon"\n'
    campaign = load(write_campaign(tmp_path, **{CAMPAIGN: broken}), NETWORKS)
    assert (list(campaign.accounts), campaign.idle) == (["x"], ("m",))
