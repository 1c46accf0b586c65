"""What a campaign is after loading: every value, and the line it came from."""

from __future__ import annotations

import subprocess
import sys
from datetime import date, datetime
from pathlib import Path

import jinja2
import pytest

from bot.content import load, make_environment, read
from bot.domain import Campaign, Passage, Place, Problem, Schedule, Statement, Template
from tests.content.builder import FILES, NETWORKS, changed, png, write_campaign

CAMPAIGN = "messages/campaign.toml"
DOCKERS = "messages/statements/dockers.toml"
WATCH = "messages/statements/port-watch.toml"
QUOTE = "messages/templates/quote.txt"
DEMAND = "messages/templates/demand.txt"


def loaded(root: Path) -> Campaign:
    found = read(root, known_networks=NETWORKS)
    assert found.problems == []
    return found.campaign


def with_schedule(root: Path, schedule: str) -> Schedule:
    text = changed(CAMPAIGN, 'times = ["12:00"]', schedule)
    return loaded(write_campaign(root, **{CAMPAIGN: text})).accounts["x"].schedule


def test_the_campaign(root: Path) -> None:
    campaign = loaded(root)
    assert campaign.root == str(root)
    assert campaign.name == "Stand with the Harbour"
    assert campaign.hashtag == "#StandWithTheHarbour"
    assert campaign.timezone == "Europe/Brussels"
    assert (campaign.seed, campaign.approval, campaign.sensitive) == (1, False, False)
    assert campaign.links == {"frame": "https://example.org/frame"}
    assert campaign.where == Place(CAMPAIGN, 1)
    assert list(campaign.assets) == ["square"]


def test_what_can_be_set(tmp_path: Path) -> None:
    text = changed(
        CAMPAIGN,
        "[schedule]",
        'seed = 7\napproval = true\nlanguage = "pt-BR"\nsensitive = true\n'
        "[schedule]\nstarts = 2026-01-01",
    )
    watch = changed(WATCH, 'when = "June 2021"', 'when = "June 2021"\nlanguage = "fr"')
    demand = changed(DEMAND, "language: en", "language: de")
    campaign = loaded(write_campaign(tmp_path, **{CAMPAIGN: text, WATCH: watch, DEMAND: demand}))
    assert (campaign.seed, campaign.approval, campaign.sensitive) == (7, True, True)
    assert campaign.accounts["x"].language == "pt-BR"
    assert campaign.templates["quote"].language == "pt-BR"
    assert campaign.templates["demand"].language == "de"
    assert campaign.statements["dockers"].language == "en"
    assert campaign.statements["port-watch"].language == "fr"


def test_a_statement_and_a_quote(root: Path) -> None:
    campaign = loaded(root)
    statement = Statement("dockers", "The Dockers' Union", "May 2021", "en", Place(DOCKERS, 1))
    assert campaign.statements["dockers"] == statement
    assert campaign.passages["dockers/stand"] == Passage(
        id="dockers/stand",
        kind="quote",
        statement=statement,
        text="We stand with the crews – all of them. They will not be left alone, whatever it"
        " costs",
        short=("We stand with the crews – all of them.", "We stand with the crews …"),
        by=("Jane Roe, President of the Dockers' Union", "Jane Roe, Dockers' Union"),
        speaker="roe",
        where=Place(DOCKERS, 7),
    )


def test_what_nobody_in_particular_said_is_the_publishers(root: Path) -> None:
    right = loaded(root).passages["dockers/right"]
    assert (right.kind, right.by, right.speaker) == ("position", ("The Dockers' Union",), "")


def test_a_demand_and_what_it_stands_with(root: Path) -> None:
    talk = loaded(root).passages["dockers/talk"]
    assert (talk.kind, talk.to, talk.with_id) == ("demand", "the Port Authority", "dockers/sign")
    assert talk.where == Place(DOCKERS, 15)


def test_what_was_overtaken_and_what_is_sensitive(root: Path) -> None:
    passages = loaded(root).passages
    assert passages["dockers/fined"].superseded_by == "port-watch/cleared"
    assert passages["port-watch/cleared"].superseded_by is None
    assert [p.id for p in passages.values() if p.sensitive] == ["port-watch/ill"]


def test_a_text_on_several_lines_is_one_paragraph(root: Path) -> None:
    cleared = loaded(root).passages["port-watch/cleared"]
    assert cleared.text == "The fines of all twelve crew members were lifted."
    assert cleared.where == Place(WATCH, 4)


def test_a_name_of_the_same_statement_superseding(tmp_path: Path) -> None:
    files = {WATCH: changed(WATCH, "sensitive = true", 'superseded_by = "cleared"')}
    passages = loaded(write_campaign(tmp_path, **files)).passages
    assert passages["port-watch/ill"].superseded_by == "port-watch/cleared"


def test_a_template(root: Path) -> None:
    template = loaded(root).templates["frame"]
    body = str(FILES["messages/templates/frame.txt"]).partition("---\n")[2]
    assert template == Template(
        name="frame",
        draws=("quote",),
        body=body,
        attach=("square",),
        needs=("frame",),
        language="en",
        where=Place("messages/templates/frame.txt", 1),
        body_line=5,
    )


def test_a_head_of_several(tmp_path: Path) -> None:
    text = """
      # a comment: draws: fact
    attach:square , poster
    draws :  demand,quote
     ---
    {{ demand }} {{ demand.by }} {{ demand.when }}
    {{ quote }} {{ quote.publisher }} {{ quote.when }}
    ---
    {{ hashtag }}"""
    media = str(FILES["media/media.toml"])
    media += '[assets.poster]\nfile = "poster.png"\nalt = "A poster."\n'
    files: dict[str, str | bytes | None] = {QUOTE: text, "media/poster.png": png(420, 420)}
    files["media/media.toml"] = media
    root = write_campaign(tmp_path, **files)
    template = loaded(root).templates["quote"]
    assert template.draws == ("demand", "quote")
    assert template.attach == ("square", "poster")
    assert template.body.endswith("    ---\n    {{ hashtag }}")
    assert template.body_line == 6


def test_content_is_in_the_order_of_names_and_of_the_file(root: Path) -> None:
    campaign = loaded(root)
    assert list(campaign.statements) == ["dockers", "port-watch"]
    assert list(campaign.templates) == ["demand", "fact", "frame", "position", "quote"]
    names = "dockers/stand dockers/right dockers/talk dockers/sign dockers/fined"
    assert list(campaign.passages)[:5] == names.split()


def test_loading_twice_gives_the_same(root: Path) -> None:
    assert loaded(root) == loaded(root)
    assert load(root, NETWORKS) == loaded(root)


@pytest.mark.parametrize("mark", [b"\xef\xbb\xbf", b""])
def test_windows_line_ends_and_a_byte_order_mark_change_nothing(root: Path, mark: bytes) -> None:
    before = loaded(root)
    for file in root.rglob("messages/**/*.*"):
        file.write_bytes(mark + file.read_bytes().replace(b"\n", b"\r\n"))
    assert loaded(root) == before


def test_what_editors_leave_behind_is_passed_over(root: Path) -> None:
    for name in (".hidden.txt", "quote.txt~", "#quote.txt#", "quote.txt.bak", ".quote.txt.swp"):
        (root / "messages/templates" / name).write_text("{% not a template")
    loaded(root)


def test_a_link_within_the_folder_is_followed(root: Path) -> None:
    (root / QUOTE).rename(root / "messages/templates/words.txt")
    (root / QUOTE).symlink_to("words.txt")
    campaign = loaded(root)
    assert campaign.templates["quote"].body == campaign.templates["words"].body


def test_a_root_that_is_a_link(root: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(root)
    assert list(loaded(tmp_path / "link").templates) == list(loaded(root).templates)


def test_an_empty_link_is_one_that_is_not_set(tmp_path: Path) -> None:
    files = {CAMPAIGN: changed(CAMPAIGN, '"https://example.org/frame"', '""')}
    campaign = loaded(write_campaign(tmp_path, **files))
    assert campaign.links == {}
    assert campaign.templates["frame"].needs == ("frame",)


def test_a_link_that_is_not_named_at_all_is_not_set_either(tmp_path: Path) -> None:
    text = changed(CAMPAIGN, '[links]\nframe = "https://example.org/frame"\n', "")
    campaign = loaded(write_campaign(tmp_path, **{CAMPAIGN: text}))
    assert campaign.templates["frame"].needs == ("frame",)


def test_a_link_may_lead_to_a_profile(tmp_path: Path) -> None:
    address = "https://video.example.org:8443/@union?x=1#top"
    files = {CAMPAIGN: changed(CAMPAIGN, "https://example.org/frame", address)}
    assert loaded(write_campaign(tmp_path, **files)).links == {"frame": address}


def test_a_schedule_of_times(root: Path) -> None:
    schedule = loaded(root).accounts["x"].schedule
    assert schedule == Schedule("Europe/Brussels", ("12:00",), where=Place(CAMPAIGN, 6))


def test_everything_that_a_schedule_may_say(tmp_path: Path) -> None:
    schedule = with_schedule(
        tmp_path,
        'every = "3 h"\ndays = ["mon", "Tuesday", "SUN"]\nstarts = 2026-01-01\n'
        'ends = 2026-12-31T18:00:00\nskip = [2026-05-01, 2026-12-25]\njitter = "10m"',
    )
    assert schedule.every == (3, "h")
    assert schedule.days == (0, 1, 6)
    assert schedule.starts == date(2026, 1, 1)
    assert schedule.ends == datetime(2026, 12, 31, 18)  # noqa: DTZ001 (wall time)
    assert schedule.skip == (date(2026, 5, 1), date(2026, 12, 25))
    assert schedule.jitter == 600
    assert schedule.times == ()


def test_a_cron_line(tmp_path: Path) -> None:
    assert with_schedule(tmp_path, 'cron = "0 9,18 * * mon-fri"').cron == "0 9,18 * * mon-fri"


@pytest.mark.parametrize(("text", "seconds"), [("45s", 45), ("10 m", 600), ("1h", 3600), ("0m", 0)])
def test_jitter_is_in_seconds(text: str, seconds: int, tmp_path: Path) -> None:
    assert with_schedule(tmp_path, f'times = ["12:00"]\njitter = "{text}"').jitter == seconds


def test_an_account_with_a_schedule_of_its_own(tmp_path: Path) -> None:
    text = changed(
        CAMPAIGN,
        'network = "x"\n',
        'network = "x"\n\n[accounts.m_2]\nnetwork = "mastodon"\nlanguage = "fr"\n'
        '[accounts.m_2.schedule]\nevery = "2d"\n',
    )
    campaign = loaded(write_campaign(tmp_path, **{CAMPAIGN: text}))
    x, m = campaign.accounts["x"], campaign.accounts["m_2"]
    assert (x.network, x.language, x.where) == ("x", "en", Place(CAMPAIGN, 12))
    assert (m.network, m.language, m.where) == ("mastodon", "fr", Place(CAMPAIGN, 15))
    assert x.schedule.times == ("12:00",)
    assert (m.schedule.times, m.schedule.every) == ((), (2, "d"))
    assert m.schedule.timezone == "Europe/Brussels"
    assert m.schedule.where == Place(CAMPAIGN, 18)


def test_no_schedule_of_the_campaign_where_every_account_has_its_own(tmp_path: Path) -> None:
    text = changed(CAMPAIGN, '[schedule]\ntimes = ["12:00"]\n', "")
    text += '[accounts.x.schedule]\ntimes = ["18:30"]\n'
    campaign = loaded(write_campaign(tmp_path, **{CAMPAIGN: text}))
    assert campaign.accounts["x"].schedule.times == ("18:30",)


def test_two_accounts_of_one_network_in_two_languages(tmp_path: Path) -> None:
    text = FILES[CAMPAIGN] + '[accounts.fr]\nnetwork = "x"\nlanguage = "fr"\n'  # type: ignore[operator]
    assert list(loaded(write_campaign(tmp_path, **{CAMPAIGN: text})).accounts) == ["x", "fr"]


def test_conditions_may_be_nested(tmp_path: Path) -> None:
    text = changed(
        QUOTE,
        "{{ hashtag }}",
        "{% if not quote.by == 'x' and (quote.when != \"y\" or hashtag) %}{% if quote %}a\n"
        "{{ hashtag }}{% elif quote.publisher %}{{ hashtag }}{% else %}\n"
        "b {{ hashtag }}{% endif %}{% else %}c {{ hashtag }}{% endif %}",
    )
    loaded(write_campaign(tmp_path, **{QUOTE: text}))


def test_a_body_may_say_by_or_publisher(tmp_path: Path) -> None:
    text = changed(
        QUOTE,
        "{{ quote.by }}",
        "{% if quote.by == 'x' %}{{ quote.publisher }}{% else %}{{ quote.by }}{% endif %}",
    )
    loaded(write_campaign(tmp_path, **{QUOTE: text}))


def test_a_body_may_comment(tmp_path: Path) -> None:
    more = "He said hello {# {{ nobody }} @x {{- { } “twice” #} 5 - 3.\nmail@example.org\n"
    files = {QUOTE: changed(QUOTE, "{{ quote }}", more + "{{ quote }}")}
    loaded(write_campaign(tmp_path, **files))


def test_a_hashtag_that_begins_alike_is_another(tmp_path: Path) -> None:
    files = {QUOTE: changed(QUOTE, "{{ hashtag }}", "{{ hashtag }} #StandWithTheHarbourToday")}
    loaded(write_campaign(tmp_path, **files))


def test_a_quotation_within_the_words_keeps_its_marks(tmp_path: Path) -> None:
    files = {DOCKERS: changed(DOCKERS, "is a human right.", "is a “human right”")}
    passages = loaded(write_campaign(tmp_path, **files)).passages
    assert passages["dockers/right"].text == "The right to strike is a “human right”"


def test_warnings_do_not_keep_a_campaign_from_loading(tmp_path: Path) -> None:
    files = {"messages/templates/notes.md": "x"}
    found = read(write_campaign(tmp_path, **files), known_networks=NETWORKS)
    assert [problem.severity for problem in found.problems] == ["warning"]
    assert found.campaign.left_out == ()
    silent = read(tmp_path, known_networks=NETWORKS, lint=False)
    assert (silent.campaign, silent.problems) == (found.campaign, [])


def test_problems_of_the_same_thing_come_once(tmp_path: Path) -> None:
    text = changed(CAMPAIGN, "Europe/Brussels", "Mars/Utopia")
    text += '[accounts.m]\nnetwork = "mastodon"\n[accounts.m.schedule]\ntimes = ["18:30"]\n'
    problems = read(write_campaign(tmp_path, **{CAMPAIGN: text}), known_networks=NETWORKS).problems
    assert [str(problem.where) for problem in problems] == [f"{CAMPAIGN}:4"]


def test_the_environment_has_nothing_to_reach_for() -> None:
    environment = make_environment()
    assert not environment.globals
    assert not environment.filters
    assert not environment.tests
    with pytest.raises(jinja2.UndefinedError):
        environment.from_string("{{ range }}{{ missing }}").render()
    rendered = environment.from_string("a\n  {% if x %}\nb\n  {% endif %}\n").render(x="<")
    assert rendered == "a\nb\n"
    assert environment.from_string("{{ x }}").render(x="<&>") == "<&>"


@pytest.mark.parametrize("escape", ["{{ x.__class__ }}", "{{ x['__class__'] }}"])
def test_the_environment_is_sandboxed(escape: str) -> None:
    with pytest.raises(jinja2.exceptions.SecurityError):
        make_environment().from_string(escape).render(x="y")


def test_importing_it_imports_nothing_heavy() -> None:
    code = "import sys, bot.content; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    heavy = {"jinja2", "PIL", "rapidfuzz", "difflib", "zoneinfo", "bot.schedule"}
    assert heavy & set(done.stdout.split()) == set()


def test_a_problem_of_any_kind_prints_its_place_first() -> None:
    problem = Problem("rule", Place("file", 3), "What.", "Fix.")
    assert str(problem) == "file:3: What.\n    Fix."
