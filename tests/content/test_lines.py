"""On which line a key stands, whatever else looks like a key."""

from __future__ import annotations

from typing import Any

import pytest
import tomli
from hypothesis import given
from hypothesis import strategies as st

from bot.content.lines import KeyPath, key_lines

TRICKY = '''\
# [comment] a = 1
top = "[not.a.table]" # b = 2
long = """
[not.a.table]
c = 3 \\""" d = 4
""""" # two of the quotes are the text's
literal = \'\'\'
[nor.this]
e = "\'\'\'
[real]
"quoted \\u0041" = 1
'single' = 2
dotted.key.s = 3
list = [
  "one", # f = 5
  ["two", "[x]"],
  { inner = 1, more = { deep = "}" } },
  {
    "odd \\e" = 2, # "}"
    later = { one = 3, }, },
]
when = 1979-05-27T07:32:00.5Z
[real.sub-table] # [no]
x = 'y # z'
[[many]]
a = 1
[[many]]
a = 2
[many.under]
b = 3
last = 1.5'''

EXPECTED: dict[KeyPath, int] = {
    ("top",): 2,
    ("long",): 3,
    ("literal",): 7,
    ("real",): 10,
    ("real", "quoted A"): 11,
    ("real", "single"): 12,
    ("real", "dotted"): 13,
    ("real", "dotted", "key"): 13,
    ("real", "dotted", "key", "s"): 13,
    ("real", "list"): 14,
    ("real", "list", 0): 15,
    ("real", "list", 1): 16,
    ("real", "list", 1, 0): 16,
    ("real", "list", 1, 1): 16,
    ("real", "list", 2): 17,
    ("real", "list", 2, "inner"): 17,
    ("real", "list", 2, "more"): 17,
    ("real", "list", 2, "more", "deep"): 17,
    ("real", "list", 3): 18,
    ("real", "list", 3, "odd \x1b"): 19,
    ("real", "list", 3, "later"): 20,
    ("real", "list", 3, "later", "one"): 20,
    ("real", "when"): 22,
    ("real", "sub-table"): 23,
    ("real", "sub-table", "x"): 24,
    ("many",): 25,
    ("many", 0): 25,
    ("many", 0, "a"): 26,
    ("many", 1): 27,
    ("many", 1, "a"): 28,
    ("many", 1, "under"): 29,
    ("many", 1, "under", "b"): 30,
    ("many", 1, "under", "last"): 31,
}


def test_nothing_fools_it() -> None:
    lines = key_lines(TRICKY)
    assert lines.at == EXPECTED
    assert lines.twice == []


def test_every_value_is_found_as_it_is_written() -> None:
    found = key_lines(TRICKY).values
    written = {path: TRICKY[start:end] for path, (start, end) in found.items()}
    assert written["top",] == '"[not.a.table]"'
    assert written["real", "list", 1] == '["two", "[x]"]'
    assert written["real", "list", 2, "more"] == '{ deep = "}" }'
    for path, text in written.items():
        value: Any = tomli.loads(TRICKY)
        for key in path:
            value = value[key]
        assert tomli.loads(f"x = {text}") == {"x": value}


def paths(value: Any, path: KeyPath = ()) -> set[KeyPath]:
    """Every path there is in parsed TOML."""
    if not isinstance(value, (dict, list)):
        return set()
    inner = value.items() if isinstance(value, dict) else enumerate(value)
    found = set()
    for key, item in inner:
        found |= {(*path, key)} | paths(item, (*path, key))
    return found


def test_it_knows_every_path_that_toml_has() -> None:
    assert paths(tomli.loads(TRICKY)) == set(EXPECTED)


def test_a_path_that_is_not_there_has_the_line_of_what_is_above_it() -> None:
    lines = key_lines(TRICKY)
    assert lines.find(("real", "sub-table", "missing", 3)) == 23
    assert lines.find(("missing",)) == 1
    assert lines.find(()) == 1


@pytest.mark.parametrize(
    ("text", "path", "lines", "is_table"),
    [
        ("a = 1\nb = 2\na = 3", ("a",), (1, 3), False),
        ("[t]\na = 1\n\n[t]", ("t",), (1, 4), True),
        ("[t]\na = [1,\n2]\na = 3", ("t", "a"), (2, 4), False),
        ("[t.u]\n[t.v]\n[t.u]", ("t", "u"), (1, 3), True),
        ("a = {b = 1,\n c = 2, b = 3}", ("a", "b"), (1, 2), False),
    ],
)
def test_what_stands_twice(
    text: str, path: KeyPath, lines: tuple[int, int], is_table: bool
) -> None:
    assert key_lines(text).twice == [(path, *lines, is_table)]


def test_a_table_above_its_own_parent_does_not_stand_twice() -> None:
    assert key_lines("[a.b]\n[a]\nc = 1\n[[d]]\n[d.e]\n[[d]]\n[d.e]").twice == []


KEYS = st.sampled_from(["a", "b-1", "3", '"a b"', "'[c]'", '"\\""'])
TEXTS = st.sampled_from(
    ['"x"', "'[y]'", '"""\n[z]\nq = 1"""', "'''\n'\"\n'''", '"\\\\"', "1", "-1.5e3"]
)


def listed(items: list[str]) -> str:
    return "[ # [k]\n" + ",\n ".join(items) + "]"


def tabled(items: list[tuple[str, str]]) -> str:
    return "{ # {k}\n" + ",\n ".join(f"{key} = {value}" for key, value in items) + " }"


VALUES = st.recursive(
    TEXTS,
    lambda values: st.one_of(
        st.lists(values, max_size=3).map(listed),
        st.lists(st.tuples(KEYS, values), max_size=3).map(tabled),
    ),
    max_leaves=5,
)


@st.composite
def documents(draw: st.DrawFn) -> str:
    """TOML, mostly: it may have a key twice."""
    lines = []
    for _ in range(draw(st.integers(0, 8))):
        key = ".".join(draw(st.lists(KEYS, min_size=1, max_size=3)))
        value = draw(VALUES)
        lines.append(draw(st.sampled_from([f"{key} = {value} # {{", f"[{key}]", f"[[{key}]]", ""])))
    return "\n".join(lines)


@given(documents())
def test_every_path_of_any_document_has_its_line(text: str) -> None:
    lines = key_lines(text)
    try:
        parsed = tomli.loads(text)
    except tomli.TOMLDecodeError:
        return
    assert set(lines.at) == paths(parsed)
    assert lines.twice == []
    assert all(1 <= line <= text.count("\n") + 1 for line in lines.at.values())


@given(st.text(alphabet="[]{}=.,\"'#\n\\a1 ", max_size=60))
def test_it_never_raises(text: str) -> None:
    key_lines(text)


@pytest.mark.parametrize("text", ['"\\x" = 1\nb = 2', "a = [}\nb = 2", "a = {=}\nb = 2", "a = [1"])
def test_of_what_is_no_toml_it_tells_what_it_can(text: str) -> None:
    assert 1 in key_lines(text).at.values()


def test_it_never_raises_however_deep() -> None:
    assert key_lines("a = 1\nb = " + "[" * 10_000).at[("b",)] == 2
