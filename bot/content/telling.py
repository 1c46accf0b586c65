"""One mistake, one message: problems that one mistake caused, told as one."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from bot.domain import Place, Problem

NAMED = 5
"""Of what several problems are about, at most so many are named."""


def as_one(problems: Iterable[Problem]) -> list[Problem]:
    """The same problems, each once; those with the same `several` as one, where the first was.

    Its place is that of them which comes first by file and line.
    """
    together: dict[object, list[Problem]] = {}
    for problem in dict.fromkeys(problems):
        together.setdefault(problem.several or problem, []).append(problem)
    return [each[0] if len(each) == 1 else _one(each) for each in together.values()]


def gone(passage: str, where: Place, known: Collection[str], what: str) -> dict[str, Any]:
    """Further fields of the problem that a passage is not there: where nothing of its statement
    is, all of the kind `what` that name passages of it are told as one, and what to do is
    another thing."""
    statement, slash, _ = passage.partition("/")
    if not slash or any(name.startswith(f"{statement}/") for name in known):
        return {}
    several = (
        f"No passage of `{statement}` can be read: messages/statements/{statement}.toml is gone, "
        "renamed or broken. {count} "
        f"{what} name passages of it"
    )
    fix = (
        f"Restore or mend messages/statements/{statement}.toml, "
        "or name a passage that is there, as STATEMENT/NAME."
    )
    return {"about": (str(where),), "several": several, "fix": fix}


def _one(problems: list[Problem]) -> Problem:
    problems = sorted(problems, key=lambda each: (each.where.file, each.where.line or 0))
    names = list(dict.fromkeys(problem.about[0] for problem in problems))
    which = ", ".join(names[:NAMED])
    if len(names) > NAMED:
        which += f" and {len(names) - NAMED} more"
    first = problems[0]
    what = first.several.replace("{count}", str(len(names)), 1)
    return first._replace(what=f"{what}: {which}", several="", about=())
