"""Pictures say what the result says: panels, lines, units, range, doses, bands, and the same bytes twice."""

import re

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from pkpd import Patient, Population, simulate
from pkpd.pictures.concentrations import doses_of, profiles
from pkpd.pictures.multiples import Profile, small_multiples
from pkpd.pictures.peaks import Peak, peaks
from pkpd.pictures.picture import COLOURS, concentration_axis, limits_of, svg_text, time_axis, time_ticks


@pytest.fixture(scope="module")
def solution():
    regimen = (
        "lorazepam 4 mg iv at 5 min; lorazepam 4 mg iv at 10 min; levetiracetam 60 mg/kg iv over 10 min at 20 min; "
        "fosphenytoin 20 mg PE/kg iv rate 150 mg PE/min at 40 min"
    )
    return simulate(regimen, Patient(weight_kg=70), until="24 h")


@pytest.fixture(scope="module")
def crowd():
    return simulate("levetiracetam 1000 mg iv over 10 min", Population(30, seed=1), until="48 h")


def lines_of(axes):
    return {line.get_label(): line for line in axes.get_lines()}


def legend_of(axes):
    return [text.get_text() for text in axes.get_legend().get_texts()]


def test_one_panel_a_drug_and_phenytoin_for_fosphenytoin(solution):
    figure = profiles(solution)
    assert isinstance(figure, Figure)
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["lorazepam", "levetiracetam", "phenytoin"]


def test_lines_are_plasma_and_brain_with_units(solution):
    lorazepam, levetiracetam, _ = profiles(solution).axes
    assert lorazepam.get_ylabel() == "concentration (µg/L)"
    assert levetiracetam.get_ylabel() == "concentration (mg/L)"
    assert lorazepam.get_xlabel() == "time (h)"
    plasma = lines_of(lorazepam)["plasma, total"]
    assert plasma.get_ydata().max() == pytest.approx(1000 * solution.outputs["lorazepam_plasma_mg_L"].max())
    brain = lines_of(levetiracetam)["brain, unbound"]
    assert brain.get_ydata().max() == pytest.approx(solution.outputs["levetiracetam_brain_mg_L"].max())


def test_range_is_shaded_and_named(solution):
    axes = profiles(solution).axes[1]
    stated = solution.ranges["levetiracetam"]
    assert any(stated.label in entry and f"{stated.low_mg_L:g}" in entry for entry in legend_of(axes))
    patches = [patch for patch in axes.patches if to_rgb(patch.get_facecolor()) == to_rgb(COLOURS["range"])]
    assert len(patches) == 1


def test_doses_are_marked_at_their_times(solution):
    lorazepam, levetiracetam, phenytoin = profiles(solution).axes
    np.testing.assert_allclose(lines_of(lorazepam)["dose"].get_xdata(), [5 / 60, 10 / 60], rtol=1e-12)
    np.testing.assert_allclose(lines_of(levetiracetam)["dose"].get_xdata(), [20 / 60], rtol=1e-12)
    np.testing.assert_allclose(lines_of(phenytoin)["dose"].get_xdata(), [40 / 60], rtol=1e-12)
    assert [row["drug"] for row in doses_of(solution, "phenytoin")] == ["fosphenytoin"]


def test_a_long_infusion_is_a_bar():
    axes = profiles(simulate("propofol 2 mg/kg/h iv for 6 h", until="12 h")).axes[0]
    np.testing.assert_allclose(lines_of(axes)["infusion"].get_xdata(), [0, 6])


def test_legend_stands_outside_the_data(solution):
    figure = profiles(solution)
    figure.canvas.draw()
    for axes in figure.axes:
        assert axes.get_legend().get_window_extent().y1 < axes.get_window_extent().y0


@pytest.mark.parametrize("log", [False, True])
def test_nothing_is_cut_off_or_overlaps(solution, log):
    crowded = simulate("midazolam 0.2 mg/kg iv; midazolam 0.2 mg/kg/h iv for 24 h; propofol 2 mg/kg iv", until="36 h")
    for shown in (solution, crowded):
        figure = profiles(shown, title="a title", log=log)
        figure.canvas.draw()
        boxes = [axes.get_tightbbox() for axes in figure.axes]
        page = figure.bbox
        assert all(box.x0 >= page.x0 and box.x1 <= page.x1 for box in boxes)
        assert all(box.y0 >= page.y0 and box.y1 <= page.y1 for box in boxes)
        assert all(above.y0 >= below.y1 for above, below in zip(boxes, boxes[1:]))


def test_population_is_median_and_band(crowd):
    axes = profiles(crowd).axes[0]
    line = lines_of(axes)["plasma, total"]
    assert axes.get_title("right") == "median, and 5 to 95 % of the subjects"
    outputs = crowd.outputs["levetiracetam_plasma_mg_L"]
    assert line.get_ydata().max() == pytest.approx(np.median(outputs, axis=0).max())
    assert len(axes.collections) == 2  # a band for plasma and one for brain


def test_no_peak_is_lost_by_thinning(solution):
    line = lines_of(profiles(solution).axes[0])["plasma, total"]
    assert len(line.get_xdata()) < len(solution.time_h)
    assert line.get_ydata().max() == 1000 * solution.outputs["lorazepam_plasma_mg_L"].max()


def test_logarithmic_axis(solution):
    axes = profiles(solution, log=True).axes[0]
    low, high = axes.get_ylim()
    assert axes.get_yscale() == "log" and 0 < low < high


def test_untreated_run_has_a_picture():
    figure = profiles(simulate("none", until="6 h"))
    assert [text.get_text() for text in figure.texts] == ["no drug is given"]


def test_metabolite_and_effect_site_have_their_lines():
    midazolam = profiles(simulate("midazolam 10 mg iv", until="12 h"))
    assert len(midazolam.axes) == 2
    propofol = profiles(simulate("propofol 2 mg/kg iv", until="1 h")).axes[0]
    assert "effect site" in legend_of(propofol)
    assert propofol.get_xlabel() == "time (min)"


@pytest.mark.parametrize(
    "hours, unit, factor", [(1, "min", 60), (6, "min", 60), (24, "h", 1), (72, "h", 1), (240, "days", 1 / 24)]
)
def test_time_axis(hours, unit, factor):
    assert time_axis(hours) == (factor, unit)


@pytest.mark.parametrize(
    "hours, last, step", [(1.0, 60, 10), (4.0, 240, 30), (6.0, 360, 60), (24.0, 24, 3), (72.0, 72, 12), (336.0, 14, 2)]
)
def test_time_axes_end_with_the_run_and_have_the_ticks_of_a_clock(hours, last, step):
    axes = Figure().subplots()
    time_ticks(axes, hours)
    assert axes.get_xlim() == (0.0, pytest.approx(last))
    assert np.diff(axes.get_xticks()) == pytest.approx(step)


def test_thresholds_of_the_seizure_are_named_beside_the_curve():
    found = simulate("lorazepam 4 mg iv at 10 min", until="1 h", seizure="status")
    axes = found.plot("receptors").axes[0]
    assert legend_of(axes) == ["seizure", "on above 0.5", "off below 0.2"]
    assert not axes.texts[1:]  # the name of the drug at its dose alone


def test_a_load_does_not_squeeze_the_rates_of_propofol():
    found = simulate("propofol 2 mg/kg iv over 3 min; propofol 3 mg/kg/h iv for 12 h", until="24 h")
    axes = found.plot("pris").axes[0]
    assert axes.get_ylim()[1] < 10.0 < axes.get_lines()[0].get_ydata().max()


@pytest.mark.parametrize("largest, unit", [(0.1, "µg/L"), (0.5, "mg/L"), (30, "mg/L"), (0.0, "mg/L")])
def test_concentration_axis(largest, unit):
    assert concentration_axis(largest)[1] == unit


def test_colours_can_be_told_apart_without_colour_vision():
    # Lightness of the lines differs, and so does their dash pattern.
    lightness = [np.dot(to_rgb(COLOURS[name]), [0.2126, 0.7152, 0.0722]) for name in ("plasma", "brain", "dose")]
    assert min(abs(a - b) for i, a in enumerate(lightness) for b in lightness[:i]) > 0.03


def test_svg_is_the_same_twice_and_has_text(solution):
    first, second = svg_text(profiles(solution)), svg_text(profiles(solution))
    assert first == second
    assert ">lorazepam<" in first and not re.search(r"<dc:date>", first)


def test_solution_plots_itself(solution):
    assert len(solution.plot().axes) == 3


def test_notebook_shows_a_picture(solution):
    assert profiles(solution)._repr_png_()[:4] == b"\x89PNG"


def test_peaks_show_each_scenario_against_the_range():
    rows = [
        Peak("one", 0.05, 0.05, 0.05),
        Peak("a crowd with a name that is far too long for one line", 0.02, 0.08, 0.2),
    ]
    figure = peaks("lorazepam", rows, low=0.03, high=0.1, label="SE target")
    axes = figure.axes[0]
    figure.canvas.draw()
    assert [tick.get_text() for tick in axes.get_yticklabels()][1].endswith("…")
    np.testing.assert_allclose(lines_of(axes)["peak"].get_xdata(), [50, 80])
    assert axes.get_xlabel() == "concentration (µg/L)"
    assert axes.get_xlim()[1] > 200


def test_small_multiples_share_their_axes_and_keep_the_peak():
    time, level = np.linspace(0.0, 24.0, 1441), np.exp(-np.linspace(0.0, 24.0, 1441))
    half = level[:721]
    rows = [Profile("one", time, level, level, level), Profile("crowd", time[:721], half, 2.0 * half, 3.0 * half)]
    first, second = small_multiples("lorazepam", rows, low=0.05, high=0.1).axes
    assert [axes.get_title(loc="left") for axes in (first, second)] == ["one", "crowd"]
    assert first.get_ylim() == second.get_ylim() and first.get_xlim() == second.get_xlim() == (0.0, 24.0)
    assert lines_of(second)["plasma, total"].get_ydata().max() == pytest.approx(2.0)
    assert len(second.collections) == 1 and not first.collections  # a band where there are several subjects


def test_peaks_far_apart_stand_on_a_logarithmic_axis_and_those_not_given_at_its_edge():
    rows = [Peak("low", 0.02, 0.02, 0.02), Peak("high", 2.5, 2.5, 2.5), Peak("few", 0.0, 0.0, 0.4)]
    axes = peaks("lorazepam", rows, low=0.05, high=0.1).axes[0]
    assert axes.get_xscale() == "log"
    np.testing.assert_allclose(lines_of(axes)["peak"].get_xdata(), [0.02, 2.5])
    np.testing.assert_allclose(lines_of(axes)["peak 0: not given"].get_xdata(), axes.get_xlim()[0])


def test_limits_of_ranges_without_an_end():
    from types import SimpleNamespace

    assert limits_of(SimpleNamespace(low_mg_L=None, high_mg_L=5.0), 1000) == (0.0, 5000.0)
    assert limits_of(SimpleNamespace(low_mg_L=2.0, high_mg_L=None)) == (2.0, None)
