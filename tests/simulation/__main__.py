"""`python -m tests.simulation`: many runs, or one seed alone.

python -m tests.simulation --faults 500000
python -m tests.simulation --seed 4711 --runs 1
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter

from tests.simulation.world import World


def main() -> int:
    parser = argparse.ArgumentParser(prog="simulation", description=__doc__)
    parser.add_argument("--seed", type=int, default=0, help="the first run's seed")
    parser.add_argument("--runs", type=int, default=10**9)
    parser.add_argument("--faults", type=int, default=10**9, help="stop after so many")
    options = parser.parse_args()
    faults: Counter[str] = Counter()
    slots = runs = held = 0
    bad: list[int] = []
    began = time.monotonic()
    for seed in range(options.seed, options.seed + options.runs):
        world = World(seed).play()
        runs, slots, held = runs + 1, slots + world.slots, held + world.held()
        faults += world.faults
        wrong = [f"twice: {key}" for key in world.duplicates()] + world.losses()
        if wrong:
            bad.append(seed)
            print(f"seed {seed} ({world.kind.name}): {wrong[:4]}", flush=True)
        if faults.total() >= options.faults:
            break
    took = time.monotonic() - began
    print(
        f"{runs} runs, {slots} slots, {faults.total()} faults, {held} settled by a person, "
        f"{len(bad)} bad, {took:.0f} s"
    )
    print(", ".join(f"{name} {count}" for name, count in faults.most_common()))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
