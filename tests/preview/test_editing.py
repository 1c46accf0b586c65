"""Trying and saving texts: what the campaign would be, and never a file that isn't to be edited."""

from __future__ import annotations

import shutil
import stat
from pathlib import Path

import pytest

from bot.cli.shared import NETWORKS, limits_of
from bot.content import load, read
from bot.preview.editing import CannotEdit, Editor
from tests.content.builder import png, write_campaign
from tests.site import ROOT, a_site, edit

QUOTE = "messages/templates/quote.txt"
DOCKERS = "messages/statements/dockers.toml"
STAND = "dockers/stand"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write_campaign(tmp_path / "site", **{"media/square.png": png(800, 800)})


@pytest.fixture
def editor(root: Path) -> Editor:
    return Editor(root, limits_of, NETWORKS)


def everything(root: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in root.rglob("*") if path.is_file()}


# Trying ------------------------------------------------------------------------------------------


def test_trying_shows_every_post_of_a_template_and_writes_nothing(
    root: Path, editor: Editor
) -> None:
    before = everything(root)
    text = editor.draft(QUOTE).text.replace("— ", "Said by ")
    trial = editor.attempt(QUOTE, text)
    (design,) = trial.designs
    assert (trial.total, trial.too_long, trial.errors) == (1, 0, [])
    assert "Said by Jane Roe" in "".join(part.text for part in design.makes[0].made[0].text)
    assert everything(root) == before


def test_what_makes_a_wrong_post_is_an_error_at_its_line(editor: Editor) -> None:
    text = editor.draft(QUOTE).text.replace("{{ hashtag }}", "{{ hashtag.upper() }}")
    trial = editor.attempt(QUOTE, text)
    assert trial.designs == ()
    assert [str(problem.where) for problem in trial.errors] == [f"{QUOTE}:8"]


def test_a_text_that_is_too_long_is_counted(editor: Editor) -> None:
    text = editor.draft(QUOTE).text + "\n" + "word " * 60
    trial = editor.attempt(QUOTE, text)
    assert (trial.total, trial.too_long) == (1, 1)
    assert trial.designs[0].makes[0].made[0].length > 280


def test_other_files_errors_are_told_apart(root: Path, editor: Editor) -> None:
    (root / "messages/templates/fact.txt").write_text("draws: fact\n")
    trial = editor.attempt(QUOTE, editor.draft(QUOTE).text)
    assert trial.errors == []
    assert {p.where.file for p in trial.elsewhere} == {"messages/templates/fact.txt"}


def test_short_forms_are_a_line_each_and_tried_in_every_template(editor: Editor) -> None:
    draft = editor.draft(STAND)
    assert draft.text.split("\n")[1] == "We stand with the crews …"
    assert draft.words.startswith("We stand with the crews – all of them. They will")
    trial = editor.attempt(STAND, "We stand with the crews …\n")
    assert {design.template.name for design in trial.designs} == {"quote", "frame"}
    trial = editor.attempt(STAND, "We sit with the crews …")
    assert [problem.rule for problem in trial.errors] == ["short-own-words"]


def test_what_can_be_edited_is_listed(root: Path, editor: Editor) -> None:
    groups = dict(editor.names(load(root, NETWORKS)))
    assert groups["Templates"][0] == ("messages/templates/demand.txt", "demand")
    names = [name for group in groups.values() for name, _ in group]
    assert STAND in names
    for name in names:
        assert editor.draft(name).name == name


# Saving ------------------------------------------------------------------------------------------


def test_saving_replaces_the_file_and_keeps_its_permissions(root: Path, editor: Editor) -> None:
    (root / QUOTE).chmod(0o640)
    draft = editor.draft(QUOTE)
    text = draft.text.replace("— ", "by ")
    saved = editor.save(QUOTE, text, draft.version)
    assert (saved.conflict, saved.errors) == (False, ())
    assert (root / QUOTE).read_text("utf-8") == text == saved.draft.text
    assert stat.S_IMODE((root / QUOTE).stat().st_mode) == 0o640
    assert [p for p in (root / "messages/templates").iterdir() if p.name.startswith(".")] == []
    again = editor.save(QUOTE, draft.text, saved.draft.version)
    assert again.draft.text == draft.text


def test_line_ends_and_byte_order_marks_stay_as_the_file_has_them(
    root: Path, editor: Editor
) -> None:
    windows = ("\ufeff" + (root / QUOTE).read_text("utf-8")).replace("\n", "\r\n")
    (root / QUOTE).write_bytes(windows.encode())
    draft = editor.draft(QUOTE)
    assert "\r" not in draft.text
    editor.save(QUOTE, draft.text.replace("— ", "by "), draft.version)
    assert (root / QUOTE).read_bytes() == windows.replace("— ", "by ").encode()


def test_short_forms_are_saved_with_everything_around_them_kept(tmp_path: Path) -> None:
    root = a_site(tmp_path)
    name, path = "ituc/in-solidarity", root / "messages/statements/ituc.toml"
    before = path.read_text("utf-8")
    editor = Editor(root, limits_of, NETWORKS)
    draft = editor.draft(name)
    forms = draft.text.split("\n")
    editor.save(
        name, "\n".join([*forms, "We stand in solidarity with our affiliate …"]), draft.version
    )
    after = path.read_text("utf-8")
    new = set(after.splitlines()) - set(before.splitlines())
    assert new == {'  "We stand in solidarity with our affiliate …",'}
    assert len(after.splitlines()) == len(before.splitlines()) + 1


def test_an_edit_made_elsewhere_is_never_overwritten(root: Path, editor: Editor) -> None:
    draft = editor.draft(QUOTE)
    edit(root / QUOTE, "— ", "their words: ")
    saved = editor.save(QUOTE, draft.text.replace("— ", "mine: "), draft.version)
    assert saved.conflict
    assert "their words: " in saved.draft.text
    assert "their words: " in (root / QUOTE).read_text("utf-8")
    wrong = editor.save(QUOTE, "draws: quote\n", draft.version)
    assert (wrong.conflict, wrong.errors) == (True, ()), "that comes first"
    saved = editor.save(QUOTE, draft.text.replace("— ", "mine: "), saved.draft.version)
    assert not saved.conflict
    assert "mine: " in (root / QUOTE).read_text("utf-8")


def test_nor_is_one_made_while_the_text_is_tried(
    root: Path, editor: Editor, monkeypatch: pytest.MonkeyPatch
) -> None:
    draft = editor.draft(QUOTE)

    def slow(*arguments: object, **named: object) -> object:
        edit(root / QUOTE, "— ", "their words: ")
        return read(*arguments, **named)  # type: ignore[arg-type]

    monkeypatch.setattr("bot.preview.editing.read", slow)
    saved = editor.save(QUOTE, draft.text.replace("— ", "mine: "), draft.version)
    assert saved.conflict
    assert "their words: " in (root / QUOTE).read_text("utf-8")


def test_a_wrong_text_is_not_saved(root: Path, editor: Editor) -> None:
    before = everything(root)
    draft = editor.draft(QUOTE)
    saved = editor.save(QUOTE, draft.text.replace("{{ quote }}", ""), draft.version)
    assert "template-not-printed" in [problem.rule for problem in saved.errors]
    assert everything(root) == before


def test_a_wrong_file_can_be_mended_here(root: Path, editor: Editor) -> None:
    good = editor.draft(QUOTE).text
    (root / QUOTE).write_text("draws: quote\n")
    draft = editor.draft(QUOTE)
    assert editor.save(QUOTE, good, draft.version).errors == ()


def test_a_disk_that_is_full_is_told(
    root: Path, editor: Editor, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    before = everything(root)
    draft = editor.draft(QUOTE)
    with monkeypatch.context() as patch:
        patch.setattr("os.fsync", full)
        with pytest.raises(CannotEdit, match="No space left"):
            editor.save(QUOTE, draft.text + "\n", draft.version)
    assert everything(root) == before


# What may not be edited --------------------------------------------------------------------------

ESCAPES = (
    "",
    "/etc/passwd",
    "messages/campaign.toml",
    "messages/sources.lock",
    "messages/templates/../campaign.txt",
    "messages/templates/../../media/media.txt",
    "messages/templates//quote.txt",
    "messages/templates/.quote.txt",
    "messages/templates/sub/quote.txt",
    "messages/templates/quote.txt\0.txt",
    "messages/templates/quote.toml",
    "messages/templates/QUOTE.txt",
    "messages/templates/none.txt",
    "messages\\templates\\quote.txt",
    "./messages/templates/quote.txt",
    "messages/statements/dockers.toml",
    "../dockers/stand",
    "..",
    "dockers/../dockers/stand",
    "dockers/",
    "/stand",
    "dockers/none",
    "none/stand",
    "dockers/roe",
    "file:///etc/passwd",
)


@pytest.mark.parametrize("name", ESCAPES)
def test_nothing_else_can_be_read_tried_or_saved(root: Path, editor: Editor, name: str) -> None:
    before = everything(root)
    with pytest.raises(CannotEdit):
        editor.draft(name)
    with pytest.raises(CannotEdit):
        editor.attempt(name, "x")
    with pytest.raises(CannotEdit):
        editor.save(name, "x", "")
    assert everything(root) == before


def test_links_are_not_followed(root: Path, editor: Editor, tmp_path: Path) -> None:
    outside = tmp_path / "outside.txt"
    outside.write_text((root / QUOTE).read_text("utf-8"))
    (root / "messages/templates/linked.txt").symlink_to(outside)
    with pytest.raises(CannotEdit, match="a link to elsewhere"):
        editor.draft("messages/templates/linked.txt")
    inner = root / "messages/templates/inner.txt"
    inner.symlink_to(root / QUOTE)
    with pytest.raises(CannotEdit, match="a link to elsewhere"):
        editor.draft("messages/templates/inner.txt")
    shutil.move(root / "messages/templates", tmp_path / "templates")
    (root / "messages/templates").symlink_to(tmp_path / "templates")
    with pytest.raises(CannotEdit, match="a link to elsewhere"):
        editor.draft(QUOTE)


def test_a_root_that_is_a_link_itself_is_fine(root: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(root)
    assert Editor(tmp_path / "link", limits_of, NETWORKS).draft(QUOTE).path == QUOTE


@pytest.mark.parametrize("text", ["\x00", "a\u202eb", "x" * 1_000_001, "\ud800"])
def test_texts_that_no_file_may_hold_are_refused(editor: Editor, text: str) -> None:
    with pytest.raises(CannotEdit):
        editor.attempt(QUOTE, text)


def test_files_that_can_not_be_read_are_refused(root: Path, editor: Editor) -> None:
    (root / QUOTE).write_bytes(b"\xff\xfe")
    with pytest.raises(CannotEdit, match="can't be read"):
        editor.draft(QUOTE)
    (root / QUOTE).write_bytes(b"x" * 1_000_001)
    with pytest.raises(CannotEdit, match="too large"):
        editor.draft(QUOTE)
    (root / DOCKERS).write_text("[quotes")
    with pytest.raises(CannotEdit, match="can't be read"):
        editor.draft(STAND)


def test_a_statement_written_too_unusually_is_left_alone(root: Path, editor: Editor) -> None:
    text = (root / DOCKERS).read_text("utf-8").replace("[quotes.stand]", '["quotes".stand]')
    (root / DOCKERS).write_text(text, "utf-8")
    draft = editor.draft(STAND)
    editor.save(STAND, "We stand with the crews …", draft.version)
    assert editor.draft(STAND).text == "We stand with the crews …"
    (root / DOCKERS).write_text(text.replace('["We stand', '[ 1, "We stand'), "utf-8")
    with pytest.raises(CannotEdit):
        editor.draft(STAND)


def test_the_shipped_texts_survive_being_saved_unchanged(tmp_path: Path) -> None:
    root = a_site(tmp_path)
    editor = Editor(root, limits_of, NETWORKS)
    for _, names in editor.names(load(root, NETWORKS)):
        for name, _ in names[:4]:
            draft = editor.draft(name)
            assert editor.save(name, draft.text, draft.version).draft == draft
    for path in (ROOT / "messages").rglob("*.t*"):
        assert (root / path.relative_to(ROOT)).read_bytes() == path.read_bytes()
