"""The world's network. Its own memory, what followers can see, is the oracle.

It deduplicates only by the keys that its kind promises; one kind refuses a text that it has.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from bot.domain import Post, Receipt
from bot.errors import InDoubt, NotSent, Refused
from bot.networks.base import FOREVER, REQUEST_SECONDS, Found, Request, Upload
from tests.generated import START, limits
from tests.simulation.faults import HOUR, MINUTE

if TYPE_CHECKING:
    from tests.simulation.process import Process


class Landed(NamedTuple):
    """A post that followers can see. `key` is its slot's id; empty, if a person typed it."""

    remote_id: str
    key: str
    text: str
    at: float

    def same(self, post: Post) -> bool:
        return self.text == post.text


LIMITS = limits()
RECOVERS = 0.3
"""How often a network that did not say what time it is does so when it is asked again."""

STALE = 10 * MINUTE
"""How old a reading of the account's posts can be, where the world goes beyond the promises."""


class SimulatedNetwork:
    """The world's network as one process sees it."""

    def __init__(self, process: Process) -> None:
        self._process = process
        self._world = process.world
        self._kind = kind = process.world.kind
        self.limits = LIMITS
        self._heard = False
        self._mute: bool | None = None
        self.keyed, self.readable, self.quarantine = kind.keyed, kind.readable, kind.quarantine

    def request(self, post: Post, key: str) -> Request:
        pictures = [picture.sha256 for picture in post.media]
        body = {"text": post.text, "key": key, "media": pictures}
        return Request("POST", "sim:/post", body, tuple(Upload(each, ()) for each in post.media))

    def upload(self, request: Request) -> tuple[str, ...]:
        self._process.point("uploading")
        self._of_the_account("uploading")
        if self._world.fault("upload_fails", "uploading"):
            raise NotSent(network="sim", what="the upload did not go through")
        if self._world.fault("upload_refused", "uploading"):
            raise Refused(network="sim", what="the picture was refused")
        self._heard = True
        return tuple(f"id of {upload.attachment.sha256}" for upload in request.uploads)

    def send(
        self, request: Request, media_ids: Sequence[str], before_write: Callable[[], None]
    ) -> Receipt:
        key = str(request.body["key"])
        self._world.in_flight[key] += 1
        self._process.sends_since = self._world.now
        try:
            return self._sent(key, request.with_media(media_ids).body, before_write)
        finally:
            self._world.in_flight[key] -= 1
            self._process.sends_since = None

    def _sent(self, key: str, body: Mapping[str, Any], before_write: Callable[[], None]) -> Receipt:
        process, world = self._process, self._world
        process.point("sending")
        if world.fault("not_connected", "sending"):
            raise NotSent(network="sim", what="no connection")
        connected_at = world.now
        process.look_again()
        before_write()
        world.wrong += [f"{key}: written although {why}" for why in process.unlooked.values()]
        process.point("sending")
        if world.now - connected_at > self._kind.hangs_up:
            raise InDoubt(network="sim", what="the connection was closed")
        return self._written(key, str(body["text"]))

    def _written(self, key: str, text: str) -> Receipt:
        """Whatever the process learns of it, the request may land now, late, or not at all."""
        process, world = self._process, self._world
        world.note(process.name, f"writes {key}")
        if process.says not in text:
            world.wrong.append(f"{key}: written by one whose content does not make it")
        self._of_the_account("sending")
        if world.now >= world.capped_until and world.fault("capped", "sending"):
            world.capped_until = world.now + world.chance.uniform(HOUR, 12 * HOUR)
        if world.now < world.capped_until:
            raise NotSent(network="sim", what="429", retry_at=self._dated(world.capped_until))
        if world.fault("throttled", "sending"):
            raise NotSent(network="sim", what="429", retry_at=self._reset())
        if world.fault("refused", "sending"):
            raise Refused(network="sim", what="403")
        if self._kind.refuses_doubles and world.fault("double_by_mistake", "sending"):
            raise InDoubt(network="sim", what="403 duplicate, of what nobody sees")
        if world.fault("server_error_before", "sending"):
            raise InDoubt(network="sim", what="500, and it is not there")
        if world.fault("vanished", "sending"):
            process.sleep(REQUEST_SECONDS)
            raise InDoubt(network="sim", what="timed out")
        if world.fault("late", "sending"):
            self._lands_late(key, text)
            process.sleep(REQUEST_SECONDS)
            raise InDoubt(network="sim", what="timed out")
        landed = self._land(key, text)
        if landed is None:
            raise InDoubt(network="sim", what="403 duplicate")
        if world.fault("fault_of_ours", "sending"):
            raise ZeroDivisionError
        process.point("sending")
        for name in ("server_error_after", "unreadable_answer", "answer_lost"):
            if world.fault(name, "sending"):
                raise InDoubt(network="sim", what=name)
        return Receipt(landed.remote_id, "sim:/")

    def _of_the_account(self, where: str) -> None:
        """What every request meets alike: until a person buys credit, or until it passes."""
        world = self._world
        if world.credit and world.fault("no_credit", where):
            world.credit = False
        if world.now >= world.revoked_until and world.fault("revoked", where):
            world.revoked_until = world.now + world.chance.uniform(MINUTE, 6 * HOUR)
        if not world.credit:
            facts = {"account_wide": True, "person": True}
            raise NotSent(network="sim", what="402", fix="Buy credit.", **facts)
        if world.now < world.revoked_until:
            raise NotSent(network="sim", what="401", account_wide=True)

    def _reset(self) -> datetime | None:
        """When a throttling network says to come again, by its own clock; if it says so."""
        world = self._world
        return (
            self._dated(world.now + world.chance.uniform(5, 900)) if world.random() < 0.3 else None
        )

    def _lands_late(self, key: str, text: str) -> None:
        """As late as the quarantine allows: counted from the end of the request. Or later yet."""
        world = self._world
        longest = REQUEST_SECONDS + self.quarantine.total_seconds()
        if world.beyond == "late":
            longest *= 4
        world.in_flight[key] += 1

        def land() -> None:
            world.in_flight[key] -= 1
            self._land(key, text)

        world.after(world.chance.uniform(1, longest), land)

    def _land(self, key: str, text: str) -> Landed | None:
        world, kind = self._world, self._kind
        for each in world.landed:
            age = world.now - each.at
            if each.key == key and self._remembers(age):
                return each
            if age < kind.refuses_doubles and each.text == text:
                return None
        landed = Landed(f"r{len(world.landed)}", key, text, world.now)
        world.landed.append(landed)
        world.note("network", f"shows {landed.remote_id}: {key}")
        return landed

    def _remembers(self, seconds: float) -> bool:
        keyed = self.keyed
        return keyed is not None and (keyed == FOREVER or seconds < keyed.total_seconds())

    def find(self, since: datetime) -> Sequence[Found]:
        world = self._world
        self._process.point("reading back")
        self._of_the_account("reading back")
        if world.fault("read_fails", "reading back"):
            raise NotSent(network="sim", what="reading timed out")
        if world.fault("read_refused", "reading back"):
            raise Refused(network="sim", what="reading is not allowed")
        self._heard = True
        self._process.under_way = world.under_way()
        newest = world.now - (STALE if world.beyond == "stale" else 0.0)
        found = [
            Found(
                Receipt(each.remote_id, "sim:/"),
                self._dated(each.at),
                each.text,
                each.same,
            )
            for each in world.landed
            if each.at <= newest
        ]
        return [item for item in found if item.created_at >= since]

    def _dated(self, at: float) -> datetime:
        """A time by the network's own clock."""
        return START + timedelta(seconds=at + self._world.network_skew)

    def whoami(self) -> str:
        return "@sim"

    def clock(self) -> datetime | None:
        return self._dated(self._world.now) if self._heard else None

    def ask_clock(self) -> datetime | None:
        if self._mute is None:
            self._mute = self._world.fault("says_no_time", "whole")
        self._heard = self._heard or not self._mute or self._world.random() < RECOVERS
        return self.clock()

    def abort(self) -> None:
        pass

    def close(self) -> None:
        pass
