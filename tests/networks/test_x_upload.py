"""Pictures on their way to X: whole or in pieces, processed, described, and none used twice."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bot.domain import Attachment, Post
from bot.errors import InDoubt, NetworkError, NotSent, Refused
from bot.networks import x as module
from bot.networks._x_calls import REUSE_SECONDS, UPLOAD_SECONDS
from bot.networks._x_requests import PIECE_BYTES
from bot.networks.x import X, XCredentials
from tests.networks.servers import Api, Link, Seen, Server, answers, nobody, problem, reply, then

CREDENTIALS = XCredentials("key", "key-secret", "token", "token-secret")


class FakeX:
    """Takes uploads as X's own description of its interface says, and remembers them."""

    def __init__(self) -> None:
        self.pieces: dict[str, dict[int, bytes]] = {}
        self.alt: dict[str, str] = {}
        self.calls: list[str] = []
        self.states: list[dict[str, Any]] = []
        self.lives: Any = 86400
        self.refuse: dict[str, bytes] = {}
        self._next = 710511363345354752

    def __call__(self, request: Seen) -> bytes:
        self.calls.append(name := self._name(request))
        assert request.headers.get("content-type", "none") == (
            "application/json" if request.body else "none"
        )
        assert "Tweepy" in request.headers["user-agent"]
        return self.refuse.get(name) or getattr(self, f"_{name}")(request)

    def content(self, media_id: str) -> bytes:
        pieces = self.pieces[media_id]
        assert sorted(pieces) == list(range(len(pieces)))
        return b"".join(pieces[index] for index in sorted(pieces))

    def _name(self, request: Seen) -> str:
        if request.path == "/2/media/upload":
            return "status" if request.method == "GET" else "upload"
        return request.path.rpartition("/")[2]

    def _data(self) -> dict[str, Any]:
        self._next += 1
        return {"id": str(self._next), "expires_after_secs": self.lives}

    def _upload(self, request: Seen) -> bytes:
        assert request.json.keys() == {"media", "media_category"}
        assert request.json["media_category"] == "tweet_image"
        data = self._data()
        self.pieces[data["id"]] = {0: base64.b64decode(request.json["media"], validate=True)}
        return self._processing(data)

    def _initialize(self, request: Seen) -> bytes:
        assert request.json.keys() == {"media_type", "media_category", "total_bytes"}
        assert request.json["media_type"] == "image/gif"
        assert request.json["media_category"] == "tweet_gif"
        self.total = request.json["total_bytes"]
        data = self._data()
        self.pieces[data["id"]] = {}
        return reply(200, {"data": data})

    def _append(self, request: Seen) -> bytes:
        media_id = request.path.split("/")[-2]
        assert request.json.keys() == {"media", "segment_index"}
        piece = base64.b64decode(request.json["media"], validate=True)
        assert 0 < len(piece) <= PIECE_BYTES
        self.pieces[media_id][request.json["segment_index"]] = piece
        return reply(200, {"data": {"expires_at": 1795000000}})

    def _finalize(self, request: Seen) -> bytes:
        assert request.body == b""
        media_id = request.path.split("/")[-2]
        assert len(self.content(media_id)) == self.total
        return self._processing({"id": media_id, "expires_after_secs": self.lives})

    def _status(self, request: Seen) -> bytes:
        assert request.query.keys() == {"command", "media_id"}
        assert request.query["command"] == "STATUS"
        return self._processing({"id": request.query["media_id"]})

    def _processing(self, data: dict[str, Any]) -> bytes:
        if self.states:
            data["processing_info"] = self.states.pop(0)
        return reply(200, {"data": data})

    def _metadata(self, request: Seen) -> bytes:
        assert request.json.keys() == {"id", "metadata"}
        self.alt[request.json["id"]] = request.json["metadata"]["alt_text"]["text"]
        return reply(200, {"data": {"id": request.json["id"]}})

    def _tweets(self, request: Seen) -> bytes:
        assert set(request.json["media"]["media_ids"]) <= self.alt.keys()
        return reply(201, {"data": {"id": "1", "text": request.json["text"]}})


class Clock:
    """Seconds that pass only while somebody sleeps."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


def picture(
    root: Path, name: str, content: bytes, alt: str = "A red and white flag."
) -> Attachment:
    (root / name).write_bytes(content)
    mime = "image/gif" if name.endswith(".gif") else "image/png"
    return Attachment(name, alt, mime, len(content), hashlib.sha256(content).hexdigest())


def noise(size: int) -> bytes:
    return hashlib.shake_256(b"noise").digest(size)


def make(root: Path, url: str, clock: Clock | None = None) -> X:
    clock = clock or Clock()
    return X(CREDENTIALS, str(root), url, clock=clock, sleep=clock.sleep)


def upload(x: X, *pictures: Attachment) -> tuple[str, ...]:
    return x.upload(x.request(Post("Text.", pictures), "key"))


@pytest.mark.parametrize("size", [1, 2, 3, 48 * 1024 - 1, 48 * 1024, 48 * 1024 + 1, 300_000])
def test_an_image_goes_up_whole_with_its_alt_text(tmp_path: Path, size: int) -> None:
    fake = FakeX()
    with Api(fake) as server:
        [media_id] = upload(make(tmp_path, server.url), picture(tmp_path, "a.png", noise(size)))
    assert fake.calls == ["upload", "metadata"]
    assert fake.content(media_id) == noise(size)
    assert fake.alt == {media_id: "A red and white flag."}


@pytest.mark.parametrize("size", [1, PIECE_BYTES - 1, PIECE_BYTES, PIECE_BYTES + 1, 2_300_001])
def test_a_gif_goes_up_in_pieces(tmp_path: Path, size: int) -> None:
    fake = FakeX()
    with Api(fake) as server:
        [media_id] = upload(make(tmp_path, server.url), picture(tmp_path, "a.gif", noise(size)))
    pieces = -(-size // PIECE_BYTES)
    assert fake.calls == ["initialize", *["append"] * pieces, "finalize", "metadata"]
    assert fake.content(media_id) == noise(size)
    assert fake.alt == {media_id: "A red and white flag."}


def test_several_pictures_keep_their_order(tmp_path: Path) -> None:
    pictures = [picture(tmp_path, f"{n}.png", noise(n), f"Picture {n}.") for n in (3, 1, 2)]
    fake = FakeX()
    with Api(fake) as server:
        x = make(tmp_path, server.url)
        request = x.request(Post("Text.", tuple(pictures)), "key")
        ids = x.upload(request)
        x.send(request, ids, lambda: None)
    assert [len(fake.content(media_id)) for media_id in ids] == [3, 1, 2]
    assert [fake.alt[media_id] for media_id in ids] == ["Picture 3.", "Picture 1.", "Picture 2."]
    assert server.seen[-1].json == {"text": "Text.", "media": {"media_ids": list(ids)}}


def test_without_pictures_nothing_is_said(tmp_path: Path) -> None:
    assert upload(X(None, str(tmp_path), nobody())) == ()


@pytest.mark.parametrize("name", ["a.png", "a.gif"])
def test_processing_is_waited_for(tmp_path: Path, name: str) -> None:
    fake, clock = FakeX(), Clock()
    fake.states = [
        {"state": "pending", "check_after_secs": 5},
        {"state": "in_progress", "check_after_secs": 7, "progress_percent": 30},
        {"state": "in_progress", "check_after_secs": 0},
        {"state": "in_progress"},
        {"state": "succeeded", "progress_percent": 100},
    ]
    with Api(fake) as server:
        [media_id] = upload(make(tmp_path, server.url, clock), picture(tmp_path, name, b"GIF"))
    assert clock.slept == [5, 7, 1, 1]
    assert fake.calls[-5:] == ["status", "status", "status", "status", "metadata"]
    assert media_id in fake.alt


def test_processing_that_fails_is_refused(tmp_path: Path) -> None:
    fake = FakeX()
    fake.states = [{"state": "pending", "check_after_secs": 1}, {"state": "failed"}]
    with Api(fake) as server, pytest.raises(Refused) as caught:
        upload(make(tmp_path, server.url), picture(tmp_path, "a.gif", b"GIF"))
    what, fix = str(caught.value).splitlines()
    assert what == ("X: refused: uploading a.gif: X could not process it, and does not say why")
    assert "GIFs up to 15 MB, 1280x1080 pixels and 350 frames" in fix
    assert "metadata" not in fake.calls


INVALID = {"code": 1, "name": "InvalidMedia"}
FRAMES = "Gif has too many frames"


@pytest.mark.parametrize(
    ("error", "errors", "said"),
    [
        (INVALID, [], "InvalidMedia"),
        ({**INVALID, "message": FRAMES}, [], FRAMES),
        (None, [{"title": "Invalid Media", "detail": FRAMES}], FRAMES),
        (INVALID, [{"title": "Invalid Media", "detail": "Odd"}], "InvalidMedia"),
        ("broken", [{"title": "Invalid Media"}], "Invalid Media"),
    ],
)
def test_why_x_could_not_process_a_picture_is_said_in_its_own_words(
    tmp_path: Path, error: Any, errors: list[Any], said: str
) -> None:
    info = {"state": "failed", "progress_percent": 99, "error": error}
    body = {"data": {"id": "7", "processing_info": info}, "errors": errors}
    with Api(lambda _: reply(200, body)) as server, pytest.raises(Refused) as caught:
        upload(make(tmp_path, server.url), picture(tmp_path, "a.png", b"PNG"))
    assert f"X: refused: uploading a.png: {said}\n" in str(caught.value)
    assert "Save the picture anew" in str(caught.value)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (problem(400, "invalid-request", "media type unrecognized."), "400 media type unrecogn"),
        (reply(400, {"error": {"code": 1, "message": "Not an image."}}), "400 Not an image."),
        (reply(400, {"error": {"name": "InvalidMedia"}}), "400 InvalidMedia"),
        (reply(400, {"errors": [{"code": 324, "message": "Too large."}]}), "400 Too large."),
        (reply(413, b"<html>"), "413"),
    ],
)
def test_a_picture_that_is_refused_is_named_with_x_s_words_and_what_to_do(
    tmp_path: Path, answer: bytes, said: str
) -> None:
    with Api(lambda _: answer) as server, pytest.raises(Refused) as caught:
        upload(make(tmp_path, server.url), picture(tmp_path, "a.png", b"PNG"))
    assert f"uploading a.png: {said}" in str(caught.value)
    assert "PNG, JPEG and WEBP up to 5 MB" in str(caught.value)


def test_processing_without_end_is_given_up(tmp_path: Path) -> None:
    fake, clock = FakeX(), Clock()
    fake.states = [{"state": "in_progress", "check_after_secs": 50}] * 99
    with Api(fake) as server, pytest.raises(NotSent, match="took longer than 240 s"):
        upload(make(tmp_path, server.url, clock), picture(tmp_path, "a.gif", b"GIF"))
    assert clock.slept == [50, 50, 50, 50]
    assert sum(clock.slept) < UPLOAD_SECONDS


def test_the_deadline_is_for_all_pictures_together(tmp_path: Path) -> None:
    fake, clock = FakeX(), Clock()
    slow = {"state": "pending", "check_after_secs": 150}
    fake.states = [slow, {"state": "succeeded"}, slow, {"state": "succeeded"}]
    pictures = [picture(tmp_path, f"{n}.png", noise(n)) for n in (1, 2)]
    with Api(fake) as server, pytest.raises(NotSent, match="took longer than 240 s"):
        upload(make(tmp_path, server.url, clock), *pictures)
    assert clock.slept == [150]


def test_a_request_ends_when_the_whole_upload_has_to(tmp_path: Path) -> None:
    clock = Clock()
    replies = answers(reply(200, {"data": {"id": "1", "processing_info": {"state": "pending"}}}))

    def handle(link: Link) -> None:
        request = link.read()
        assert request is not None
        if request.method == "GET":
            link.hang()
        else:
            clock.now += UPLOAD_SECONDS - 1.2
            link.write(replies(request))

    with Server(handle) as server, pytest.raises(NotSent, match=r"took longer than 0\.2 s"):
        upload(make(tmp_path, server.url, clock), picture(tmp_path, "a.png", b"PNG"))


def test_a_request_too_late_is_not_made(tmp_path: Path) -> None:
    fake, clock = FakeX(), Clock()

    def answer(request: Seen) -> bytes:
        clock.now += UPLOAD_SECONDS
        return fake(request)

    with Api(answer) as server, pytest.raises(NotSent, match="took longer than 240 s"):
        upload(make(tmp_path, server.url, clock), picture(tmp_path, "a.png", b"PNG"))
    assert fake.calls == ["upload"]


def test_abort_ends_the_wait(tmp_path: Path) -> None:
    fake = FakeX()
    fake.states = [{"state": "pending", "check_after_secs": 200}]

    def clock() -> float:
        if fake.calls:
            x.abort()
        return 0.0

    with Api(fake) as server:
        x = X(CREDENTIALS, str(tmp_path), server.url, clock=clock)
        attachment = picture(tmp_path, "a.png", b"PNG")
        with pytest.raises(NotSent, match="it was aborted"):
            upload(x, attachment)
    assert fake.calls == ["upload"]


FAULTS: dict[str, tuple[bytes, type[NetworkError], bool]] = {
    "302": (reply(302, b"", {"Location": "/2/media/upload"}), NotSent, False),
    "400": (problem(400, "invalid-request", "media type unrecognized."), Refused, False),
    "401": (reply(401), NotSent, True),
    "402": (reply(402, {"title": "CreditsDepleted"}), NotSent, True),
    "403 this picture": (problem(403, "about:blank", "This link is harmful."), Refused, False),
    "403 permissions": (problem(403, "oauth1-permissions", "x"), NotSent, True),
    "404": (reply(404, b"<html>"), NotSent, True),
    "404 from X": (problem(404, "resource-not-found", "x"), NotSent, False),
    "408": (reply(408), NotSent, False),
    "413": (reply(413, b"<html>"), Refused, False),
    "429": (reply(429), NotSent, False),
    "500": (reply(500), NotSent, False),
    "503 HTML": (reply(503, b"<html>"), NotSent, False),
}


@pytest.mark.parametrize("step", ["initialize", "append", "finalize", "status", "metadata"])
@pytest.mark.parametrize("case", FAULTS)
def test_faults(tmp_path: Path, step: str, case: str) -> None:
    fake = FakeX()
    fake.states = [{"state": "pending"}]
    answer, kind, wide = FAULTS[case]
    fake.refuse = {step: answer}
    with Api(fake) as server, pytest.raises(NetworkError) as caught:
        upload(make(tmp_path, server.url), picture(tmp_path, "a.gif", b"GIF"))
    assert type(caught.value) is kind
    assert caught.value.facts.get("account_wide", False) is wide
    assert fake.calls[-1] == step
    assert fake.calls.count(step) == 1


@pytest.mark.parametrize("step", ["initialize", "append", "finalize", "metadata"])
def test_a_403_for_an_upload_is_the_account_s(tmp_path: Path, step: str) -> None:
    fake = FakeX()
    fake.refuse = {step: problem(403, "about:blank", "You are not permitted to do this.")}
    with Api(fake) as server, pytest.raises(NotSent) as caught:
        upload(make(tmp_path, server.url), picture(tmp_path, "a.gif", b"GIF"))
    assert caught.value.facts["account_wide"] is True


@pytest.mark.parametrize(
    ("step", "answer"),
    [
        ("upload", reply(200)),
        ("upload", reply(200, [])),
        ("upload", reply(200, {"data": []})),
        ("upload", reply(200, {"data": {"id": 7}})),
        ("upload", reply(200, {"data": {"id": "../../x"}})),
        ("upload", reply(200, {"errors": [{"title": "Odd", "detail": "Try again."}]})),
        ("upload", b"HTTP/1.1 200 R\r\nContent-Length: 99\r\n\r\n{}"),
        ("metadata", reply(200, {"errors": [{"title": "Odd"}]})),
        ("upload", b"rubbish\r\n\r\n"),
    ],
)
def test_unreadable_answers_are_worth_another_try(tmp_path: Path, step: str, answer: bytes) -> None:
    fake = FakeX()
    fake.refuse = {step: answer}
    with Api(fake) as server, pytest.raises(NotSent):
        upload(make(tmp_path, server.url), picture(tmp_path, "a.png", b"PNG"))


def test_processing_info_that_is_odd_is_no_reason_to_wait(tmp_path: Path) -> None:
    fake = FakeX()
    fake.refuse = {"upload": reply(200, {"data": {"id": "5", "processing_info": "soon"}})}
    with Api(fake) as server:
        assert upload(make(tmp_path, server.url), picture(tmp_path, "a.png", b"PNG")) == ("5",)


@pytest.mark.parametrize("handle", [Link.peek, then(Link.peek, Link.reset), then(Link.read)])
def test_broken_connections_are_worth_another_try(
    tmp_path: Path, handle: Callable[[Link], None]
) -> None:
    with Server(handle) as server, pytest.raises(NotSent, match=r"uploading a\.png: "):
        upload(make(tmp_path, server.url), picture(tmp_path, "a.png", noise(500_000)))


def test_nothing_is_uploaded_if_a_file_is_not_what_was_composed(tmp_path: Path) -> None:
    good, bad = picture(tmp_path, "a.png", b"PNG"), picture(tmp_path, "b.png", b"PNG2")
    (tmp_path / "b.png").write_bytes(b"PNG3")
    with Server(Link.hang) as server:
        with pytest.raises(Refused, match="not the file that was composed"):
            upload(make(tmp_path, server.url), good, bad)
        (tmp_path / "b.png").unlink()
        with pytest.raises(Refused, match="can't be read"):
            upload(make(tmp_path, server.url), good, bad)
    assert server.links == []


@pytest.mark.parametrize("after", [b"x" * 5_000, b"x", None])
def test_a_file_that_changes_under_way_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, after: bytes | None
) -> None:
    attachment = picture(tmp_path, "a.png", noise(5_000))

    def checked(root: str, attachment: Attachment) -> Path:
        path = tmp_path / attachment.path
        path.unlink() if after is None else path.write_bytes(after)
        return path

    monkeypatch.setattr(module, "open_media", checked)
    fake = FakeX()
    with Api(fake) as server, pytest.raises(NotSent):
        upload(make(tmp_path, server.url), attachment)
    assert "metadata" not in fake.calls


# --- Used once ---------------------------------------------------------------------------------


@pytest.fixture
def attachment(tmp_path: Path) -> Attachment:
    return picture(tmp_path, "a.png", b"PNG")


def post(x: X, attachment: Attachment, before_write: Callable[[], None] = lambda: None) -> None:
    request = x.request(Post("Text.", (attachment,)), "key")
    x.send(request, x.upload(request), before_write)


@pytest.mark.parametrize("answer", [reply(429), reply(401), b""])
def test_what_was_not_used_goes_with_the_next_try(
    tmp_path: Path, attachment: Attachment, answer: bytes
) -> None:
    def guard() -> None:
        if not answer:
            raise NotSent(what="held")

    fake = FakeX()
    with Api(fake) as server:
        x = make(tmp_path, server.url)
        fake.refuse = {"tweets": answer}
        with pytest.raises(NotSent):
            post(x, attachment, guard)
        fake.refuse = {}
        post(x, attachment)
        post(x, attachment)
    assert fake.calls.count("upload") == 2, "once for the first two tries, once for the second post"
    ids = [seen.json["media"]["media_ids"] for seen in server.seen if seen.path == "/2/tweets"]
    assert ids[-1] != ids[-2]


@pytest.mark.parametrize(
    "answer",
    [
        reply(201, {"data": {"id": "1", "text": "x"}}),
        reply(500),
        reply(403, {"detail": "This text is too long."}),
        reply(400, {"errors": [{"message": "Your media IDs are invalid."}]}),
    ],
)
def test_what_may_have_been_used_does_not(
    tmp_path: Path, attachment: Attachment, answer: bytes
) -> None:
    fake = FakeX()
    with Api(fake) as server:
        x = make(tmp_path, server.url)
        fake.refuse = {"tweets": answer}
        for _ in range(2):
            try:
                post(x, attachment)
            except NetworkError:
                continue
    assert fake.calls.count("upload") == 2


def test_two_posts_under_way_share_no_picture(tmp_path: Path, attachment: Attachment) -> None:
    fake = FakeX()
    with Api(fake) as server:
        x = make(tmp_path, server.url)
        assert upload(x, attachment) != upload(x, attachment)


def test_another_alt_text_is_another_picture(tmp_path: Path, attachment: Attachment) -> None:
    other = picture(tmp_path, "a.png", b"PNG", alt="Another one.")
    fake = FakeX()
    with Api(fake) as server:
        x = make(tmp_path, server.url)
        fake.refuse = {"tweets": reply(429)}
        for each in (attachment, other):
            with pytest.raises(NotSent):
                post(x, each)
    assert sorted(fake.alt.values()) == ["A red and white flag.", "Another one."]


@pytest.mark.parametrize(
    ("lives", "later", "uploads"),
    [
        (86400, REUSE_SECONDS - 1, 1),
        (86400, REUSE_SECONDS, 2),
        (3600, 2999, 1),
        (3600, 3000, 2),
        (None, 0, 2),
        ("long", 0, 2),
        (60, 0, 2),
    ],
)
def test_what_was_not_used_expires(
    tmp_path: Path, attachment: Attachment, lives: Any, later: float, uploads: int
) -> None:
    fake, clock = FakeX(), Clock()
    fake.lives = lives
    with Api(fake) as server:
        x = make(tmp_path, server.url, clock)
        for _ in range(2):
            fake.refuse = {"tweets": reply(429)}
            with pytest.raises(NotSent):
                post(x, attachment)
            clock.now += later
    assert fake.calls.count("upload") == uploads


def test_a_picture_uploaded_before_another_failed_is_kept(
    tmp_path: Path, attachment: Attachment
) -> None:
    other = picture(tmp_path, "b.gif", b"GIF")
    fake = FakeX()
    with Api(fake) as server:
        x = make(tmp_path, server.url)
        fake.refuse = {"finalize": reply(503)}
        with pytest.raises(NotSent):
            upload(x, attachment, other)
        fake.refuse = {}
        upload(x, attachment, other)
    assert fake.calls.count("upload") == 1
    assert fake.calls.count("initialize") == 2


def test_after_a_doubt_the_picture_is_gone(tmp_path: Path, attachment: Attachment) -> None:
    with Server(then(Link.read, Link.reset)) as broken, Api(FakeX()) as server:
        x = make(tmp_path, server.url)
        request = x.request(Post("Text.", (attachment,)), "key")
        [first] = x.upload(request)
        x._api_url = broken.url
        elsewhere = x.request(Post("Text.", (attachment,)), "key")
        with pytest.raises(InDoubt):
            x.send(elsewhere, [first], lambda: None)
        x._api_url = server.url
        assert x.upload(request) != (first,)


def test_a_picture_must_be_there_for_each_id(tmp_path: Path, attachment: Attachment) -> None:
    x = make(tmp_path, nobody())
    with pytest.raises(ValueError, match="zip"):
        x.send(x.request(Post("Text.", (attachment,)), "key"), [], lambda: None)


def test_ids_of_another_process_are_not_kept(tmp_path: Path, attachment: Attachment) -> None:
    fake = FakeX()
    fake.refuse = {"tweets": reply(429)}
    with Api(fake) as server:
        x = make(tmp_path, server.url)
        request = x.request(Post("Text.", (attachment,)), "key")
        with pytest.raises(NotSent):
            x.send(request, ["77"], lambda: None)
        assert x.upload(request) != ("77",)


def test_close_forgets(tmp_path: Path, attachment: Attachment) -> None:
    fake = FakeX()
    fake.refuse = {"tweets": reply(429)}
    with Api(fake) as server:
        x = make(tmp_path, server.url)
        for _ in range(2):
            with pytest.raises(NotSent):
                post(x, attachment)
            x.close()
    assert fake.calls.count("upload") == 2
