"""Jobs as users start them, each in a process of its own: a batch of scenarios, and the first simulation."""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks import memory

FIRST_SIMULATION = """
import time
start = time.perf_counter()
import pkpd
imported = time.perf_counter()
solution = pkpd.simulate("lorazepam 4 mg iv at 5 min", until="24 h")
solution.to_frame()
print(imported - start, time.perf_counter() - start)
"""

ORDERS = {
    "lorazepam": "lorazepam {:.3f} mg iv rate 2 mg/min at 5 min",
    "midazolam": "midazolam {:.3f} mg im",
    "levetiracetam": "levetiracetam {:.1f} mg iv over 10 min",
    "propofol": "propofol {:.1f} mg iv over 3 min; propofol 3 mg/kg/h iv for 12 h",
    "valproate": "valproate {:.1f} mg iv over 10 min",
}
DOSE_MG_KG = {"lorazepam": 0.08, "midazolam": 0.15, "levetiracetam": 50.0, "propofol": 2.0, "valproate": 35.0}


def scenario_table(n: int) -> pd.DataFrame:
    """Return n one-drug linear scenarios: adults of all ages and sizes, five drugs in turn, no two orders alike."""
    rng = np.random.default_rng(0)
    weight = rng.uniform(45, 110, n).round(1)
    drugs = [list(ORDERS)[i % len(ORDERS)] for i in range(n)]
    spread = rng.uniform(0.8, 1.2, n)
    return pd.DataFrame(
        {
            "scenario": [f"s{i:06d}" for i in range(n)],
            "regimen": [ORDERS[d].format(DOSE_MG_KG[d] * kg * f) for d, kg, f in zip(drugs, weight, spread)],
            "until": "24 h",
            "age_y": rng.uniform(19, 85, n).round(),
            "weight_kg": weight,
            "height_cm": rng.uniform(152, 192, n).round(),
            "sex": rng.choice(["M", "F"], n),
        }
    )


def seizure_table(n: int) -> pd.DataFrame:
    """Return n scenarios of status epilepticus: a benzodiazepine after 5 to 180 min, a second drug if it goes on."""
    rng = np.random.default_rng(0)
    delay = rng.uniform(5.0, 180.0, n).round(1)
    second = "levetiracetam 60 mg/kg iv over 10 min max 4500 mg at {:.1f} min if seizing"
    orders = [f"lorazepam 4 mg iv over 2 min at {at:.1f} min; {second.format(at + 15.0)}" for at in delay]
    return pd.DataFrame(
        {
            "scenario": [f"s{i:06d}" for i in range(n)],
            "regimen": orders,
            "until": "6 h",
            "age_y": rng.uniform(19, 85, n).round(),
            "weight_kg": rng.uniform(45, 110, n).round(1),
            "seizure": "status",
            "condition": "none",
        }
    )


def batch(
    n: int, threads: int, *options: str, folder: bool = False, made: Callable[[int], pd.DataFrame] = scenario_table
) -> tuple[float, float, int]:
    """Run `pkpd batch` on n scenarios, after a short run that warms up.

    Returns
    -------
    seconds, megabytes : float
        Wall time with the start of Python, and peak memory of the process and its workers.
    failed : int
        Rows that are not ok.
    """
    with tempfile.TemporaryDirectory() as place:
        table, warm = Path(place) / "scenarios.csv", Path(place) / "warm.csv"
        out = Path(place) / ("results" if folder else "results.csv")
        write_scenarios(table, n, made)
        made(50).to_csv(warm, index=False)
        environment = {**os.environ, "PKPD_THREADS": str(threads)}
        command = [sys.executable, "-m", "pkpd", "batch"]
        memory.run([*command, str(warm), "-o", str(Path(place) / "warm_results.csv")], env=environment)
        seconds, megabytes, done = memory.run(
            [*command, str(table), "-o", f"{out}/" if folder else str(out), *options], env=environment
        )
        if done.returncode:
            raise RuntimeError(f"pkpd batch ended with code {done.returncode}: {done.stderr.strip()[-500:]}")
        parts = sorted(out.glob("results/part-*")) if folder else [out]
        read = pd.read_parquet if parts[0].suffix == ".parquet" else pd.read_csv
        failed = sum(int((read(part, columns=["status"])["status"] != "ok").sum()) if read is pd.read_parquet
                     else int((read(part, usecols=["status"])["status"] != "ok").sum()) for part in parts)  # fmt: skip
    return seconds, megabytes, failed


def write_scenarios(path: Path, n: int, made: Callable[[int], pd.DataFrame]) -> None:
    """Write the scenarios in pieces, so that a million of them need no memory."""
    for start in range(0, n, 100_000):
        piece = made(min(100_000, n - start))
        piece["scenario"] = [f"s{start + i:07d}" for i in range(len(piece))]
        piece.to_csv(path, index=False, mode="a" if start else "w", header=not start)


def where_the_time_goes(n: int, top: int = 6) -> str:
    """Profile `pkpd.evaluate` on n scenarios in this process; return the own time of the busiest modules."""
    import cProfile
    import pstats
    from collections import Counter

    import pkpd

    table = scenario_table(n)
    pkpd.evaluate(table.head(50), workers=1)
    profile = cProfile.Profile()
    profile.enable()
    pkpd.evaluate(table, workers=1)
    profile.disable()
    own: Counter[str] = Counter()
    for (file, _, _), (_, _, seconds, _, _) in pstats.Stats(profile).stats.items():  # type: ignore[attr-defined]
        parts = Path(file).parts
        module = "/".join(parts[parts.index("pkpd") + 1 :]) if "pkpd" in parts else file if file == "~" else parts[-1]
        for package in ("pandas", "numpy"):
            module = package if package in parts else module
        own["builtins" if file == "~" else module] += seconds
    total = sum(own.values())
    return ", ".join(f"{module} {100 * seconds / total:.0f} %" for module, seconds in own.most_common(top))


def first_simulation() -> dict[str, tuple[float, float, float]]:
    """Return seconds of (import, import + simulate + frame, whole process) with an empty and with a warm cache."""
    result = {}
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "PKPD_CACHE_DIR": folder}
        for label in ("empty cache (compiles)", "warm cache", "warm cache, again"):
            whole, _, done = memory.run([sys.executable, "-c", FIRST_SIMULATION], env=environment)
            if done.returncode:
                raise RuntimeError(done.stderr)
            imported, simulated = map(float, done.stdout.split())
            result[label] = (imported, simulated, whole)
    return result


def trial_arm(n: int, entry: str) -> tuple[float, float, int]:
    """Return wall and processor seconds of one arm of n patients followed to 6 h after onset, and the onsets drawn.

    Kinetics, constitution and noise are drawn for each patient; two drugs, the second judged for each subject. With
    `entry` ``"any"`` every onset is a patient, with ``"seizing"`` those are who still seize at 30 min.
    """
    import pkpd

    orders = "lorazepam 4 mg iv over 2 min; levetiracetam 60 mg/kg iv over 10 min max 4500 mg at 15 min if seizing"
    tables = {
        "trial": {"name": "benchmark", "n": 20, "seed": 1},
        "population": {"age_y": 35, "weight_kg": 75},
        "start": {"time": 30, "entry": entry},
        "arms": [{"name": "two drugs", "regimen": orders}],
        "endpoint": {"kind": "off", "off_from": 60, "off_until": 330},
    }
    pkpd.trial(tables)
    tables["trial"] |= {"n": n}
    wall, used = time.perf_counter(), time.process_time()
    result = pkpd.trial(tables)
    return time.perf_counter() - wall, time.process_time() - used, result.drawn
