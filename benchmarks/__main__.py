"""`python -m benchmarks`: run the parts that are asked for; with --write, keep their figures in README.md."""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable, Iterator

from benchmarks.figure import Figure, best, line, machine, write_table
from benchmarks.workloads import WORKLOADS, Workload

TARGETS = {"W1": 2000, "W2": 5000, "W3": 400, "W4": 100, "W1 predict": 150, "W3 predict": 200}
SUBSET = {"W1": 20, "W2": 5, "W3": 10, "W4": 10}
Parts = Iterator[Figure]


def workload_figure(label: str, workload: Workload, seconds: float, error: float, yardstick: float) -> Figure:
    """A workload beside scipy."""
    target = TARGETS[label]
    name = f"{workload.name}, {workload.n:,} subjects x {workload.times.size:,} times"
    return Figure(
        f"{name}, through predict" if "predict" in label else name, seconds, "s", "scipy LSODA", yardstick,
        f"{error:.1e} (allowed {workload.accuracy:.0e})", f"{target:,} times scipy",
        error <= workload.accuracy and yardstick / seconds >= target,
    )  # fmt: skip


def engine_part(options: argparse.Namespace) -> Parts:
    """W1 to W4: on arrays, through `predict`, and beside the limits of the machine."""
    from benchmarks import adapters, limits, yardstick

    found, rate = limits.machine_figures(options.threads, options.repeats)
    yield from found
    for name in options.workload or WORKLOADS:
        workload = WORKLOADS[name]
        # Another program may slow the machine for minutes: scipy is timed before and after, and its faster time counts.
        slow = yardstick.run(workload, SUBSET[name])[0]
        rows = [(name, *array_time(workload, options))]
        if name in adapters.PREDICT_MODEL:
            rows.append((f"{name} predict", *predict_time(workload)))
        slow = min(slow, yardstick.run(workload, SUBSET[name])[0])
        for label, took, error in rows:
            yield workload_figure(label, workload, took, error, slow)
        yield from limits.figures(workload, rows[0][1], options.threads, options.repeats, rate)


def array_time(workload: Workload, options: argparse.Namespace) -> tuple[float, float]:
    """Seconds and error of the engine on arrays."""
    from benchmarks.adapters import ENGINE

    solve, parameters = ENGINE[workload.name], workload.parameters()
    seconds, answer = best(lambda: solve(workload, parameters, options.threads), options.repeats, time.perf_counter)
    return seconds, workload.error(answer)  # type: ignore[arg-type]


def predict_time(workload: Workload) -> tuple[float, float]:
    """Seconds and error through `pkpd.predict`, from data frame to data frame."""
    from benchmarks import adapters

    data = adapters.data_set(workload)
    values = adapters.by_subject(workload.parameters(), adapters.PREDICT_NAMES[workload.name])
    seconds, frame = best(lambda: adapters.predict_frame(workload, data, values), 2, time.perf_counter)
    return seconds, workload.error(adapters.answers(workload, frame))  # type: ignore[arg-type]


def fit_part(options: argparse.Namespace) -> Parts:
    """W5, real data, a bootstrap."""
    from benchmarks import fits

    yield from fits.workload(options.repeats)
    yield from fits.jobs()


def receptors_part(options: argparse.Namespace) -> Parts:
    """The receptor layer with lorazepam and levetiracetam, drawn episodes of status epilepticus."""
    from benchmarks import receptors

    yield from receptors.figures(20, options.repeats)


def batch_part(options: argparse.Namespace) -> Parts:
    """Tables of scenarios, one drug each, CSV to CSV, the start of Python included; PRIS where propofol is ordered."""
    from benchmarks import jobs, yardstick
    from benchmarks.workloads import W1

    seconds, megabytes, failed = jobs.batch(options.rows, options.threads)
    slow = yardstick.run(W1, 20)[0] * options.rows / W1.n
    yield Figure(
        f"batch of {options.rows:,} scenarios", seconds, "s", "scipy LSODA solving W1 as often", slow,
        f"{options.rows / seconds:,.0f} rows/s; {failed} rows failed", "10 s", seconds <= 10 and not failed,
    )  # fmt: skip
    yield Figure("the same, peak memory", megabytes, "MB", target="1,000 MB", met=megabytes <= 1000)
    print("    own time inside evaluate:", jobs.where_the_time_goes(min(options.rows, 2000)))


def million_part(options: argparse.Namespace) -> Parts:
    """Large tables to Parquet in parts, one process; some ten minutes, so it runs only when it is named."""
    from benchmarks import jobs

    tables = ((10_000, "of status epilepticus, 6 h", jobs.seizure_table), (100_000, "of one drug", jobs.scenario_table),
              (1_000_000, "of one drug", jobs.scenario_table))  # fmt: skip
    for rows, kind, made in tables:
        took, megabytes, failed = jobs.batch(rows, options.threads, "--profiles", "none", folder=True, made=made)
        yield Figure(f"batch of {rows:,} scenarios {kind}, to Parquet", took,
                     accuracy=f"{rows / took:,.0f} rows/s; {failed} rows failed")  # fmt: skip
        yield Figure("the same, peak memory", megabytes, "MB", target="1,500 MB", met=megabytes <= 1500)


def nca_part(options: argparse.Namespace) -> Parts:
    """Non-compartmental analysis, from data frame to data frame."""
    from benchmarks import profiles

    yield profiles.speed(options.rows)


def trial_part(options: argparse.Namespace) -> Parts:
    """One arm of a virtual trial, 1,000 patients followed to 6 h after onset."""
    from benchmarks import jobs

    for entry, who in (("any", "every onset"), ("seizing", "those who seize at 30 min")):
        wall, _, drawn = jobs.trial_arm(1000, entry)
        yield Figure(f"an arm of 1,000: {who}", wall, accuracy=f"{drawn:,} onsets drawn", target="5 s", met=wall <= 5)


def startup_part(options: argparse.Namespace) -> Parts:
    """The first simulation of a fresh process: import, simulate, data frame."""
    from benchmarks import jobs

    for label, (imported, simulated, whole) in jobs.first_simulation().items():
        warm = "warm" in label
        yield Figure(
            f"first simulation, {label}", simulated, accuracy=f"import {imported:.3f} s, whole process {whole:.1f} s",
            target="2 s" if warm else "", met=simulated <= 2.0 if warm else None,
        )  # fmt: skip


def sizes_part(options: argparse.Namespace) -> Parts:
    """Cost against size, from 1 to a million, of every job; writes sizes.csv and sizes.png."""
    from benchmarks import sizes

    yield from sizes.figures(options.threads, options.budget)


PARTS: dict[str, Callable[[argparse.Namespace], Parts]] = {
    "engine": engine_part,
    "fit": fit_part,
    "receptors": receptors_part,
    "batch": batch_part,
    "nca": nca_part,
    "trial": trial_part,
    "startup": startup_part,
    "million": million_part,
    "sizes": sizes_part,
}
LONG = ("million", "sizes")


def main() -> None:
    """Parse the command line and run."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "part", nargs="*", choices=[*PARTS, []], help=f"what to run (default: all but {' and '.join(LONG)})"
    )
    parser.add_argument("--workload", action="append", choices=[*WORKLOADS], help="only this; may be repeated")
    parser.add_argument("--threads", type=int, default=2, help="threads of the engine (default 2)")
    parser.add_argument("--repeats", type=int, default=5, help="the best of this many runs counts (default 5)")
    parser.add_argument("--rows", type=int, default=10_000, help="scenarios in the batch (default 10,000)")
    parser.add_argument("--budget", type=float, default=30.0, help="seconds for one point of `sizes` (default 30)")
    parser.add_argument("--write", action="store_true", help="replace the table in benchmarks/README.md by this run")
    options = parser.parse_args()
    os.environ["PKPD_THREADS"] = str(options.threads)
    print(machine(options.threads), flush=True)
    figures: dict[str, list[Figure]] = {}
    for part in options.part or [name for name in PARTS if name not in LONG]:
        print(f"\n{part}: {PARTS[part].__doc__}", flush=True)
        for figure in PARTS[part](options):
            figures.setdefault(part, []).append(figure)
            print(line(figure), flush=True)
    if options.write:
        write_table(figures, options.threads)


if __name__ == "__main__":
    main()
