"""What a network is: two halves, one pure and one that sends, and what it can promise.

`request(post, key)` says exactly what would be sent, needs no credentials and touches nothing.
`upload`, `send` and `find` talk to the network. A dry run replaces those with `DryRun`; there is no
other place in the program that knows of dry runs.
"""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from bot.domain import EMPTY, Attachment, Limits, Post, Receipt
from bot.errors import FileRefused, in_words

REQUEST_SECONDS = 30.0
"""Every request to a network is over after this long, connection and body included."""

ASK_SECONDS = 10.0
"""Asking a network what time it is takes no longer than this."""

FOREVER = timedelta.max
"""For `Network.keyed`: the network never forgets a key."""


class FileBytes:
    """So many bytes of a picture's file: in a body they hold the place of those bytes, in base64.

    They are read while they are sent. No tuple, which JSON would write out item by item.
    """

    __slots__ = ("path", "size", "start")

    def __init__(self, path: str, start: int, size: int) -> None:
        self.path = path
        self.start = start
        self.size = size

    def __repr__(self) -> str:
        return f"({self.size} bytes of {self.path} from {self.start} on, in base64)"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, FileBytes) and repr(self) == repr(other)

    def __hash__(self) -> int:
        return hash(repr(self))


class Request(NamedTuple):
    """What would be sent for a post: the uploads, in order, and then this one call.

    It goes out as it stands: method, address, headers and body; a body that is empty is none. What
    is added on the way is the signature, and what the connection itself needs.

    The place of an uploaded picture is held by its `Attachment.sha256`; `with_media` puts the
    network's ids there. Two equal posts give two equal requests.
    """

    method: str
    url: str
    body: Mapping[str, Any] = EMPTY
    uploads: tuple[Upload, ...] = ()
    headers: Mapping[str, str] = EMPTY

    def with_media(self, ids: Sequence[str]) -> Request:
        """The request to send, once the pictures have the network's own ids."""
        hashes = (upload.attachment.sha256 for upload in self.uploads)
        return self.filled(dict(zip(hashes, ids, strict=True)))

    def filled(self, ids: Mapping[str, str]) -> Request:
        """The request with the network's ids in the places of the pictures with these hashes."""
        url = self.url
        for held, known in ids.items():
            url = url.replace(held, known)
        return self._replace(url=url, body=_fill(self.body, ids))


class Upload(NamedTuple):
    """How a picture gets to the network: the requests that send its bytes, one after the other;
    the one that asks whether it is ready, as often as the network wants; the one that describes it.

    The first one's answer brings the network's id; the others hold its place by
    `Attachment.sha256`.
    """

    attachment: Attachment
    sends: tuple[Request, ...]
    asks: Request | None = None
    describes: Request | None = None

    @property
    def requests(self) -> tuple[Request, ...]:
        """All of them, in order."""
        return (*self.sends, *(each for each in (self.asks, self.describes) if each is not None))


def _fill(value: Any, known: Mapping[str, str]) -> Any:
    if isinstance(value, Mapping):
        return {key: _fill(item, known) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_fill(item, known) for item in value]
    return known.get(value, value) if isinstance(value, str) else value


class ServerClock:
    """A server's own time, by the newest of its answers. May be asked from any thread."""

    def __init__(self, seconds: Callable[[], float] | None = None) -> None:
        self._seconds = seconds or _seconds_of_this_host
        self._heard: tuple[datetime, float] | None = None

    def hear(self, headers: Mapping[str, str]) -> None:
        """Takes the time from an answer's headers, their names in lower case.

        That is its `Date`, and on top of it its `Age`: so many seconds a cache has held it.
        """
        from email.utils import parsedate_to_datetime

        age = headers.get("age", "").strip()
        held = int(age) if re.fullmatch("[0-9]{1,9}", age) else 0
        try:
            date = parsedate_to_datetime(headers.get("date", ""))
            date = date.replace(tzinfo=date.tzinfo or UTC).astimezone(UTC)
            self._heard = (date + timedelta(seconds=held), self._seconds())
        except (TypeError, ValueError, OverflowError):
            return  # it does not say

    def now(self) -> datetime | None:
        """The server's time now, in UTC. None: no answer has said it yet."""
        if self._heard is None:
            return None
        heard, at = self._heard
        return heard + timedelta(seconds=self._seconds() - at)


def _seconds_of_this_host() -> float:
    """Seconds that never jump. They go on while the host sleeps, where it can tell."""
    clock = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if clock is None else time.clock_gettime(clock)


class Found(NamedTuple):
    """A post that was read back from the account, as readers see its text.

    `same` says whether it is exactly this post.
    """

    receipt: Receipt
    created_at: datetime
    text: str
    same: Callable[[Post], bool]


class Network(Protocol):
    """One account on one network.

    `keyed` is how long the network knows a request again by its key (`FOREVER`, or None where it
    never does); `readable` whether the account's posts can be read back; `quarantine` how long
    after a request's deadline it may still land.
    """

    limits: Limits
    keyed: timedelta | None
    readable: bool
    quarantine: timedelta

    def request(self, post: Post, key: str) -> Request:
        """What would be sent. Pure: the same post and key give the same request."""

    def upload(self, request: Request) -> tuple[str, ...]:
        """Uploads the request's pictures with their alt texts and waits until they are ready.

        Returns their ids, in order. Raises NotSent (worth another try) or Refused (not worth one).
        Never leads to a post by itself.
        """

    def send(
        self, request: Request, media_ids: Sequence[str], before_write: Callable[[], None]
    ) -> Receipt:
        """Sends the one call. Never tries twice and follows no redirect.

        An error has `account_wide` among its facts where every post of the account would meet it,
        and `person` where nothing but a person's doing can end that.

        `before_write` is called after the connection stands and before the first byte is written;
        if it raises, nothing was sent. Raises NotSent, Refused or InDoubt, and nothing else.
        """

    def find(self, since: datetime) -> Sequence[Found]:
        """The account's own posts since then: all of them, or NetworkError.

        Raises Refused where reading is not allowed, and NotSent where another try may do.
        """

    def whoami(self) -> str:
        """The account's name there, by one harmless authenticated read. Raises NetworkError."""

    def clock(self) -> datetime | None:
        """The network's own time now, by the newest of its answers. None: it never answered."""

    def ask_clock(self) -> datetime | None:
        """Asks the network what time it is: without credentials, and whatever it answers counts.

        None if it does not answer within ASK_SECONDS. Never raises.
        """

    def abort(self) -> None:
        """Ends what is in flight, from any thread: the call raises as for a lost connection."""

    def close(self) -> None:
        """Lets go of connections."""


def open_media(root: str, attachment: Attachment) -> Path:
    """The file of an attachment, after making sure that it still is what was composed.

    Raises FileRefused if it is gone, or its bytes are not the ones the post was composed with.
    """
    path = Path(root) / attachment.path
    try:
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise FileRefused(
            what=f"{attachment.path} can't be read: {in_words(error)}",
            fix="Put the file back, or change the template that attaches it.",
        ) from error
    if found != attachment.sha256:
        raise FileRefused(
            what=f"{attachment.path} is not the file that was composed",
            fix="It changed after the post was planned; the next slot takes the new one.",
        )
    return path


class DryRun:
    """A network whose second half logs instead of sending. `log` gets what would have gone out."""

    def __init__(self, network: Network, root: str, log: Callable[[Request], None]) -> None:
        self._network = network
        self._root = root
        self._log = log
        self.limits = network.limits
        self.keyed = network.keyed
        self.readable = network.readable
        self.quarantine = network.quarantine

    def request(self, post: Post, key: str) -> Request:
        return self._network.request(post, key)

    def upload(self, request: Request) -> tuple[str, ...]:
        for upload in request.uploads:
            open_media(self._root, upload.attachment)
        return tuple(upload.attachment.sha256 for upload in request.uploads)

    def send(
        self,
        request: Request,
        media_ids: Sequence[str],  # noqa: ARG002 - nothing was uploaded
        before_write: Callable[[], None],
    ) -> Receipt:
        before_write()
        self._log(request)
        return Receipt(remote_id=f"dry-run-{id(request):x}", url="")

    def find(self, since: datetime) -> Sequence[Found]:  # noqa: ARG002
        return ()

    def whoami(self) -> str:
        return "nobody (dry run)"

    def clock(self) -> datetime | None:
        """None: a dry run does not ask the network."""
        return None

    def ask_clock(self) -> datetime | None:
        """None, as above."""
        return None

    def abort(self) -> None:
        pass

    def close(self) -> None:
        pass
