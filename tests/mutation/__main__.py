"""Changes the code in small ways, and fails where no test notices.

For each module of a target (`targets.toml`), at most 5 % of its mutants may live, and each that does is
listed in `survivors.toml` with the reason why it changes nothing that a test could see. `--digit` tries a
tenth of the mutants, those whose number ends in the digit; of each target's, 5 % may live without a reason.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from tests.mutation.judging import known_survivors, problems, problems_of_sample
from tests.mutation.running import MutationError, run, targets

PROJECT = Path(__file__).parents[2]


def main(arguments: Sequence[str]) -> int:
    """Run the targets that are named, or all; 1 if a mutant lives that should not."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    parser.add_argument("--digit", type=int, choices=range(10), help="only mutants whose number ends in it")
    parser.add_argument(
        "--minutes", type=float, help="start no target after these; each digit begins elsewhere"
    )
    parser.add_argument("targets", nargs="*", help="default: all of targets.toml")
    options = parser.parse_args(arguments)
    names, digit = options.targets, options.digit
    judge = problems if digit is None else problems_of_sample
    failed = False
    try:
        every = targets(PROJECT)
        if unknown := sorted(set(names) - set(every)):
            raise MutationError(f"No target {', '.join(unknown)}. Allowed: {', '.join(every)}")
        known = known_survivors(PROJECT / "tests" / "mutation" / "survivors.toml", every)
        names = names or list(every)
        first = 0 if options.minutes is None else (digit or 0) * len(names) // 10
        begun = time.monotonic()
        for name in [*names[first:], *names[:first]]:
            if options.minutes is not None and time.monotonic() - begun > options.minutes * 60:
                print(f"{name}: left for another day, after {options.minutes:g} minutes")
                continue
            print(f"{name}: changing {', '.join(every[name].sources)}", flush=True)
            started = time.monotonic()
            outcome = run(every[name], PROJECT, digit)
            for module, number in sorted(outcome.mutants.items()):
                alive = len(outcome.alive.get(module, ()))
                print(f"  {module}: {number} mutants, {alive} alive ({alive / number:.1%})")
            for problem in judge(outcome, known[name]):
                failed = True
                print(f"  {problem}", file=sys.stderr)
            print(f"  {(time.monotonic() - started) / 60:.1f} minutes", flush=True)
    except MutationError as error:
        print(error, file=sys.stderr)
        return 1
    return int(failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
