"""Asks whether a known vulnerability touches what is locked, and is loud where nobody could say.

pip-audit passes over a package that its service does not know, and then ends well. Here that is
told apart from a clean answer. The exit code is 1 where a vulnerability is known or pip-audit broke
off, 0 where nothing is known, or where nobody could be asked: standard error says so.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

LOCK = Path(__file__).resolve().parent.parent / "requirements.txt"

AWAY = ("ConnectionError", "ServiceError", "SSLError", "Timeout")
"""What the name of an error has in it when the service could not be reached."""


def main() -> int:
    command = [sys.executable, "-m", "pip_audit", "--disable-pip", "--require-hashes"]
    command += ["--format", "json", "--progress-spinner", "off", "--requirement", str(LOCK)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    try:
        packages = json.loads(done.stdout)["dependencies"]
    except (ValueError, KeyError):
        return without_an_answer(done.stderr.strip())
    return judge(packages)


def judge(packages: Sequence[Mapping[str, Any]]) -> int:
    """Says what pip-audit found, package by package. The exit code."""
    known = [each for each in packages if each.get("vulns")]
    unknown = [each["name"] for each in packages if "skip_reason" in each]
    for each in known:
        ids = ", ".join(vulnerability["id"] for vulnerability in each["vulns"])
        say(f"VULNERABLE: {each['name']} {each['version']}: {ids}")
    if unknown:
        say(f"NOT AUDITED, the service did not know {len(unknown)}: {', '.join(unknown)}")
    sys.stdout.write(f"{len(packages) - len(unknown)} of {len(packages)} packages audited.\n")
    return 1 if known else 0


def without_an_answer(said: str) -> int:
    """The exit code where pip-audit broke off: 0 if only because nobody could be asked."""
    if any(word in said for word in AWAY):
        say(f"NOT AUDITED, the service could not be reached: {said.splitlines()[-1]}")
        return 0
    say(f"pip-audit failed:\n{said}")
    return 1


def say(line: str) -> None:
    sys.stderr.write(f"{line}\n")


if __name__ == "__main__":
    sys.exit(main())
