"""Many worlds added up, and the table of it."""

from __future__ import annotations

import gc
from collections import Counter
from dataclasses import dataclass, field

from bot.ledger.base import Row
from bot.ledger.reasons import RESCHEDULED
from tests.simulation.verdict import duplicates, losses
from tests.simulation.world import World

AROUND = (
    "uploading",
    "arming",
    "last look",
    "sending",
    "recording",
    "reading back",
    "looking",
    "idle",
    "alerting",
    "whole",
)
"""Where faults befall a worker: from a post's upload to a look for work; or the whole system."""


@dataclass
class Figures:
    """What became of so many worlds. `bad` says of each one that went wrong what it was."""

    runs: int = 0
    slots: int = 0
    alerts: int = 0
    alerts_again: int = 0
    duplicates: int = 0
    losses: int = 0
    states: Counter[str] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)
    slots_of: Counter[str] = field(default_factory=Counter)
    held_of: Counter[str] = field(default_factory=Counter)
    faults: Counter[tuple[str, str]] = field(default_factory=Counter)
    acts: Counter[str] = field(default_factory=Counter)
    bad: dict[int, str] = field(default_factory=dict)

    def add(self, world: World) -> None:
        """Takes in a world that was played."""
        twice, lost = duplicates(world), losses(world)
        self.runs += 1
        self.slots += world.slots
        self.alerts += len(world.sent)
        self.alerts_again += world.sent.total() - len(world.sent)
        self.duplicates += len(twice)
        self.losses += len(lost)
        rows = world.ledger.rows()
        self.states.update(_end_of(row) for row in rows if row.reason != "birth")
        self.kinds[world.kind.name] += 1
        self.slots_of[world.kind.name] += world.slots
        self.held_of[world.kind.name] += len(world.held)
        self.faults.update(world.faults)
        self.acts.update(world.acts)
        if twice or lost:
            self.bad[world.seed] = f"{world.kind.name}: {'; '.join((twice + lost)[:4])}"

    def merge(self, other: Figures) -> None:
        self.runs += other.runs
        self.slots += other.slots
        self.alerts += other.alerts
        self.alerts_again += other.alerts_again
        self.duplicates += other.duplicates
        self.losses += other.losses
        for mine, theirs in (
            (self.states, other.states),
            (self.kinds, other.kinds),
            (self.slots_of, other.slots_of),
            (self.held_of, other.held_of),
            (self.acts, other.acts),
        ):
            mine.update(theirs)
        self.faults.update(other.faults)
        self.bad.update(other.bad)

    def closing(self) -> str:
        return (
            f"{self.runs:,} worlds, {self.slots:,} slots, {self.faults.total():,} faults: "
            f"{self.duplicates} duplicates, {self.losses} silent losses"
        )

    def _share(self, kind: str = "") -> str:
        held = self.held_of[kind] if kind else self.held_of.total()
        return f"{held / (self.slots_of[kind] if kind else self.slots):.1%}"

    def table(self) -> list[str]:
        """Faults by kind and by where they befell, what became of the slots, and what was done."""
        places = [place for place in AROUND if any(where == place for _, where in self.faults)]
        widths = [max(len(place), 9) for place in places]
        kinds = Counter({name: 0 for name, _ in self.faults})
        for (name, _), count in self.faults.items():
            kinds[name] += count
        head = ["fault".ljust(20), "all".rjust(10)]
        lines = ["  ".join(head + [p.rjust(w) for p, w in zip(places, widths, strict=True)])]
        for name, total in [*kinds.most_common(), ("all", self.faults.total())]:
            cells = [name.replace("_", " ").ljust(20), f"{total:,}".rjust(10)]
            for place, width in zip(places, widths, strict=True):
                count = sum(
                    count
                    for (kind, where), count in self.faults.items()
                    if where == place and name in (kind, "all")
                )
                cells.append((f"{count:,}" if count else "").rjust(width))
            lines.append("  ".join(cells).rstrip())
        return [
            *lines,
            "",
            f"slots    {_counts(self.states)}",
            f"held     {self.held_of.total():,} on the way, {self._share()} of the slots",
            *(f"           {self._share(name)} {name}" for name in sorted(self.held_of)),
            f"alerts   {self.alerts:,} sent, and {self.alerts_again:,} times one again, of which "
            "nobody could know that it had arrived",
            f"besides  {_counts(self.acts)}",
            f"networks {_counts(self.kinds)}",
        ]


def play(seeds: range, beyond: str, trace: bool = False) -> Figures:
    """Plays some worlds. Their garbage is full of circles, and goes all at once at the end."""
    gc.disable()
    figures = Figures()
    for seed in seeds:
        try:
            figures.add(World(seed, beyond=beyond, trace=trace).play())
        except Exception as error:  # noqa: BLE001 - a long run goes on, and this seed is bad
            figures.bad[seed] = f"the world itself broke: {error!r}"
    gc.enable()
    gc.collect()
    return figures


def _end_of(row: Row) -> str:
    """What became of a slot. What an edit took out of the schedule is no slot any more."""
    return RESCHEDULED if row.reason == RESCHEDULED else row.state


def _counts(counter: Counter[str]) -> str:
    return ", ".join(f"{count:,} {name}" for name, count in counter.most_common())
