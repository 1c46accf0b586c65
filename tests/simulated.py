"""A network that exists only in memory, and does what a test tells it to. It never deduplicates.

Its own memory (`landed`) is the truth that tests compare the ledger with: what followers see.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot.domain import Post, Receipt
from bot.errors import InDoubt, NotSent, Refused
from bot.networks.base import Found, Request, Upload
from tests.generated import limits

Clock = Callable[[], datetime]


@dataclass
class Landed:
    """A post that followers can see."""

    remote_id: str
    text: str
    key: str
    at: datetime


@dataclass
class SimulatedNetwork:
    """`script` says what becomes of the coming sends: one word each, then `post` for ever.

    post          lands, and a receipt comes back
    lost          lands, and the answer is lost
    vanish        does not land, and no answer comes back
    not_sent      is provably not sent
    revoked       nor that, and no post of the account is while its credentials are what they are
    no_credit     nor that, until a person buys some
    refused       is refused for good
    late:SECONDS  no answer; lands so many seconds later
    """

    clock: Clock
    keyed: timedelta | None = None
    readable: bool = True
    quarantine: timedelta = timedelta(minutes=5)
    script: list[str] = field(default_factory=list)
    upload_script: list[str] = field(default_factory=list)
    find_script: list[str] = field(default_factory=list)
    before_send: Callable[[], object] = lambda: None
    after_look: Callable[[], object] = lambda: None
    landed: list[Landed] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    retry_at: datetime | None = None

    def __post_init__(self) -> None:
        self.limits = limits()
        self._time = self.clock
        self._late: list[tuple[datetime, Landed]] = []
        self._by_key: dict[str, Landed] = {}

    def request(self, post: Post, key: str) -> Request:
        media = [item.sha256 for item in post.media]
        body = {"text": post.text, "key": key, "media": media}
        return Request("POST", "sim:/post", body, tuple(Upload(each, ()) for each in post.media))

    def upload(self, request: Request) -> tuple[str, ...]:
        self.calls.append("upload")
        word = self.upload_script.pop(0) if self.upload_script else "ok"
        _trouble(word)
        if word == "not_sent":
            raise NotSent(network="sim", what="the upload did not go through")
        if word == "refused":
            raise Refused(network="sim", what="the picture was refused")
        return tuple(f"m-{item.attachment.sha256}" for item in request.uploads)

    def send(
        self, request: Request, media_ids: Sequence[str], before_write: Callable[[], None]
    ) -> Receipt:
        self.calls.append("send")
        self.before_send()
        before_write()
        self.after_look()
        word = self.script.pop(0) if self.script else "post"
        if word == "not_sent":
            raise NotSent(network="sim", what="429", retry_at=self.retry_at)
        _trouble(word)
        if word == "refused":
            raise Refused(network="sim", what="403")
        body = request.with_media(media_ids).body
        assert body["media"] == list(media_ids)
        if word == "vanish":
            raise InDoubt(network="sim", what="timed out")
        if word.startswith("late:"):
            lands = self._time() + timedelta(seconds=float(word.removeprefix("late:")))
            self._late.append((lands, self._landing(body, lands)))
            raise InDoubt(network="sim", what="timed out")
        landed = self._by_key.get(body["key"]) if self.keyed is not None else None
        if landed is None:
            landed = self._landing(body, self._time())
            self.landed.append(landed)
            self._by_key[landed.key] = landed
        if word == "lost":
            raise InDoubt(network="sim", what="connection reset")
        return Receipt(landed.remote_id, f"sim:/{landed.remote_id}")

    def _landing(self, body: Mapping[str, object], at: datetime) -> Landed:
        number = len(self.landed) + len(self._late) + 1
        return Landed(f"r{number}", str(body["text"]), str(body["key"]), at)

    def find(self, since: datetime) -> Sequence[Found]:
        self.calls.append("find")
        word = self.find_script.pop(0) if self.find_script else "ok"
        _trouble(word)
        if word == "not_sent":
            raise NotSent(network="sim", what="reading timed out")
        if word == "refused":
            raise Refused(network="sim", what="reading is not allowed")
        self.settle()
        return [
            Found(
                Receipt(each.remote_id, f"sim:/{each.remote_id}"),
                each.at,
                each.text,
                lambda post, text=each.text: text == post.text,  # type: ignore[misc]
            )
            for each in reversed(self.landed)
            if each.at >= since
        ]

    def settle(self) -> None:
        """Lets land what was late and whose time has come."""
        now = self._time()
        for lands, landed in [each for each in self._late if each[0] <= now]:
            self._late.remove((lands, landed))
            self.landed.append(landed)

    def whoami(self) -> str:
        return "@sim"

    def ask_clock(self) -> datetime:
        return self.clock()

    def abort(self) -> None:
        pass

    def close(self) -> None:
        pass


def _trouble(word: str) -> None:
    """What the whole account would meet."""
    if word == "revoked":
        raise NotSent(network="sim", what="401", fix="Check the tokens.", account_wide=True)
    if word == "no_credit":
        facts = {"account_wide": True, "person": True}
        raise NotSent(network="sim", what="402", fix="Buy credit.", **facts)
