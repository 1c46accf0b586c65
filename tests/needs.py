"""What tests need of the machine beyond Python's packages, and what is said where it is missing."""

from __future__ import annotations

import os
import shutil
from typing import NamedTuple

import pytest


class Tool(NamedTuple):
    """A program, Debian's package that has it, and what goes untested without it."""

    program: str
    package: str
    untested: str


CHROMIUM = Tool("/usr/bin/chromium", "chromium", "the page in a browser")
PDFTOTEXT = Tool("pdftotext", "poppler-utils", "the page on paper")
TESSERACT = Tool("tesseract", "tesseract-ocr", "the words on the pictures")

TOOLS = (CHROMIUM, PDFTOTEXT, TESSERACT)

_PREFIX = "needs "


def need(tool: Tool) -> None:
    """Skips the test where this is not installed; in CI that is a failure."""
    if shutil.which(tool.program) is None:
        missing(f"{_PREFIX}{tool.program}: apt-get install {tool.package}")


def missing(what: str) -> None:
    """Skips the test for what is not there; in CI that is a failure."""
    if os.environ.get("CI"):
        pytest.fail(what)
    pytest.skip(what)


def in_one_line(reasons: set[str]) -> str:
    """What went untested for these reasons of skipped tests, and what brings it; or nothing."""
    tools = [
        tool for tool in TOOLS if any(f"{_PREFIX}{tool.program}:" in reason for reason in reasons)
    ]
    if not tools:
        return ""
    what = ", ".join(tool.untested for tool in tools)
    packages = " ".join(tool.package for tool in tools)
    return f"Not tested: {what}. This brings it: apt-get install {packages}"
