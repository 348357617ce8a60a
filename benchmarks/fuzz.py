"""The property tests of tests/test_fuzz*.py again and again with new seeds, for some minutes.

    python benchmarks/fuzz.py --minutes 30 [--seed 1]

Seeds count up from ``--seed``, so that a failure can be repeated: pytest prints the
failing example and the seed of its round. Where atheris is installed, a third of the time
goes to ``fuzz_coverage.py``.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).parents[1]
TESTS = ("tests/test_fuzz.py", "tests/test_fuzz_machine.py")
COVERAGE = Path(__file__).with_name("fuzz_coverage.py")


def coverage_guided(seconds: float, seed: int) -> int:
    """The exit code of atheris after so many seconds."""
    with tempfile.TemporaryDirectory() as corpus:
        command = [sys.executable, str(COVERAGE), corpus, f"-max_total_time={seconds:.0f}"]
        command += ["-max_len=400", f"-seed={seed + 1}", "-timeout=20", "-print_final_stats=1"]
        done = subprocess.run(command, stderr=subprocess.PIPE, text=True)
        print("\n".join(done.stderr.splitlines()[-12:]))
    return done.returncode


def one_round(seed: int, seconds: float) -> int | None:
    """The exit code of the property tests with a seed; ``None`` if the time was over before."""
    command = [sys.executable, "-m", "pytest", *TESTS, "--quiet", "--exitfirst"]
    command += [f"--hypothesis-seed={seed}", "-p", "no:cacheprovider"]
    try:
        return subprocess.run(command, cwd=ROOT, timeout=seconds).returncode
    except subprocess.TimeoutExpired:
        return None


def main() -> None:
    """Fuzz until the time is over; the exit code is 1 when something was found."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--seed", type=int, default=0, help="the first seed")
    options = parser.parse_args()
    end = time.monotonic() + options.minutes * 60
    if find_spec("atheris") is None:
        print("atheris is not installed: hypothesis alone", file=sys.stderr)
    elif coverage_guided(options.minutes * 20, options.seed):
        sys.exit("found by fuzz_coverage.py: the input stands above")
    seed = options.seed
    while (left := end - time.monotonic()) > 0:
        code = one_round(seed, left)
        if code:
            sys.exit(f"found in the round of --seed {seed}")
        seed += code == 0
    print(f"{seed - options.seed} whole rounds, nothing found")


if __name__ == "__main__":
    main()
