"""From a request to an answer: who signed it, what is left of the rate limit, which endpoint."""

from __future__ import annotations

import re
from collections.abc import Callable

from tests.fake_x import posts, uploads
from tests.fake_x.faults import Faults, too_many
from tests.fake_x.messages import (
    READ_ONLY,
    SUSPENDED,
    Answer,
    Call,
    RefusalError,
    forbidden,
    invalid,
    not_found,
    unauthorized,
)
from tests.fake_x.oauth import UnsignedError, Verifier
from tests.fake_x.store import Rates, Store

Endpoint = Callable[[Store, Call], Answer]

_ENDPOINTS: dict[str, Endpoint] = {
    "POST /2/media/upload": uploads.one_shot,
    "GET /2/media/upload": uploads.status,
    "POST /2/media/upload/initialize": uploads.initialize,
    "POST /2/media/upload/:id/append": uploads.append,
    "POST /2/media/upload/:id/finalize": uploads.finalize,
    "POST /2/media/metadata": uploads.metadata,
    "GET /2/users/me": posts.me,
    "GET /2/users/:id/tweets": posts.timeline,
}

ROUTES = (*_ENDPOINTS, "POST /2/tweets")


class App:
    """X, without the wire."""

    def __init__(self, store: Store, faults: Faults, verifier: Verifier) -> None:
        self._store = store
        self._faults = faults
        self._verifier = verifier
        self._rates = Rates(store.rules, store.clock)

    def answer(self, call: Call) -> Answer:
        """Answers a request. Raises HangupError where a fault wants no answer."""
        with self._store.lock:
            route = _route(call)
            if route is None:
                return not_found(f"the address {call.method} {call.path}")
            try:
                call.signer = self._verifier.signer(call)
            except UnsignedError as error:
                return unauthorized(str(error))
            left, headers = self._rates.spend(call.user.username, route)
            answer = self._admitted(call, route) if left else too_many()
            return answer.plus(headers)

    def _admitted(self, call: Call, route: str) -> Answer:
        try:
            if call.method == "POST":
                _check_writer(call)
            if route == "POST /2/tweets":
                return posts.create(self._store, self._faults, call)
            return _ENDPOINTS[route](self._store, call)
        except RefusalError as refusal:
            return refusal.answer


def _check_writer(call: Call) -> None:
    if call.user.suspended:
        raise RefusalError(forbidden(SUSPENDED))
    if call.user.read_only:
        raise RefusalError(forbidden(READ_ONLY, "oauth1-permissions"))
    if call.query:
        raise invalid(call.query[0][0], "This endpoint takes no query parameters")


def _route(call: Call) -> str | None:
    """The name of the endpoint that a request is for."""
    asked = f"{call.method} {call.path}"
    if asked in ROUTES:
        return asked
    return next((r for r in ROUTES if re.fullmatch(r.replace(":id", "[^/]+"), asked)), None)
