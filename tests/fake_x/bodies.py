"""Bodies to checked values: JSON (pictures as base64) and multipart (pictures as raw bytes)."""

from __future__ import annotations

import base64
import binascii
import json
import re
from typing import Any

from tests.fake_x.messages import Call, RefusalError, invalid, problem
from tests.fake_x.schema import Field, check

_PART_NAME = re.compile(rb'\bname="([^"]*)"')


def empty(call: Call) -> None:
    """Refuses a body where X takes none."""
    if call.body:
        raise invalid("$", "This endpoint takes no body", call.body[:40])


def fields(call: Call, spec: Field, *, multipart: bool = False) -> dict[str, Any]:
    """The checked fields of a body; those of type `bytes` decoded. Raises a 400, or a 415."""
    kind = call.headers.get("content-type", "").lower()
    if kind.split(";")[0].strip() == "application/json":
        return _json(call.body, spec)
    if multipart and kind.startswith("multipart/form-data"):
        return _multipart(call, spec)
    raise RefusalError(
        problem(415, "Unsupported Media Type", f"Content-Type {kind or '(none)'} is not taken here")
    )


def _json(body: bytes, spec: Field) -> dict[str, Any]:
    try:
        document = json.loads(
            body.decode(), object_pairs_hook=_no_twins, parse_constant=_no_constant
        )
    except ValueError as error:
        raise invalid("$", f"The request body is not valid JSON: {error}") from error
    check(document, spec)
    for name, value in document.items():
        if spec.fields and spec.fields[name].type == "bytes":
            document[name] = _base64(name, value)
    return dict(document)


def _no_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name comes twice in one object")
    return found


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _base64(name: str, text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise invalid(name, f"$.{name}: is not base64: {error}", text[:40]) from error


def _multipart(call: Call, spec: Field) -> dict[str, Any]:
    specs = spec.fields or {}
    raw: dict[str, bytes] = {}
    shown: dict[str, Any] = {}
    for name, content in _parts(call):
        if name in raw:
            raise invalid(name, f"$.{name}: is there twice")
        raw[name] = content
        shown[name] = _shown(content, specs.get(name))
    check(shown, spec)
    return {name: raw[name] if specs[name].type == "bytes" else shown[name] for name in raw}


def _parts(call: Call) -> list[tuple[str, bytes]]:
    """Every part: its name and its content."""
    found = re.search(r'boundary="?([^";]+)"?', call.headers["content-type"], re.IGNORECASE)
    if not found:
        raise invalid("$", "The multipart body has no boundary")
    pieces = (b"\r\n" + call.body).split(b"\r\n--" + found[1].encode())
    if len(pieces) < 3 or pieces[0] or pieces[-1].rstrip(b"\r\n") != b"--":
        raise invalid("$", "The multipart body is not whole")
    return [_part(piece) for piece in pieces[1:-1]]


def _part(piece: bytes) -> tuple[str, bytes]:
    head, gap, content = piece.partition(b"\r\n\r\n")
    name = _PART_NAME.search(head)
    if not gap or not name:
        raise invalid("$", "A part of the multipart body has no name")
    return name[1].decode("utf-8", "replace"), content


def _shown(content: bytes, spec: Field | None) -> Any:
    """A part's content as the schema sees it: raw bytes count one character each."""
    if spec and spec.type == "bytes":
        return content.decode("latin-1")
    text = content.decode("utf-8", "replace")
    if spec and spec.type == "integer" and re.fullmatch(r"[0-9]{1,18}", text):
        return int(text)
    return text
