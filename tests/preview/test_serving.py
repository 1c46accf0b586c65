"""What the server answers to raw requests, from wherever they come; and how it starts and ends."""

from __future__ import annotations

import http.client
import json
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from bot.approval import Approvals, key_of_planned
from bot.errors import LedgerUnavailable, UsageError
from bot.preview.serving import MOST_BYTES, listen
from tests.preview.served import Served
from tests.preview.test_editing import ESCAPES
from tests.site import a_site, edit, environment, start

ASKED = "messages/templates/demand-asked-of.txt"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One server for all of these tests: none of them changes anything that another reads."""
    with Served(a_site(tmp_path_factory.mktemp("served")), count=3) as found:
        yield found


def everything(root: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def changes(served: Served) -> list[tuple[str, dict[str, Any]]]:
    """Every request that changes something, as it would succeed."""
    draft = served.draft(ASKED)
    text = draft["text"] + "\n"
    post = served.live.sheet.posts[0].slot.id
    return [
        ("/try", {"name": ASKED, "text": text}),
        ("/save", {"name": ASKED, "text": text, "version": draft["version"]}),
        ("/sign", {"by": "A. Reader", "posts": [[post, "0" * 64]]}),
    ]


# Whose requests are answered ---------------------------------------------------------------------

FOREIGN: list[dict[str, str | None]] = [
    {"Host": "evil.example"},
    {"Host": "localhost.evil.example:80"},
    {"Host": "127.0.0.1"},
    {"X_Token": None},
    {"X_Token": "x" * 32},
    {"X_Token": "é"},
    {"Origin": "http://evil.example"},
    {"Origin": "null"},
    {"Origin": "http://127.0.0.1:1"},
    {"Sec_Fetch_Site": "cross-site"},
    {"Sec_Fetch_Site": "same-site"},
    {"Content_Type": "text/plain"},
    {"Content_Type": "application/x-www-form-urlencoded"},
    {"Content_Type": None},
]


@pytest.mark.parametrize("headers", FOREIGN, ids=str)
def test_other_pages_change_nothing(served: Served, headers: dict[str, str | None]) -> None:
    before = everything(served.root)
    for path, body in changes(served):
        answer = served.ask("POST", path, body, **headers)
        assert answer.status in (403, 415, 421), path
        assert answer.json().keys() == {"error"}
    assert everything(served.root) == before


def test_its_own_page_may(served: Served) -> None:
    own = f"http://127.0.0.1:{served.port}"
    path, body = changes(served)[0]
    for headers in ({}, {"Origin": own, "Sec_Fetch_Site": "same-origin"}):
        assert served.ask("POST", path, body, **headers).status == 200
    by_name = {"Host": f"localhost:{served.port}", "Origin": f"http://localhost:{served.port}"}
    assert served.ask("POST", path, body, **by_name).status == 200


@pytest.mark.parametrize("path", ["/", "/now", "/files", f"/draft?name={ASKED}", "/events"])
def test_no_other_name_leads_here_and_no_other_page_reads_it(served: Served, path: str) -> None:
    assert served.ask("GET", path, Host="evil.example").status == 421
    inside = {"Sec_Fetch_Site": "cross-site", "Sec_Fetch_Mode": "no-cors"}
    assert served.ask("GET", path, **inside).status == 403


def test_a_link_from_elsewhere_leads_here(served: Served) -> None:
    link = {"Sec_Fetch_Site": "cross-site", "Sec_Fetch_Mode": "navigate"}
    assert served.ask("GET", "/", **link).status == 200


@pytest.mark.parametrize("method", ["PUT", "DELETE", "OPTIONS", "PATCH", "POST"])
def test_other_methods_do_nothing(served: Served, method: str) -> None:
    answer = served.ask(method, "/", {}, Origin="http://evil.example")
    assert answer.status == 403
    assert "access-control-allow-origin" not in answer.headers
    assert served.ask(method, "/", {}).status == 405


def test_every_answer_says_what_a_browser_may_do_with_it(served: Served) -> None:
    for path in ("/", "/now", "/files", "/none", "/draft?name=x"):
        headers = served.ask("GET", path).headers
        assert headers["cross-origin-resource-policy"] == "same-origin"
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["cache-control"] == "no-store"
        assert "server" not in headers


def test_the_page_has_a_policy_with_a_nonce_of_its_own(served: Served) -> None:
    one, other = served.ask("GET", "/"), served.ask("GET", "/")
    rules = one.headers["content-security-policy"]
    assert rules != other.headers["content-security-policy"]
    nonce = rules.partition("script-src 'nonce-")[2].partition("'")[0]
    assert len(nonce) == 32
    assert one.body.count(f'nonce="{nonce}"') == 2
    assert "frame-ancestors 'none'" in rules
    assert "unsafe" not in rules
    assert served.site.token not in one.body
    asked = served.ask("GET", "/now?nonce=%22%3E%3Cscript%3E").body
    assert "<script>" not in asked.split("</head>")[0]


# What they may ask for ---------------------------------------------------------------------------


@pytest.mark.parametrize("name", ESCAPES)
def test_no_name_leads_out_of_the_two_folders(served: Served, name: str) -> None:
    before = everything(served.root)
    body = {"name": name, "text": "x", "version": ""}
    for path in ("/try", "/save"):
        answer = served.ask("POST", path, body)
        assert answer.status == 400
        assert answer.json().keys() == {"error"}
    assert served.ask("GET", f"/draft?name={quote(name)}").status == 400
    assert everything(served.root) == before


@pytest.mark.parametrize(
    "path",
    ["/media/../messages/campaign.toml", "/media/%2e%2e%2fbot.sqlite3", "/media/none.png",
     "/media/", "/../../etc/passwd", "/messages/campaign.toml", "/.env", "//etc/passwd"],
)  # fmt: skip
def test_no_address_leads_to_a_file(served: Served, path: str) -> None:
    assert served.ask("GET", path).status == 404


def test_pictures_are_served_as_they_are(served: Served) -> None:
    page = served.ask("GET", "/").body
    address = page.partition('src="media/')[2].partition('"')[0]
    connection = http.client.HTTPConnection("127.0.0.1", served.port)
    connection.request("GET", f"/media/{address}")
    answer = connection.getresponse()
    data = answer.read()
    connection.close()
    assert answer.headers["content-type"].startswith("image/")
    files = [path for path in served.path("media").rglob("*") if path.is_file()]
    assert data in {path.read_bytes() for path in files}


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'"x"', b'{"name": 1}', b"\xff"])
def test_whatever_is_sent_is_answered_in_words(served: Served, body: bytes) -> None:
    for path in ("/try", "/save", "/sign"):
        answer = served.ask("POST", path, body)
        assert answer.status == 400
        assert answer.json()["error"]


@pytest.mark.parametrize(
    "length", [f"Content-Length: {MOST_BYTES + 1}", "Transfer-Encoding: chunked"]
)
def test_what_is_too_long_is_not_read(served: Served, length: str) -> None:
    head = [
        "POST /try HTTP/1.1",
        f"Host: 127.0.0.1:{served.port}",
        f"X-Token: {served.site.token}",
        "Content-Type: application/json",
        length,
    ]
    with socket.create_connection(("127.0.0.1", served.port), timeout=30) as raw:
        raw.sendall(("\r\n".join(head) + "\r\n\r\n").encode())
        assert b" 413 " in raw.recv(100)


@pytest.mark.parametrize(
    "posts", [None, "x", [1], [["a"]], [["a", 1]], [["x/2026", "k"]], [{"a": "b"}]], ids=str
)
def test_only_posts_that_are_shown_are_signed_off(served: Served, posts: object) -> None:
    answer = served.ask("POST", "/sign", {"by": "A. Reader", "posts": posts})
    assert answer.status in (400, 409)
    assert served.signed() == []


@pytest.mark.parametrize("by", ["", " ", "@somebody", "a\u202eb", "x" * 101])
def test_only_a_name_signs_off(served: Served, by: str) -> None:
    first = served.live.sheet.posts[0]
    posts = [[first.slot.id, key_of_planned(first)]]
    assert served.ask("POST", "/sign", {"by": by, "posts": posts}).status == 400
    assert served.signed() == []


def test_saving_over_somebody_elses_edit_is_a_conflict(tmp_path: Path) -> None:
    with Served(a_site(tmp_path), count=1) as served:
        draft = served.draft(ASKED)
        edit(served.path(ASKED), "Asked in", "Their words in")
        body = {"name": ASKED, "text": draft["text"] + "mine", "version": draft["version"]}
        answer = served.ask("POST", "/save", body)
        assert answer.status == 409
        assert "Their words in" in answer.json()["draft"]["text"]
        assert "Their words in" in served.path(ASKED).read_text("utf-8")


# A page whatever happens -------------------------------------------------------------------------


def test_content_that_is_wrong_from_the_start_is_shown_as_such(tmp_path: Path) -> None:
    site = a_site(tmp_path)
    edit(site / "messages/campaign.toml", "(?m)^hashtag", "hashtga")
    with Served(site) as served:
        page = served.ask("GET", "/").body
        assert "can’t be shown yet" in page
        assert "messages/campaign.toml:" in page
        edit(site / "messages/campaign.toml", "hashtga", "hashtag")
        assert page.count("<article") == 0
        assert served.ask("GET", "/").body.count("<article") == 10


def test_a_fault_of_the_program_is_told_and_survived(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Served(a_site(tmp_path), count=2) as served:

        def fail(*_: object, **__: object) -> None:
            raise RuntimeError("on purpose")

        with monkeypatch.context() as patch:
            patch.setattr("tests.preview.served.problems_of", fail)
            page = served.ask("GET", "/").body
        assert "A fault of the program: RuntimeError: on purpose" in page
        assert page.count("<article") == 2
        assert "A fault" not in served.ask("GET", "/").body


# Starting and ending -----------------------------------------------------------------------------


def test_a_port_that_is_taken_is_told() -> None:
    with listen(0) as taken:
        taken.listen()
        with pytest.raises(UsageError, match="can't be used: Address already in use"):
            listen(taken.getsockname()[1])


def test_only_this_machine_reaches_it() -> None:
    with listen(0) as sock:
        assert sock.getsockname()[0] == "127.0.0.1"


def signed_through(host: str, address: str, page: str) -> Any:
    """Signs the first post of a served page off, as its button does."""
    name, key = re.findall(r'data-id="([^"]+)" data-key="([^"]+)"', page)[0]
    body = json.dumps({"by": "A. Reader", "posts": [[name, key]]})
    token = address.rpartition("=")[2]
    connection = http.client.HTTPConnection(host, timeout=30)
    headers = {"X-Token": token, "Content-Type": "application/json"}
    connection.request("POST", "/sign", body, headers)
    said = json.loads(connection.getresponse().read())
    connection.close()
    return said


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 0), (signal.SIGTERM, -15)])
def test_the_command_serves_until_it_is_told_to_end(
    tmp_path: Path, number: signal.Signals, code: int
) -> None:
    site = a_site(tmp_path)
    process = start(site, "preview", "--serve", "--count", "2", env=environment())
    try:
        assert process.stdout is not None
        line, how_to_end = process.stdout.readline(), process.stdout.readline()
        assert "Ctrl-C ends it" in how_to_end
        address = line.rpartition(" ")[2].strip()
        host = address.removeprefix("http://").partition("/")[0]
        connection = http.client.HTTPConnection(host, timeout=30)
        connection.request("GET", "/events")  # somebody is following when it ends
        assert connection.getresponse().readline().startswith(b"data: ")
        other = http.client.HTTPConnection(host, timeout=30)
        other.request("GET", "/")
        page = other.getresponse().read().decode()
        assert page.count("<article") == 2
        assert signed_through(host, address, page) == {"signed": 1}
    finally:
        process.send_signal(number)
        out, err = process.communicate(timeout=30)
    connection.close()
    other.close()
    assert (process.returncode, err) == (code, "")
    assert out == ""
    assert not list(site.glob("*.sqlite3*")), "the ledger is only read"
    assert [approval.by for approval in Approvals.load(site)] == ["A. Reader"]


def test_without_its_parts_it_says_what_to_install(tmp_path: Path) -> None:
    code = (
        "import sys; sys.modules['watchfiles'] = None\n"
        "from bot.__main__ import main; sys.exit(main(['preview', '--serve']))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=a_site(tmp_path),
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "watchfiles is needed" in done.stderr
    assert "pip install '.[preview]'" in done.stderr


def test_a_wrong_folder_is_served_too_and_says_so(tmp_path: Path) -> None:
    process = start(tmp_path, "preview", "--serve", env=environment())
    try:
        assert process.stdout is not None
        host = process.stdout.readline().rpartition("http://")[2].partition("/")[0]
        connection = http.client.HTTPConnection(host, timeout=30)
        connection.request("GET", "/")
        assert b"There is no folder messages/" in connection.getresponse().read()
        connection.close()
    finally:
        process.terminate()
        process.communicate(timeout=30)


def test_json_of_the_list_of_files(served: Served) -> None:
    groups = json.loads(served.ask("GET", "/files").body)
    assert groups[0][0] == "Templates"
    assert [ASKED, "demand-asked-of"] in groups[0][1]


def test_a_ledger_that_does_not_answer_is_told_and_the_posts_stay(tmp_path: Path) -> None:
    with Served(a_site(tmp_path), count=2) as served:
        served.trouble = LedgerUnavailable(where="here", why="it is away")
        page = served.ask("GET", "/").body
        assert "The ledger at here did not answer: it is away" in page
        assert page.count("<article") == 2
        served.trouble = None
        assert "did not answer" not in served.ask("GET", "/").body


def test_a_picture_that_is_gone_from_the_disk_is_not_found(tmp_path: Path) -> None:
    with Served(a_site(tmp_path), count=1) as served:
        name = served.ask("GET", "/").body.partition('src="media/')[2].partition('"')[0]
        for path in served.path("media").rglob("*.[pg][ni]*"):
            path.unlink()
        assert served.ask("GET", f"/media/{name}").status == 404
