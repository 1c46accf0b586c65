"""`bot preview --serve`: the live page on this machine. Imported only for that.

Only this machine reaches it (it listens on 127.0.0.1), and not every page that this machine's
browser has open: a request must name this host, so that no other name can be made to mean it, and
one that changes something must also come from this page, as JSON, with the token of this start. The
token stands in the address that the terminal shows, behind the #, which browsers never send.
"""

from __future__ import annotations

import asyncio
import json
import re
import secrets
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import Any

import uvicorn
import watchfiles
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bot.content.reading import is_left_by_editor
from bot.errors import BotError, UsageError, in_words
from bot.preview.editing import CannotEdit, Editor
from bot.preview.live import MEDIA, Live
from bot.preview.page import Serving, policy, render_trial

HOST = "127.0.0.1"

MOST_BYTES = 2_000_000
"""No request is larger."""

WATCHED = ("messages", "media")

_NONCE = re.compile("[0-9a-f]{32}")

_PULSE = 15.0
"""Seconds between two signs of life to a browser to which there is nothing to say."""


def listen(port: int) -> socket.socket:
    """A socket on this machine only; port 0 is any free one. Raises UsageError."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((HOST, port))
        sock.listen()  # from now on requests wait, so the address may be shown
    except OSError as error:
        sock.close()
        what = f"Port {port} can't be used: {in_words(error)}."
        raise UsageError(what=what, fix="Name another, or leave --port out.") from None
    return sock


def serve(site: Site, sock: socket.socket) -> None:
    """Serves until Ctrl-C or SIGTERM."""
    with suppress(KeyboardInterrupt):  # uvicorn ends in good order, then raises the signal again
        Server(site).run(sockets=[sock])


class Server(uvicorn.Server):
    """Ends at the first Ctrl-C, whether pages are open or not."""

    def __init__(self, site: Site) -> None:
        config = uvicorn.Config(
            site.app,
            log_level="error",
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=3,
        )
        super().__init__(config)
        self._site = site

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        super().handle_exit(sig, frame)
        self._site.stop()


class Site:
    """The routes of one start: its page, its token, and whoever is waiting for news."""

    def __init__(self, root: Path, live: Live, editor: Editor, port: int) -> None:
        self.token = secrets.token_urlsafe(24)
        self.address = f"http://{HOST}:{port}/#token={self.token}"
        self._root = root
        self._live = live
        self._editor = editor
        self._news = asyncio.Event()
        self._over = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        guard = Middleware(Guard, hosts={f"{HOST}:{port}", f"localhost:{port}"}, token=self.token)
        self.app = Starlette(
            routes=list(self._routes()),
            middleware=[guard],
            lifespan=self._lifespan,
            exception_handlers={
                CannotEdit: _refused,
                BotError: _refused,
                json.JSONDecodeError: _refused,
                UnicodeDecodeError: _refused,
            },
        )

    def stop(self) -> None:
        """Lets go of everybody who waits. May be called from a signal's handler."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._end)

    def _end(self) -> None:
        self._over.set()
        self._tell()

    def _routes(self) -> Iterator[Route]:
        yield Route("/", self._page)
        yield Route("/now", self._page_now)
        yield Route("/events", self._events)
        yield Route(f"/{MEDIA}/{{name}}", self._picture)
        yield Route("/files", self._files)
        yield Route("/draft", self._draft)
        yield Route("/try", self._try, methods=["POST"])
        yield Route("/save", self._save, methods=["POST"])
        if self._live.may_sign:
            yield Route("/sign", self._sign, methods=["POST"])

    @asynccontextmanager
    async def _lifespan(self, app: Starlette) -> AsyncIterator[None]:
        del app
        self._loop = asyncio.get_running_loop()
        watching = asyncio.create_task(self._watch())
        try:
            yield
        finally:
            self._end()
            await watching

    # -- following the files ------------------------------------------------------------------

    async def _watch(self) -> None:
        """Looks again after every change under the watched folders, until it is over."""
        folders = [self._root / name for name in WATCHED]
        there = [folder for folder in folders if folder.is_dir()] or [self._root]
        async for _ in watchfiles.awatch(
            *there, watch_filter=_matters, stop_event=self._over, step=50
        ):
            await self._refresh()

    async def _refresh(self) -> None:
        if await run_in_threadpool(self._live.refresh):
            self._tell()

    def _tell(self) -> None:
        news, self._news = self._news, asyncio.Event()
        news.set()

    async def _events(self, request: Request) -> Response:
        """Server-sent events: the version of what is shown, now and whenever it changes."""
        del request
        return StreamingResponse(self._versions(), media_type="text/event-stream")

    async def _versions(self) -> AsyncIterator[str]:
        told = ""
        while not self._over.is_set():
            news = self._news  # before looking, so that none is missed
            version = self._live.shown.version
            yield ": still here\n\n" if version == told else f"data: {version}\n\n"
            told = version
            with suppress(TimeoutError):
                await asyncio.wait_for(news.wait(), _PULSE)

    # -- reading ------------------------------------------------------------------------------

    async def _page(self, request: Request) -> Response:
        """The page, looked at anew: the ledger may have moved on."""
        await self._refresh()
        return await self._page_now(request)

    async def _page_now(self, request: Request) -> Response:
        """The page as it was last looked at; with the nonce of the page that will take it in."""
        given = request.query_params.get("nonce", "")
        nonce = given if _NONCE.fullmatch(given) else secrets.token_hex(16)
        rules = policy("", "", Serving(nonce, "", may_sign=False))
        headers = {"Content-Security-Policy": f"{rules}; frame-ancestors 'none'"}
        return Response(self._live.page(nonce), media_type="text/html", headers=headers)

    async def _picture(self, request: Request) -> Response:
        name = request.path_params["name"]
        data = await run_in_threadpool(self._live.picture, name)
        if data is None:
            return JSONResponse({"error": "There is no such picture."}, 404)
        kind = f"image/{name.rpartition('.')[2].replace('jpg', 'jpeg')}"
        lasting = {"Cache-Control": "private, max-age=31536000, immutable"}
        return Response(data, media_type=kind, headers=lasting)

    async def _files(self, request: Request) -> Response:
        del request
        return JSONResponse(list(self._editor.names(self._live.sheet.campaign)))

    async def _draft(self, request: Request) -> Response:
        name = request.query_params.get("name", "")
        draft = await run_in_threadpool(self._editor.draft, name)
        return JSONResponse(draft._asdict())

    # -- changing -----------------------------------------------------------------------------

    async def _try(self, request: Request) -> Response:
        name, text = await _texts(request, "name", "text")
        trial = await run_in_threadpool(self._editor.attempt, name, text)
        return JSONResponse({"html": render_trial(trial)})

    async def _save(self, request: Request) -> Response:
        name, text, version = await _texts(request, "name", "text", "version")
        saved = await run_in_threadpool(self._editor.save, name, text, version)
        if saved.errors:
            first = saved.errors[0]
            return JSONResponse({"error": f"Not saved: {first.where}: {first.what}"}, 422)
        await self._refresh()
        body = {"conflict": saved.conflict, "draft": saved.draft._asdict()}
        return JSONResponse(body, 409 if saved.conflict else 200)

    async def _sign(self, request: Request) -> Response:
        body = await _body(request)
        by, posts = body.get("by"), body.get("posts")
        if not isinstance(by, str) or not isinstance(posts, list) or not all(map(_is_pair, posts)):
            return JSONResponse({"error": "Say who signs off, and which posts."}, 400)
        signed = await run_in_threadpool(self._live.sign, [(a, b) for a, b in posts], by)
        await self._refresh()
        if signed is None:
            said = "Something has changed meanwhile. Look again, then sign off."
            return JSONResponse({"error": said}, 409)
        return JSONResponse({"signed": signed})


def _matters(change: watchfiles.Change, path: str) -> bool:
    del change
    return not is_left_by_editor(Path(path).name)


def _is_pair(item: object) -> bool:
    return isinstance(item, list) and [type(each) for each in item] == [str, str]


async def _refused(request: Request, error: Exception) -> Response:
    """What can't be done, in words."""
    del request
    what = "This is no JSON." if isinstance(error, ValueError) else str(error)
    return JSONResponse({"error": what}, 400)


async def _texts(request: Request, *names: str) -> list[str]:
    """These texts of the request's body; empty where they are missing or something else."""
    body = await _body(request)
    found = (body.get(name) for name in names)
    return [value if isinstance(value, str) else "" for value in found]


async def _body(request: Request) -> dict[str, Any]:
    body = json.loads(await request.body())
    return body if isinstance(body, dict) else {}


# Who may ask -------------------------------------------------------------------------------------

_ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}


class Guard:
    """Lets only this page's own requests through, and says to the browser what it may do."""

    def __init__(self, app: ASGIApp, hosts: set[str], token: str) -> None:
        self._app = app
        self._hosts = hosts
        self._origins = {f"http://{host}" for host in hosts}
        self._token = token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(_ALWAYS)
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        refusal = self._refusal(scope["method"], Headers(scope=scope))
        answer = self._app if refusal is None else refusal
        await answer(scope, receive, send_guarded)

    def _refusal(self, method: str, headers: Headers) -> Response | None:
        if headers.get("host") not in self._hosts:
            return _no("This page has another address; the terminal shows it.", 421)
        if method in ("GET", "HEAD"):
            return self._refuse_read(headers)
        return self._refuse_change(headers)

    def _refuse_read(self, headers: Headers) -> Response | None:
        """Another site may lead here, by a link, but nothing of this may be used within it."""
        site, mode = headers.get("sec-fetch-site"), headers.get("sec-fetch-mode")
        if site in ("cross-site", "same-site") and mode != "navigate":
            return _no("This page is for itself alone.", 403)
        return None

    def _refuse_change(self, headers: Headers) -> Response | None:
        if headers.get("origin", next(iter(self._origins))) not in self._origins:
            return _no("This comes from another page.", 403)
        if headers.get("sec-fetch-site", "same-origin") != "same-origin":
            return _no("This comes from another page.", 403)
        given = headers.get("x-token", "").encode()
        if not secrets.compare_digest(given, self._token.encode()):
            return _no("The program was started anew: open the address the terminal shows.", 403)
        if headers.get("content-type", "").partition(";")[0] != "application/json":
            return _no("This must be JSON.", 415)
        length = headers.get("content-length", "")
        if not length.isdecimal() or int(length) > MOST_BYTES:
            return _no("This is too long.", 413)
        return None


def _no(why: str, status: int) -> Response:
    return JSONResponse({"error": why}, status)
