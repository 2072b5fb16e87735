"""Rounding of times: a repeated dose and the output of its moment are one time, and so is the end of the simulation."""

import numpy as np
import pytest

import pkpd


@pytest.mark.parametrize(
    "regimen,until,every,spacing_h",
    [
        ("lorazepam 1 mg iv every 7 min x 100 at 7 min", "24 h", None, 7 / 60),
        ("lorazepam 1 mg iv every 6 min x 200 at 6 min", "24 h", None, 0.1),
        ("lorazepam 1 mg iv every 6 min x 200 at 6 min", "24 h", "6 min", 0.1),
        ("lorazepam 1 mg iv every 0.1 h x 200 at 0.1 h", "24 h", "6 min", 0.1),
        ("lorazepam 1 mg iv every 6 min x 200", "24 h", "0.1 h", 0.1),
        ("lorazepam 1 mg iv every 12 min x 100", "30 h", None, 0.2),
        ("lorazepam 1 mg iv every 90 min x 40 at 10 min", "72 h", "10 min", 1.5),
        ("lorazepam 1 mg iv every 5 min x 3 at 5 min", "24 h", None, 5 / 60),
    ],
)
def test_row_at_a_repeated_bolus_shows_the_value_after_it(regimen, until, every, spacing_h):
    who = pkpd.Patient(age_y=35, weight_kg=70)
    s = pkpd.simulate(regimen, who, until=until, every=every)
    level = s.outputs["lorazepam_plasma_mg_L"][0]
    jump = 1.0 / 41.3
    for t in s.orders.query("given")["time_h"]:
        i = int(np.argmin(abs(s.time_h - t)))
        if abs(s.time_h[i] - t) > 1e-9:
            continue
        just_after = pkpd.simulate(regimen, who, until=until, times=[t + 1e-7]).outputs["lorazepam_plasma_mg_L"][0, 0]
        assert abs(level[i] - just_after) < jump / 2, (t, s.time_h[i], level[i], just_after)


def test_the_last_repeat_at_the_end_is_given():
    once = pkpd.simulate("lorazepam 1 mg iv at 18 min", until="18 min").orders
    assert once["given"].tolist() == [True]
    rows = pkpd.simulate("lorazepam 1 mg iv every 6 min x 3 at 6 min", until="18 min").orders
    assert rows["given"].tolist() == [True, True, True], rows[["time_h", "given", "reason"]].to_string()


def test_a_metabolite_that_the_childrens_model_lacks_has_a_reason():
    who = [pkpd.Patient(age_y=40, weight_kg=70), pkpd.Patient(age_y=6, weight_kg=20)]
    s = pkpd.simulate("midazolam 5 mg iv", who, until="6 h", every="1 h")
    empty = s.metrics().columns[s.metrics().isna().any()].tolist()
    assert empty
    assert set(empty) <= set(s.metric_reasons)
