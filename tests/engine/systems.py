"""Compartment systems for the tests of the engine: structures, random parameter sets, actions, plain matrices."""

from typing import NamedTuple

import numpy as np

from pkpd.engine.cascade import Structure
from pkpd.engine.linear import BOLUS, RATE, Actions, Problems


class System(NamedTuple):
    """A structure and what its blocks are: any of depot, parent, effect, metabolite, in this order."""

    roles: tuple[str, ...]
    structure: Structure


def system(parent, *, depot=False, effect=False, metabolite=None, presystemic=False):
    """Return the System; `parent` and `metabolite` are numbers of peripherals."""
    roles = ["depot"] * depot + ["parent"] + ["effect"] * effect + ["metabolite"] * (metabolite is not None)
    size = {"depot": 0, "parent": parent, "effect": 0, "metabolite": metabolite}
    feeds = [("depot", "parent"), ("parent", "effect"), ("parent", "metabolite")]
    feeds += [("depot", "metabolite")] * presystemic
    pairs = [(roles.index(a), roles.index(b)) for a, b in feeds if a in roles and b in roles]
    return System(tuple(roles), Structure(tuple(size[role] for role in roles), tuple(pairs)))


SYSTEMS = [
    *(system(n) for n in (0, 1, 2)),
    *(system(n, depot=True) for n in (0, 1, 2)),
    *(system(n, effect=True) for n in (0, 1, 2)),
    *(system(n, depot=True, effect=True) for n in (0, 1, 2)),
    *(system(n, metabolite=m) for n, m in ((0, 0), (1, 0), (2, 1), (2, 2))),
    *(system(n, depot=True, metabolite=m, presystemic=True) for n, m in ((0, 0), (1, 1), (2, 0))),
    *(system(n, depot=True, effect=True, metabolite=0) for n in (0, 1, 2)),
]


def log_uniform(rng, low, high, size=None):
    return 10.0 ** rng.uniform(low, high, size)


def near(rng, value):
    """`value` itself, or a number whose relative distance from it is between 1e-14 and 1e-2."""
    kind = rng.integers(4)
    if kind == 0:
        return value
    return value * (1.0 + rng.choice([-1.0, 1.0]) * log_uniform(rng, -14, -2))


def block_rates(rng, peripherals):
    """Rate constants of a block: clearances and exchanges ordinary, tiny, huge; now and then no exchange at all."""
    volume = log_uniform(rng, 0, 2.5)
    clearance = log_uniform(rng, *[(-1, 2), (-1, 2), (-1, 2), (-8, -4), (4, 6)][rng.integers(5)])
    rates = [clearance / volume]
    for _ in range(peripherals):
        q = log_uniform(rng, *[(-1, 2), (-1, 2), (-1, 2), (-8, -4), (4, 6)][rng.integers(5)])
        if rng.integers(40) == 0:
            q = 0.0
        v_peripheral = log_uniform(rng, 0, 2.5)
        rates += [q / volume, q / v_peripheral]
    return rates


def block_eigenvalues(rates):
    """Rate constants of the exponentials of one block, to the accuracy of double precision."""
    n = len(rates) // 2 + 1
    a = np.zeros((n, n))
    a[0, 0] = sum(rates[0::2][:1]) + sum(rates[1::2])
    for i in range(1, n):
        a[0, i] = a[i, 0] = -np.sqrt(rates[2 * i - 1] * rates[2 * i])
        a[i, i] = rates[2 * i]
    return np.maximum(np.linalg.eigvalsh(a), 1e-12)


def random_theta(rng, chosen):
    """One row of theta: in most rows some rate constants coincide or nearly do."""
    roles, structure = chosen
    parent = block_rates(rng, structure.peripherals[roles.index("parent")])
    known = list(block_eigenvalues(parent))
    blocks = {"parent": parent}
    for role in ("depot", "effect", "metabolite"):
        if role not in roles:
            continue
        peripherals = structure.peripherals[roles.index(role)]
        kind = rng.integers(4)
        if peripherals:
            rates = [near(rng, k) for k in parent] if kind == 0 else block_rates(rng, peripherals)
            rates = (rates + block_rates(rng, 2))[: 2 * peripherals + 1]
        elif kind < 2:
            rates = [near(rng, known[rng.integers(len(known))])]
        elif kind == 2:
            rates = [log_uniform(rng, -3, -1) * known[0]]  # flip-flop: slower than anything before
        else:
            rates = [log_uniform(rng, -2, 2)]
        blocks[role] = rates
        known += list(block_eigenvalues(rates))
    row = [rate for role in roles for rate in blocks[role]]
    for a, b in structure.feeds:
        whole = blocks[roles[b]][0] if roles[b] == "effect" else blocks[roles[a]][0]
        whole = rng.uniform(0.05, 1.0) * whole if roles[b] == "metabolite" else whole
        row.append(whole)
    return np.array(row)


def offsets(structure):
    """First state of each block."""
    return np.concatenate(([0], np.cumsum(np.array(structure.peripherals) + 1)))[:-1]


def plain_parts(structure, theta):
    """Off-diagonal matrix (n_sets, n, n) and losses (n_sets, n, 3) of the amounts, straight from the definition."""
    theta = np.atleast_2d(theta)
    first, column = offsets(structure), 0
    n = structure.n_states
    matrix, losses = np.zeros((len(theta), n, n)), np.zeros((len(theta), n, 3))
    for start, peripherals in zip(first, structure.peripherals):
        losses[:, start, 0] = theta[:, column]
        column += 1
        for i in range(1, peripherals + 1):
            k_to, k_from = theta[:, column], theta[:, column + 1]
            column += 2
            losses[:, start, i] = k_to
            losses[:, start + i, 0] = k_from
            matrix[:, start + i, start] += k_to
            matrix[:, start, start + i] += k_from
    for a, b in structure.feeds:
        matrix[:, first[b], first[a]] += theta[:, column]
        column += 1
    return matrix, losses


def plain_matrix(structure, theta):
    """Matrix of the amounts of one parameter set, shape (n, n)."""
    matrix, losses = plain_parts(structure, theta)
    return matrix[0] - np.diag(losses[0].sum(axis=1))


def actions(rows):
    """Actions from rows (time, kind, state, value[, interval, duration, phase]), in the order given; orders are 0."""
    table = np.array([(*row, 0.0, 0.0, 0.0)[:7] for row in rows], dtype=float).reshape(-1, 7)
    whole = np.zeros(len(table), dtype=np.int64)
    time, kind, state, value, interval, duration, phase = (np.ascontiguousarray(c) for c in table.T)
    return Actions(time, whole, kind.astype(np.int64), state.astype(np.int64), value, interval, duration, phase)


def bolus(time, state, amount):
    return [(time, BOLUS, state, amount)]


def infusion(time, state, amount, duration):
    rate = amount / duration
    return [(time, RATE, state, rate), (time + duration, RATE, state, -rate)]


def joined(*parts):
    """Rows of several doses in the order of time."""
    return sorted((row for part in parts for row in part), key=lambda row: row[0])


def alone(n_actions, n_times, row=0):
    """One problem that owns all actions and times."""
    return Problems(*(np.array([k], dtype=np.int64) for k in (row, 0, n_actions, 0, n_times)))
