"""What a gene does in a batch: ratios to the right reference, bands, and the map of the seizure over the delay."""

import numpy as np
import pandas as pd
import pytest

import pkpd
from pkpd.batch.run import run_table
from pkpd.batch.table import read_scenarios
from pkpd.pictures.genotypes import DelayMap, Ratio, delay_maps, genotype_forest
from pkpd.report.genotypes import genotype_pictures


def pictures(**columns):
    table = pd.DataFrame({"until": "24 h", "weight_kg": 70.0, **columns})
    table.insert(0, "scenario", [f"row {number}" for number in range(len(table))])
    return genotype_pictures(run_table(read_scenarios(table.astype(str)), progress=False))


def dots(axes, label):
    (line,) = [line for line in axes.get_lines() if line.get_label() == label]
    return line.get_xdata()


def titles(figure):
    return [axes.get_title(loc="left") for axes in figure.axes]


@pytest.fixture(scope="module")
def midazolam():
    genotypes = ["*1/*22", "*1/*1", "*22/*22", "*1/*22"]  # the reference is not the first row
    orders = ["midazolam 5 mg iv"] * 3 + ["midazolam 7.5 mg po"]  # the last row has nobody to be compared with
    return pictures(regimen=orders, CYP3A4=genotypes)


def test_ratios_are_those_of_the_metrics(midazolam):
    figure = midazolam["overview_genotype_CYP3A4_midazolam"]
    assert titles(figure) == ["AUC", "peak", "half-life"]
    people = pd.DataFrame({"weight_kg": 70.0, "CYP3A4": ["*1/*1", "*1/*22", "*22/*22"]})
    metrics = pkpd.simulate("midazolam 5 mg iv", people, until="24 h").metrics()
    for axes, name in zip(figure.axes, ("auc_mg_h_L", "cmax_mg_L", "half_life_h")):
        values = metrics[f"midazolam_{name}"].to_numpy()
        np.testing.assert_allclose(dots(axes, "genotype"), values[1:] / values[0], rtol=1e-9)
        np.testing.assert_allclose(dots(axes, "reference"), [1.0])


def test_each_row_is_named_under_its_regimen(midazolam):
    figure = midazolam["overview_genotype_CYP3A4_midazolam"]
    assert [tick.get_text() for tick in figure.axes[0].get_yticklabels()] == ["*1/*22", "*1/*1", "*22/*22"]
    assert "midazolam 5 mg iv" in [text.get_text() for text in figure.texts]


def test_rows_that_differ_in_more_than_the_gene_are_not_compared():
    assert not pictures(regimen="midazolam 5 mg iv", CYP3A4=["*1/*1", "*1/*22"], age_y=[30, 60])
    assert not pictures(regimen="midazolam 5 mg iv", CYP3A4=["*1/*1", ""])
    assert not pictures(regimen="midazolam 5 mg iv", age_y=[30, 60])


def test_bands_of_a_crowd_are_percentiles_over_the_median_of_the_reference():
    found = pictures(regimen="midazolam 5 mg iv", CYP3A4=["*1/*1", "*22/*22"], n=20, seed=1)
    axes = found["overview_genotype_CYP3A4_midazolam"].axes[0]
    people = pkpd.Population(20, seed=1, weight_kg=70, genotype={"CYP3A4": "*1/*1"})
    area = pkpd.simulate("midazolam 5 mg iv", people, until="24 h").metrics()["midazolam_auc_mg_h_L"]
    low, middle, high = np.percentile(area, [5, 50, 95])
    (bands,) = axes.collections
    np.testing.assert_allclose(bands.get_segments()[0][:, 0], [low / middle, high / middle], rtol=1e-9)


def test_map_shows_minutes_of_one_and_says_when_the_seizure_goes_on():
    orders = [f"lorazepam 4 mg iv over 2 min at {delay} min" for delay in (10, 200)] * 2
    found = pictures(regimen=orders, until="260 min", seizure="status", UGT2B15=["*1/*1", "*1/*1", "*2/*2", "*2/*2"])
    assert list(found) == ["overview_delay_UGT2B15"]  # what is on the map is not in a forest as well
    axes = found["overview_delay_UGT2B15"].axes[0]
    one = pkpd.simulate(orders[0], pkpd.Patient(weight_kg=70), until="260 min", seizure="status").metrics()
    said = [text.get_text() for text in axes.texts]
    assert said == [f"{one['time_to_cessation_min'].item():.0f}", "goes on"] * 2
    assert [tick.get_text() for tick in axes.get_xticklabels()] == ["10", "200"]
    assert [tick.get_text() for tick in axes.get_yticklabels()] == ["*2/*2", "*1/*1"]  # from the bottom


def test_axes_say_their_units_and_nothing_is_cut_off():
    rows = [
        Ratio("a regimen " * 20, name, {"AUC": (0.5, 1.0, 2.0), "peak": (1.0, 1.0, 1.0)}, name == "NM")
        for name in ("NM", "IM", "PM")
    ]
    forest = genotype_forest("a title", rows)
    heat = delay_maps("a title", [DelayMap("a regimen", ("NM", "PM"), (10.0, 60.0), np.full((2, 2), 50.0))], share=True)
    assert forest.axes[0].get_xlabel() == "ratio"
    assert heat.axes[0].get_xlabel() == "delay from onset to the first dose (min)"
    for figure in (forest, heat):
        figure.canvas.draw()
        for axes in figure.axes:
            box = axes.get_tightbbox()
            assert box.x0 >= 0 and box.y0 >= 0 and box.x1 <= figure.bbox.x1 and box.y1 <= figure.bbox.y1
