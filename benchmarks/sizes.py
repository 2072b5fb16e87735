"""Cost against size: every job from one subject to a million, as far as a point takes no longer than the budget."""

from __future__ import annotations

import csv
import dataclasses
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

import pkpd
from benchmarks import adapters, fits, jobs, profiles
from benchmarks.figure import Figure
from benchmarks.workloads import WORKLOADS, Workload

FOLDER = Path(__file__).parent
LARGEST = 1_000_000
#: Numbers in an answer that is held at once; a larger population is solved in pieces and each answer given up.
HELD = 50_000_000
Job = Callable[[int], Callable[[], object]]


def _workload(name: str, n: int) -> Workload:
    return dataclasses.replace(WORKLOADS[name], n=n)


def _arrays(name: str, threads: int) -> Job:
    """A workload on arrays, in pieces where its answer is large."""
    piece = HELD // (WORKLOADS[name].times.size * len(WORKLOADS[name].outputs))

    def prepare(n: int) -> Callable[[], object]:
        whole = _workload(name, min(n, piece))
        parameters, solve = whole.parameters(), adapters.ENGINE[name]

        def run() -> None:
            for start in range(0, n, piece):
                size = min(piece, n - start)
                part = {key: values[:size] for key, values in parameters.items()}
                solve(_workload(name, size), part, threads)

        return run

    return prepare


def _predict(n: int) -> Callable[[], object]:
    workload = _workload("W1", n)
    data = adapters.data_set(workload)
    values = adapters.by_subject(workload.parameters(), adapters.PREDICT_NAMES["W1"])
    return lambda: adapters.predict_frame(workload, data, values)


def _simulate(n: int) -> Callable[[], object]:
    people = pkpd.Population(n, seed=1, age_y=35, weight_kg=75)
    orders = "levetiracetam 60 mg/kg iv over 10 min max 4500 mg at 20 min"
    return lambda: pkpd.simulate(orders, people, until="24 h", every="1 h").to_frame()


def _seizure(n: int) -> Callable[[], object]:
    people = pkpd.Population(n, seed=1, age_y=35, weight_kg=75)
    orders = "lorazepam 4 mg iv at 30 min; levetiracetam 60 mg/kg iv over 10 min at 50 min if seizing"
    return lambda: pkpd.simulate(orders, people, until="6 h", every="10 min", seizure="status").to_frame()


def _evaluate(n: int) -> Callable[[], object]:
    table = jobs.scenario_table(n)
    return lambda: pkpd.evaluate(table)


def _fit(n: int) -> Callable[[], object]:
    given = fits.data_set(np.tile(fits.observations(), (n // fits.SUBJECTS + 1, 1))[:n])
    return lambda: pkpd.fit(given, "2cmt", check=False)


def _nca(n: int) -> Callable[[], object]:
    given = profiles.data_set(n)
    return lambda: pkpd.nca(given)


def _trial(n: int) -> Callable[[], object]:
    return lambda: jobs.trial_arm(n, "any")


def all_jobs(threads: int) -> dict[str, Job]:
    """The jobs by name."""
    engine = {f"{name} on arrays": _arrays(name, threads) for name in WORKLOADS}
    return engine | {
        "predict, W1 (200 times)": _predict,
        "simulate, population, 24 h": _simulate,
        "simulate with seizure, 6 h": _seizure,
        "evaluate, scenarios": _evaluate,
        "fit, subjects of 12 samples": _fit,
        "nca, profiles of 12 samples": _nca,
        "trial, an arm over 6 h": _trial,
    }


#: A data frame of W1 has 202 rows a subject, one of nca 13: beyond these sizes it is the frame that fills the memory.
MOST = {"predict, W1 (200 times)": 100_000}


def measure(name: str, job: Job, budget: float) -> list[tuple[str, int, float]]:
    """Seconds at 1, 10, 100, ..., until the next point would take longer than the budget; the better of two runs."""
    points: list[tuple[str, int, float]] = []
    n = 1
    job(1)()  # loads and compiles
    while n <= MOST.get(name, LARGEST):
        run = job(n)
        took = np.inf
        for _ in range(2):
            start = time.perf_counter()
            run()
            took = min(took, time.perf_counter() - start)
        points.append((name, n, took))
        if 10 * took > budget and n >= 100:
            break
        n *= 10
    return points


def figures(threads: int, budget: float) -> list[Figure]:
    """Measure all jobs, write sizes.csv and sizes.png; a figure a job: the cost of one more at the largest size."""
    points = []
    found = []
    for name, job in all_jobs(threads).items():
        own = measure(name, job, budget)
        points += own
        _, n, took = own[-1]
        one = f"{1e3 * own[0][2]:.3g} ms for one"
        found.append(Figure(f"{name}: each of {n:,}", 1e6 * took / n, "us", accuracy=one))
    with (FOLDER / "sizes.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("job", "n", "seconds"))
        writer.writerows((name, n, f"{took:.4g}") for name, n, took in points)
    draw(pd.read_csv(FOLDER / "sizes.csv"), FOLDER / "sizes.png")
    return found


def draw(points: pd.DataFrame, path: Path) -> None:
    """Two panels: seconds for all, microseconds for each; each line named at its end."""
    from matplotlib.figure import Figure as Canvas

    from pkpd.pictures.picture import framed  # noqa: F401  (the style of the package)

    canvas = Canvas(figsize=(11.0, 5.2), layout="constrained")
    left, right = canvas.subplots(1, 2)
    shades = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#333333")
    for i, (name, own) in enumerate(points.groupby("job", sort=False)):
        look = {"color": shades[i % len(shades)], "marker": "os^Dv"[i // len(shades)], "markersize": 4,
                "linestyle": "-" if i < len(shades) else "--", "label": name}  # fmt: skip
        left.loglog(own["n"], own["seconds"], **look)
        right.loglog(own["n"], 1e6 * own["seconds"] / own["n"], **look)
    for panel, title, unit in ((left, "All of them", "time, s"), (right, "Each of them", "time for each, µs")):
        panel.set_title(title, loc="left", fontweight="bold")
        panel.set_xlabel("subjects, scenarios or profiles")
        panel.set_ylabel(unit)
        panel.grid(color="#DDDDDD", linewidth=0.6)
        panel.spines[["top", "right"]].set_visible(False)
    canvas.legend(*left.get_legend_handles_labels(), loc="outside right upper", frameon=False, fontsize=9)
    canvas.savefig(path, dpi=110)
