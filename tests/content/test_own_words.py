"""What our own words may not hold, since it would go out as it stands."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.content import load, read
from bot.content.clean import PRINTED, remnants
from bot.domain import Problem
from tests.content.builder import FILES, NETWORKS, changed, write_campaign
from tests.site import ROOT

CAMPAIGN = "messages/campaign.toml"
QUOTE = "messages/templates/quote.txt"
FRAME = "messages/templates/frame.txt"

DOCKERS = "messages/statements/dockers.toml"
MEDIA = "media/media.toml"

HASHTAG = "{{ hashtag }}"


def quote(old: str, new: str) -> dict[str, str]:
    """The tiny campaign's template of a quote, changed. Its hashtag is on line 8, its last."""
    return {QUOTE: changed(QUOTE, old, new)}


def problems_of(root: Path, files: dict[str, str]) -> list[Problem]:
    return read(write_campaign(root, **files), known_networks=NETWORKS).problems


@pytest.mark.parametrize(
    "text",
    [
        f"{HASHTAG}#Other",
        f"{HASHTAG}＃Other",
        f"·{HASHTAG}",
        f"・{HASHTAG}",
        f"é{HASHTAG}",
        f"&{HASHTAG}",
        f"#{HASHTAG}",
        f"/{HASHTAG}",
        f"{{{{ quote.when }}}}{HASHTAG}",
        f"{HASHTAG}{{{{ quote.when }}}}",
        f"{HASHTAG}・",
        f"{HASHTAG}·",
        f"{HASHTAG}_",
        f"{HASHTAG}7",
        f"{HASHTAG}://",
        f"{HASHTAG}ы",
        f"{HASHTAG}க",
        f"{HASHTAG}٣",
        f"{HASHTAG}\u309b",
    ],
    ids=ascii,
)
def test_a_hashtag_that_x_would_not_link(text: str, tmp_path: Path) -> None:
    found = problems_of(tmp_path, quote(HASHTAG, text))
    (problem,) = [each for each in found if each.rule == "template-hashtag"]
    assert str(problem.where) == f"{QUOTE}:8"
    assert "touches another word" in problem.what


@pytest.mark.parametrize("mark", ["\ufe0f", "\u0301", "\u200d", "\u200c", "\u20e3"], ids=ascii)
def test_a_hashtag_with_a_mark_that_would_belong_to_it(mark: str, tmp_path: Path) -> None:
    (problem,) = problems_of(tmp_path, quote(HASHTAG, f"{HASHTAG}{mark}"))
    assert (problem.rule in ("own-mark", "own-invisible"), str(problem.where)) == (
        True,
        f"{QUOTE}:8",
    )


@pytest.mark.parametrize(
    "around", ["☭ ", "( )", "“ ”", " ’s", " : go", " .", "☀\ufe0f ", " ☀", "— ", "? !"], ids=ascii
)
def test_a_hashtag_that_x_links(around: str, tmp_path: Path) -> None:
    before, after = around.split(" ", 1)
    assert problems_of(tmp_path, quote(HASHTAG, f"{before}{HASHTAG}{after}")) == []


@pytest.mark.parametrize(
    "tag", ["#किसान_आंदोलन", "#il·lusió", "#زن‌زندگی", "#Solidarite\u0301", "＃自由"]
)
def test_a_campaign_with_a_hashtag_in_any_script(tag: str, tmp_path: Path) -> None:
    """It is in NFC, as posts are, however it was typed."""
    root = write_campaign(tmp_path, **{CAMPAIGN: changed(CAMPAIGN, "#StandWithTheHarbour", tag)})
    campaign = load(root, NETWORKS)
    assert campaign.left_out == ()
    assert campaign.hashtag == tag.replace("e\u0301", "é")


@pytest.mark.parametrize("tag", ["#" + "a" * 100, "#" + "1" * 200_000, "#a#b", "#a-b", "#²"])
def test_a_campaign_with_what_is_no_hashtag(tag: str, tmp_path: Path) -> None:
    (problem,) = problems_of(tmp_path, {CAMPAIGN: changed(CAMPAIGN, "#StandWithTheHarbour", tag)})
    assert (problem.rule, str(problem.where)) == ("bad-hashtag", f"{CAMPAIGN}:3")
    assert len(problem.what) < 100


# What was meant for the machine ------------------------------------------------------------------

WRONG = {
    "{ quote.when }": "own-field",
    "{quote.when}": "own-field",
    "{{ quote.when }": "own-field",
    "{ quote.when }}": "own-field",
    "{ { quote.when } }": "own-field",
    "{{{ quote.when }}}": "own-field",
    "{{ quote.when }}}": "own-field",
    "[[ quote.when ]]": "own-field",
    "[quote.when]": "own-field",
    "<quote.when>": "own-field",
    "<< quote.when >>": "own-field",
    "(quote.when)": "own-field",
    "${quote.when}": "own-field",
    "%quote.when%": "own-field",
    "in quote.when.": "own-field",
    "{ Quote.When }": "own-field",
    "{ quote }": "own-field",
    "{ qoute.when }": "own-braces",
    "so { it } is": "own-braces",
    "so { it": "own-braces",
    "so it }": "own-braces",
    "{{ quote.when }} }}": "own-braces",
    "[[ name ]]": "own-braces",
    "[[ name": "own-braces",
    "name ]]": "own-braces",
    "<<<<<<< HEAD": "merge-mark",
    "<<<<<<<": "merge-mark",
    "||||||| 3f2a": "merge-mark",
    "=======": "merge-mark",
    ">>>>>>> other": "merge-mark",
    "# check with legal": "own-note",
    "  # check with legal": "own-note",
    "## Heading": "own-note",
    "#": "own-note",
    "# {{ quote.when }}": "own-note",
    "<!-- note -->": "own-note",
    "<!-- note": "own-note",
    "TODO": "own-placeholder",
    "TODO XXX": "own-placeholder",
    "to add: TODO XXX": "own-placeholder",
    "TODO {{ quote.when }}": "own-placeholder",
    "– FIXME –": "own-placeholder",
    "[TODO]": "own-placeholder",
    "(TODO)": "own-placeholder",
    "<TODO>": "own-placeholder",
    "[TODO: ask Ann]": "own-placeholder",
    "[TODO ask Ann]": "own-placeholder",
    "(FIXME: when)": "own-placeholder",
    "TODO: ask Ann": "own-placeholder",
    "In June. TBD: where.": "own-placeholder",
    "on the date of TBD: Ann": "own-placeholder",
    "XXX: where": "own-placeholder",
    "[XXXX]": "own-placeholder",
    "[insert date]": "own-placeholder",
    "[Your name]": "own-placeholder",
    "Lorem ipsum dolor": "own-placeholder",
    "[link](https://example.org)": "own-link",
    "![a picture](square.png)": "own-link",
    "Itâ€™s Ã©tÃ©": "own-encoding",
    "**Bold**": "own-markup",
    "**{{ quote.when }}**": "own-markup",
    "*slanted*": "own-markup",
    "__bold__": "own-markup",
    "_slanted_": "own-markup",
    "~~gone~~": "own-markup",
    "`code`": "own-markup",
    "<b>bold</b>": "own-markup",
    "one<br/>two": "own-markup",
    '<a href="x">': "own-markup",
    "one\\ntwo": "own-markup",
    "$name": "own-markup",
    "&amp;": "own-entity",
    "it&rsquo;s": "own-entity",
    "&#8217;": "own-entity",
    "&#x2019;": "own-entity",
}
"""What may not stand in a post, and the rule that finds it. The first of its kind is told of."""

WARNED = ("own-markup", "own-entity")


@pytest.mark.parametrize("text", WRONG, ids=ascii)
def test_what_may_not_stand_in_a_template(text: str, tmp_path: Path) -> None:
    """It is told of by line, whatever is wrong because of it."""
    before = "Said in {{ quote.when }}:\n\n"
    found = problems_of(tmp_path, quote("{{ quote }}\n", f"{before}{text}\n{{{{ quote }}}}\n"))
    assert {(each.rule, str(each.where)) for each in found} == {(WRONG[text], f"{QUOTE}:6")}
    severity = "warning" if WRONG[text] in WARNED else "error"
    assert {each.severity for each in found} == {severity}
    assert all(each.fix for each in found)


def test_a_field_in_the_wrong_brackets_is_one_mistake(tmp_path: Path) -> None:
    """Nothing is said of what the post lacks for want of it."""
    (problem,) = problems_of(tmp_path, quote("{{ quote.when }}", "{ quote.when }"))
    assert (problem.rule, str(problem.where)) == ("own-field", f"{QUOTE}:6")
    assert problem.what == "`{ quote.when }` fills nothing in"
    assert problem.fix == "Two braces on each side do: {{ quote.when }}."


@pytest.mark.parametrize(
    "text", ["{hashtag}", "$hashtag", "[hashtag]", "{{ Hashtag }", "<hashtag>"]
)
def test_so_is_the_hashtag_in_them(text: str, tmp_path: Path) -> None:
    (problem,) = problems_of(tmp_path, quote(HASHTAG, text))
    assert (problem.rule, str(problem.where)) == ("own-field", f"{QUOTE}:8")
    assert "{{ hashtag }}" in problem.fix


def test_a_field_that_is_there_already_is_not_missed(tmp_path: Path) -> None:
    (problem,) = problems_of(tmp_path, quote(HASHTAG, f"$hashtag {HASHTAG}"))
    assert (problem.rule, str(problem.where)) == ("own-field", f"{QUOTE}:8")


def test_a_field_of_what_is_not_drawn_is_no_more_than_that(tmp_path: Path) -> None:
    (problem,) = problems_of(tmp_path, quote(HASHTAG, f"{{fact.when}} {HASHTAG}"))
    assert (problem.rule, str(problem.where)) == ("own-field", f"{QUOTE}:8")


def test_so_is_a_link_in_them(tmp_path: Path) -> None:
    files = {FRAME: changed(FRAME, "{{ links.frame }}", "[[links.frame]]")}
    (problem,) = problems_of(tmp_path, files)
    assert (problem.rule, str(problem.where)) == ("own-field", f"{FRAME}:9")


def test_a_merge_is_one_mistake(tmp_path: Path) -> None:
    both = f"<<<<<<< HEAD\nNow {HASHTAG}\n=======\nThen {HASHTAG}\n>>>>>>> other"
    (problem,) = problems_of(tmp_path, quote(HASHTAG, both))
    assert (problem.rule, str(problem.where)) == ("merge-mark", f"{QUOTE}:8")


def test_so_it_is_in_the_head(tmp_path: Path) -> None:
    both = "<<<<<<< HEAD\nattach: square\n=======\nattach: banner\n>>>>>>> other\n"
    (problem,) = problems_of(tmp_path, quote("attach: square\n", both))
    assert (problem.rule, str(problem.where)) == ("merge-mark", f"{QUOTE}:2")


def test_each_place_is_told_of(tmp_path: Path) -> None:
    found = problems_of(tmp_path, quote("{{ quote }}\n", "{{ quote }}\n**a**\n{ b\n&lt; [[c]]\n"))
    assert [(each.rule, each.where.line) for each in found] == [
        ("own-markup", 5),
        ("own-braces", 6),
        ("own-entity", 7),
        ("own-braces", 7),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "{# TODO { demand.to } <!-- x --> #}",
        "{% if quote.by == '[[ TODO ]]' %}and{% endif %}",
        "{#\n# check with legal\n#}",
        "[{{ quote.when }}] (1) <3 50 % * {{ quote.when }}",
        "Quote unquote: a demand, a fact.",
        "http://a_b_c*d*e",
    ],
)
def test_what_may_stand_in_a_template(text: str, tmp_path: Path) -> None:
    files = quote("{{ quote }}\n", f"{{{{ quote }}}}\n{text}\n")
    assert problems_of(tmp_path, files) == []


@pytest.mark.parametrize(
    ("path", "old", "new", "rule", "line", "of"),
    [
        (DOCKERS, '"The Dockers', '"The **Dockers**', "own-markup", 1, "`publisher`"),
        (DOCKERS, '"May 2021"', '"[TODO]"', "own-placeholder", 2, "`when`"),
        (DOCKERS, '"Jane Roe, Dockers', '"Jane {Roe}, Dockers', "own-braces", 5, "`as`"),
        (DOCKERS, '"The Dockers', '"The &amp; Dockers', "own-entity", 1, "`publisher`"),
        (DOCKERS, '"May 2021"', '"May\u00ad 2021"', "own-invisible", 2, "`when`"),
        (MEDIA, "The words", "The \ufffd words", "own-broken", 1, "the alt text of `square`"),
        (MEDIA, "The words", "{words}", "own-braces", 1, "the alt text of `square`"),
    ],
)
def test_what_may_not_stand_in_other_words_of_ours(
    path: str, old: str, new: str, rule: str, line: int, of: str, tmp_path: Path
) -> None:
    (problem,) = problems_of(tmp_path, {path: changed(path, old, new)})
    assert (problem.rule, str(problem.where)) == (rule, f"{path}:{line}")
    assert problem.what.startswith(f"In {of}: ")


SENTENCES = """
[cards]
alt = "Card: {hashtag}. {words} {by}. {when}."
alt_demand = "Card, to {to}: {hashtag}. {words} {by}. {when}. *sic*"
"""


def test_the_sentence_that_cards_are_described_with(tmp_path: Path) -> None:
    """Its gaps are the program's; the rest is ours. With an error in it no card goes out."""
    media = f"{FILES[MEDIA]!s}{SENTENCES}"
    root = write_campaign(tmp_path, **{MEDIA: media})
    loaded = read(root, known_networks=NETWORKS)
    assert [(each.rule, str(each.where)) for each in loaded.problems] == [
        ("own-markup", f"{MEDIA}:7")
    ]
    (root / MEDIA).write_text(media.replace("Card:", "[TODO] @port:"), encoding="utf-8")
    loaded = read(root, known_networks=NETWORKS)
    assert [(each.rule, str(each.where)) for each in loaded.problems[:2]] == [
        ("mention", f"{MEDIA}:6"),
        ("own-placeholder", f"{MEDIA}:6"),
    ]
    shipped = (ROOT / MEDIA).read_text(encoding="utf-8")
    broken = {MEDIA: shipped.replace('alt = "Card in white', 'alt = "[TODO] Card in white')}
    assert broken[MEDIA] != shipped
    assert read(ROOT, known_networks=NETWORKS).sound.cards != {}
    assert read(ROOT, known_networks=NETWORKS, instead=broken).sound.cards == {}


# Characters --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "rule", "called"),
    [
        ("a\ufffdb", "own-broken", "U+FFFD (replacement character)"),
        ("a\ufffcb", "own-broken", "U+FFFC"),
        ("a\u2028b", "own-broken", "U+2028 (line separator)"),
        ("a\u2029b", "own-broken", "U+2029"),
        ("a\ue000b", "own-broken", "U+E000"),
        ("a\ufdd0b", "own-broken", "U+FDD0"),
        ("co\u00adoperate", "own-invisible", "U+00AD (soft hyphen)"),
        ("a\u200bb", "own-invisible", "U+200B (zero width space)"),
        ("a\u2060b", "own-invisible", "U+2060"),
        ("a\u2063b", "own-invisible", "U+2063"),
        ("a\u200cb", "own-invisible", "U+200C"),
        ("a\u200db", "own-invisible", "U+200D"),
        ("می\u200c ", "own-invisible", "U+200C"),
        ("a\u200eb", "own-invisible", "U+200E"),
        ("a\u200fb", "own-invisible", "U+200F"),
        ("a\u061cb", "own-invisible", "U+061C"),
        ("a\u034fb", "own-invisible", "U+034F"),
        ("a\u3164b", "own-invisible", "U+3164 (hangul filler)"),
        ("a\u2800b", "own-invisible", "U+2800"),
        ("a\ufff9b", "own-invisible", "U+FFF9"),
        ("a\U000e0067b", "own-invisible", "U+E0067"),
        ("a \u0301b", "own-mark", "U+0301 (combining acute accent)"),
        ("{{ quote.when }}\u0301", "own-mark", "U+0301"),
        ("a\ufe0fb", "own-mark", "U+FE0F"),
    ],
    ids=ascii,
)
def test_characters_that_no_post_should_have(
    text: str, rule: str, called: str, tmp_path: Path
) -> None:
    (problem,) = problems_of(tmp_path, quote("{{ quote }}\n", f"{{{{ quote }}}}\n{text}\n"))
    assert (problem.rule, str(problem.where)) == (rule, f"{QUOTE}:5")
    assert called in problem.what


@pytest.mark.parametrize(
    ("letter", "rule", "severity"),
    [
        ("\ufffd", "own-broken", "error"),
        ("\u00ad", "quoted-characters", "warning"),
        ("&rsquo;", "quoted-characters", "warning"),
        ("Ã©", "quoted-characters", "warning"),
    ],
)
def test_the_same_in_quoted_words(letter: str, rule: str, severity: str, tmp_path: Path) -> None:
    """What nobody sees may be the published text's own; what is broken can't be."""
    files = {DOCKERS: changed(DOCKERS, "sign the agreement", f"sign the agree{letter}ment")}
    (problem,) = problems_of(tmp_path, files)
    assert (problem.rule, problem.severity) == (rule, severity)
    assert str(problem.where) == f"{DOCKERS}:22"


PROSE = [
    "Who said this in August 2020? It was Jane Roe – “of the union”, no one else’s (see below).",
    "Lo queremos todo: pan, techo y dignidad. ¡TODO ESTÁ EN JUEGO! LO QUEREMOS TODO: PAN Y ROSAS",
    "XXX Congreso de la CSI; le XXXe congrès; XXX. Kongress [1] [sic] (a) *",
    "« Nous restons ! » – l’œuvre, 50 %, 3,5 €, n° 7, où ça ? À 18\u202fh\u00a030…",
    "„Wir bleiben“, sagten die Kolleg*innen und Freund*innen; Kolleg_innen, Kolleg:innen; Straße",
    "«Não», disse; “IRMÔ; coração, AÇÃO; às 9h; Ângela; Âmbito; 10ª",
    "Мы — не одни: «Стачка» продолжается. Ми не самі, ґанок, п’ять; Мы не самі, ўсё",
    "Żółć, łódź; příliš žluťoučký kůň; árvíztűrő; ţară; ψυχή, εἰρήνη; İstanbul, ığdır",
    "התאגדו! ״ביחד״ ננצח\u200f (2020)\u200e, שָׁלוֹם",
    "نحن معًا: «الإضراب» حقّ؛ لِلْعُمَّال. ما می‌خواهیم، زن‌زندگی",
    "हम साथ हैं — किसान की जीत; শ্রমিক ঐক্য; தொழிலாளர்; ക്‍ഷ; ಕ್‌ಷ; ශ්‍රී",
    "เสรีภาพ\u200bแรงงาน; ເສລີພາບ; កម្មករ\u200bសហជីព; မြန်မာ\u200bနိုင်ငံ",
    "团结就是力量。ストライキ・権利「一緒に」〜！ 노동자 연대. 工會、罷工",
    "✊🏿 👩🏽‍🏭 👨‍👩‍👧 🏳️‍🌈 🏴󠁧󠁢󠁳󠁣󠁴󠁿 🇧🇾 1️⃣ ❤️ ☎️ ©️ ™ ℹ️ ‼️ ↔️ ▪️ 🙂‍↔️ ☺︎",
    "R&D; AT&T, Q&A. 5 > 3 < 7 = x; a/b; C#, F#; #1; 9:00–17:00; $100, US$5, 3 £; 100%; ^",
    "To: the Board\nFrom: us\n- first\n- second\n* third\n1. fourth\n—\n***\n~ 5 km",
    "Write to mail@example.org, or call +32 2 123 45 67. It’s 2+2; e.g. this, i.e. that; U.S.A.",
    "Việt Nam: đoàn kết; Ọjọ́; Hawaiʻi; naïve café, Cie\u0301sla; O\u0308sterreich",
]


@pytest.mark.parametrize("text", PROSE)
def test_plain_words_in_many_languages_pass(text: str) -> None:
    assert [*remnants(text)] == []


@given(
    st.lists(st.sampled_from([*PROSE, PRINTED]), min_size=1), st.sampled_from(["\n", " ", "\n\n"])
)
def test_however_they_are_put_together(texts: list[str], between: str) -> None:
    assert [*remnants(between.join(texts))] == []


@given(st.text())
def test_every_place_that_is_told_of_is_in_the_text(text: str) -> None:
    for each in remnants(text):
        assert 0 <= each.at < len(text)
        assert each.what
        assert each.fix


@pytest.mark.parametrize(
    "text",
    [
        *("{", "[[", "[TODO", "<!--", "**", "_a", "*a", "&a", "<a ", "`", "TODO ", "{ demand"),
        *("#\n", "~~", "[a](", "{{ quote ", "%quote", "<demand ", "[{{ quote }}"),
    ],
)
def test_a_long_text_is_read_in_one_go(text: str) -> None:
    """With a pattern that begins anew at each place this would not end."""
    for _ in remnants(text * 30_000):
        pass
