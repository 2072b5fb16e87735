"""`python -m benchmarks`: run the parts that are asked for and print one table a part."""

from __future__ import annotations

import argparse
import os
import platform
import time
from collections.abc import Callable

TARGETS = {"W1": 2000, "W2": 5000, "W3": 400, "W4": 100, "W1 predict": 150, "W3 predict": 200}
SUBSET = {"W1": 20, "W2": 5, "W3": 10, "W4": 10}


def best(call: Callable[[], object], repeats: int) -> tuple[float, object]:
    """Return the shortest time of several calls, and the last result; the first call is not counted."""
    result = call()
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        result = call()
        seconds.append(time.perf_counter() - start)
    return min(seconds), result


def line(label: str, seconds: float, error: float, allowed: float, yardstick: float) -> str:
    """Return one row of the table of workloads."""
    verdict = "ok" if error <= allowed else "NOT EXACT ENOUGH"
    if yardstick / seconds < TARGETS[label]:
        verdict += ", below target"
    return (
        f"{label:11s} {seconds:9.4f} s   error {error:8.1e} (allowed {allowed:.0e})   "
        f"{yardstick / seconds:8.0f} times scipy (target {TARGETS[label]})   {verdict}"
    )


def workloads(options: argparse.Namespace) -> None:
    """Workloads on arrays and through `predict`, with scipy measured in the same run."""
    from benchmarks import adapters, yardstick
    from benchmarks.workloads import WORKLOADS

    for name in options.workload or WORKLOADS:
        workload = WORKLOADS[name]
        print(f"\n{name}: {workload.title}")
        parameters = workload.parameters()
        # On a machine that others use, a stretch of minutes may be slow: scipy before and after, the faster one counts.
        reference, scipy_error = yardstick.run(workload, SUBSET[name])
        rows = []
        if "engine" in options.part:
            rows.append((name, *engine_time(adapters, workload, parameters, options)))
        if "predict" in options.part and name in adapters.PREDICT_MODEL:
            rows.append((f"{name} predict", *predict_time(adapters, workload, parameters, options)))
        reference = min(reference, yardstick.run(workload, SUBSET[name])[0])
        print(f"{'scipy LSODA':11s} {reference:9.2f} s   error {scipy_error:8.1e}   ({SUBSET[name]} subjects, scaled)")
        for label, seconds, error in rows:
            print(line(label, seconds, error, workload.accuracy, reference))


def engine_time(adapters, workload, parameters, options) -> tuple[float, float]:  # type: ignore[no-untyped-def]
    """Seconds and error of the engine on arrays."""
    solve = adapters.ENGINE[workload.name]
    seconds, solved = best(lambda: solve(workload, parameters, options.threads), options.repeats)
    return seconds, workload.error(solved)


def predict_time(adapters, workload, parameters, options) -> tuple[float, float]:  # type: ignore[no-untyped-def]
    """Seconds and error through `pkpd.predict`, from data frame to data frame."""
    data = adapters.data_set(workload)
    values = adapters.by_subject(parameters, adapters.PREDICT_NAMES[workload.name])
    repeats = max(1, options.repeats // 2)
    seconds, frame = best(lambda: adapters.predict_frame(workload, data, values), repeats)
    return seconds, workload.error(adapters.answers(workload, frame))


def fit_part(options: argparse.Namespace) -> None:
    """W5 and the fits."""
    from benchmarks import fits

    print("\nW5: 100 separate fits of 12 samples, two compartments")
    print("\n".join((*fits.workload(options.repeats), *fits.jobs())))


def batch_part(options: argparse.Namespace) -> None:
    """A table of scenarios, CSV to CSV."""
    from benchmarks import jobs

    print(f"\npkpd batch, {options.rows} one-drug linear scenarios, CSV to CSV, start of Python included")
    print(jobs.batch(options.rows, options.threads))
    print("own time inside pkpd.evaluate:", jobs.where_the_time_goes(min(options.rows, 2000)))


def nca_part(options: argparse.Namespace) -> None:
    """Non-compartmental analysis."""
    from benchmarks import profiles

    print(f"\npkpd.nca on {options.rows} profiles of {len(profiles.TIMES)} samples, data frame to data frame")
    print(profiles.speed(options.rows))


def trial_part(options: argparse.Namespace) -> None:
    """One arm of a virtual trial."""
    from benchmarks import jobs

    print("\none arm of a virtual trial, 1000 patients followed to 6 h after onset (target: under 5 s)")
    for entry, who in (("any", "all onsets"), ("seizing", "those who still seize at 30 min")):
        wall, used, drawn = jobs.trial_arm(1000, entry)
        print(f"{who:34s} {wall:6.2f} s, {used:6.2f} s of processor; {drawn} onsets drawn")


def startup_part(options: argparse.Namespace) -> None:
    """The first simulation of a process."""
    from benchmarks import jobs

    print("\nfirst simulation in a fresh process: import, import + simulate + frame, whole process (s)")
    for label, seconds in jobs.first_simulation().items():
        print(f"{label:24s}" + "".join(f"{value:9.3f}" for value in seconds))


def receptors_part(options: argparse.Namespace) -> None:
    """The receptor layer, with lorazepam and levetiracetam."""
    from benchmarks import receptors

    print("\nreceptor layer: drawn episodes of status epilepticus, lorazepam and levetiracetam")
    receptors.report(20, options.repeats)


OTHERS = {
    "receptors": receptors_part,
    "fit": fit_part,
    "batch": batch_part,
    "startup": startup_part,
    "nca": nca_part,
    "trial": trial_part,
}


def main() -> None:
    """Parse the command line and run."""
    parts = ["engine", "predict", *OTHERS]
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("part", nargs="*", choices=[*parts, []], help="what to run (default: all)")
    parser.add_argument(
        "--workload", action="append", choices=["W1", "W2", "W3", "W4"], help="only this; may be repeated"
    )
    parser.add_argument("--threads", type=int, default=2, help="threads of the engine (default 2)")
    parser.add_argument("--repeats", type=int, default=5, help="the best of this many runs counts (default 5)")
    parser.add_argument("--rows", type=int, default=10_000, help="scenarios in the batch (default 10,000)")
    options = parser.parse_args()
    options.part = options.part or parts
    os.environ["PKPD_THREADS"] = str(options.threads)
    machine = f"{platform.platform()}, Python {platform.python_version()}, {os.cpu_count()} processors"
    print(f"{machine}; the engine on {options.threads} threads")
    if {"engine", "predict"} & set(options.part):
        workloads(options)
    for name, run in OTHERS.items():
        if name in options.part:
            run(options)


if __name__ == "__main__":
    main()
