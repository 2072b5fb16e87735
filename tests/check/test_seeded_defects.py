"""One defect planted into a clean data set is found, by its rule and at its line; the clean sets stay clean.

The lines are those of the planted cell, counted by hand in the shipped files: in theophylline ID 1 stands on lines 2 to
13 and ID 2 on 14 to 25, in phenobarbital ID 1 on 2 to 13 with samples on 3 and 13, in midazolam ID 4 begins on line 50,
in propofol a session has 23 lines.
"""

import pandas as pd
import pytest
from planted import OBSERVED, ROOT, UNITS, cell, copied, planted, renamed, rows_of, scaled, without

import pkpd
from pkpd.dataset.rules import MOST_PER_RULE


def shift(row, stop, hours):
    def change(rows):
        for place in range(row, stop):
            rows[place]["TIME"] = repr(float(rows[place]["TIME"]) + hours)

    return change


def to_end(first, stop):
    return lambda rows: [*rows[:first], *rows[stop:], *rows[first:stop]]


def swap(first, second):
    def change(rows):
        rows[first], rows[second] = rows[second], rows[first]

    return change


def minus(*places):
    return lambda rows: [row for place, row in enumerate(rows) if place not in places]


def fosphenytoin_salt(rows):
    for row in rows:
        row["DRUG"] = "fosphenytoin"
    rows[0]["AMT"] = "37.5"  # 25 mg PE to 1.4 kg, written as mg of the salt


T, P, M, S, W = "theophylline", "phenobarbital", "midazolam", "propofol", "warfarin"

SEEDS = [
    # header
    (T, renamed("TIME", "TME"), "error", "missing-column", 1, "TIME"),
    (T, renamed("WT", "Wt "), "", "", 0, ""),  # a blank in a name is no defect
    (T, renamed("MDV", "dv"), "error", "duplicate-column", 1, "DV"),
    (T, renamed("WT", "Body weight (kg)"), "warning", "column-name", 1, "Body weight (kg)"),
    (T, renamed("WT", ""), "warning", "column-unnamed", 1, ""),
    (T, renamed("EVID", "EVD"), "warning", "column-misspelt", 1, "EVD"),
    (T, renamed("AMT", "DOSE"), "warning", "column-misspelt", 1, "DOSE"),
    (T, without("AMT"), "warning", "no-dose", 1, "AMT"),
    (T, without("DV"), "warning", "no-observation", 1, "DV"),
    # cells
    (T, cell(3, DV="n.q."), "error", "not-numeric", 5, "DV"),
    (T, cell(3, TIME="8:30"), "error", "not-numeric", 5, "TIME"),
    (T, cell(3, DV="6,57"), "error", "not-numeric", 5, "DV"),
    # subjects and time
    (T, cell(4, ID=""), "error", "id-missing", 6, "ID"),
    (T, to_end(0, 6), "error", "id-not-contiguous", 140, "ID"),
    (T, cell(4, TIME=""), "error", "time-missing", 6, "TIME"),
    (T, cell(0, TIME="-1"), "error", "time-negative", 2, "TIME"),
    (T, swap(5, 6), "error", "time-decreasing", 8, "TIME"),
    (T, shift(8, 12, 24), "warning", "clock-jump", 10, "TIME"),
    (P, shift(9, 12, 720), "warning", "clock-jump", 11, "TIME"),
    # dosing records
    (T, cell(0, EVID=5), "error", "evid-unknown", 2, "EVID"),
    (T, cell(3, AMT=100), "error", "amt-without-dose", 5, "AMT"),
    (T, cell(3, EVID=2, MDV=1, DV="", AMT=100), "error", "amt-without-dose", 5, "AMT"),
    (T, cell(0, AMT=0), "error", "dose-without-amt", 2, "AMT"),
    (T, cell(0, AMT=-320), "error", "amt-negative", 2, "AMT"),
    (S, cell(0, RATE=-3), "error", "rate-unknown", 2, "RATE"),
    (S, cell(1, RATE=5), "error", "rate-without-amt", 3, "RATE"),
    (T, cell(0, ADDL=3), "error", "addl-without-ii", 2, "II"),
    (T, cell(0, ADDL=1.5, II=12), "error", "addl-not-whole", 2, "ADDL"),
    (T, cell(0, II=12), "warning", "ii-without-addl", 2, "II"),
    (T, cell(0, II=-12, ADDL=1), "error", "ii-negative", 2, "II"),
    (T, cell(0, SS=3, II=12), "error", "ss-unknown", 2, "SS"),
    (T, cell(0, SS=1), "error", "ss-without-ii", 2, "II"),
    (T, cell(3, SS=1, II=12), "warning", "ss-without-dose", 5, "SS"),
    (T, cell(3, ADDL=1, II=12), "warning", "addl-without-dose", 5, "ADDL"),
    (T, cell(3, CMT=1.5), "warning", "cmt-unknown", 5, "CMT"),
    # DV and MDV
    (T, cell(0, MDV=0), "warning", "mdv-disagrees", 2, "MDV"),
    (T, cell(3, MDV=2), "warning", "mdv-unknown", 5, "MDV"),
    (T, cell(3, DV=""), "warning", "dv-missing", 5, "DV"),
    (T, cell(3, MDV=1), "info", "dv-left-out", 5, "MDV"),
    (T, cell(0, DV=12), "info", "dv-on-dose", 2, "DV"),
    (T, cell(3, DV=-6.57), "warning", "dv-negative", 5, "DV"),
    (T, cell(3, DV="inf"), "warning", "dv-infinite", 5, "DV"),
    (P, cell(1, DV=0), "info", "dv-zero", 3, "DV"),
    # limits of quantification
    (M, cell(15, LLOQ=""), "warning", "blq-without-lloq", 17, "LLOQ"),
    (M, cell(3, BLQ=2), "warning", "blq-unknown", 5, "BLQ"),
    (M, cell(3, LLOQ=0), "warning", "lloq-impossible", 5, "LLOQ"),
    (M, cell(3, DV=0.003), "info", "dv-below-lloq", 5, "DV"),
    # who has what, once
    (T, minus(12), "warning", "id-without-dose", 14, "AMT"),
    (T, minus(*range(13, 24)), "warning", "id-without-observation", 14, "DV"),
    (T, copied(3), "warning", "duplicate-row", 6, "ID"),
    (T, copied(0, DV="0"), "warning", "duplicate-dose", 3, "AMT"),
    (T, copied(3, DV="6.6"), "info", "duplicate-time", 6, "TIME"),
    (T, copied(11, TIME=30, AMT=320, EVID=1, MDV=1, DV=""), "info", "dose-after-last-sample", 14, "TIME"),
    (T, copied(0, TIME=-0.0), "warning", "duplicate-row", 3, "ID"),
    (T, cell(0, TIME=0.2), "error", "time-decreasing", 3, "TIME"),
    (T, lambda rows: [rows[1], {**rows[0], "TIME": "0.1"}, *rows[2:]], "warning", "level-before-dose", 2, "DV"),
    # covariates
    (T, cell(3, WT=""), "warning", "covariate-missing", 5, "WT"),
    (T, cell(3, WT="79.6kg"), "warning", "covariate-impossible", 5, "WT"),
    (T, cell(3, WT=0), "warning", "covariate-impossible", 5, "WT"),
    (S, cell(3, HT=1.575), "warning", "covariate-impossible", 5, "HT"),
    (T, cell(3, WT=76.9), "warning", "covariate-changes", 5, "WT"),
    (S, cell(3, SEX="M"), "warning", "covariate-changes", 5, "SEX"),
    (P, cell(3, APGR=8), "info", "covariate-changes", 5, "APGR"),
    (P, cell(3, APGR="good"), "warning", "column-mixed", 5, "APGR"),
    # drugs, rates and units
    (M, scaled("AMT", 1000, "2"), "warning", "dose-implausible", 18, "AMT"),
    (S, cell(7, AMT=2682, RATE=44.7), "warning", "infusion-implausible", 9, "RATE"),
    (P, cell(0, RATE=15000), "warning", "rate-implausible", 2, "RATE"),
    (S, scaled("RATE", 60), "warning", "rate-implausible", 2, "RATE"),
    (P, cell(0, RATE=5), "info", "level-during-infusion", 3, "DV"),
    (M, cell(1, DV=314), "warning", "level-implausible", 3, "DV"),
    (T, scaled("DV", 1000), "warning", "units-suspect", 3, "DV"),
    (W, scaled("DV", 0.001), "warning", "units-suspect", 0, "DV"),  # of the whole file; the line is an example
    (P, scaled("DV", 1000, "2"), "warning", "units-suspect", 15, "DV"),
    (P, scaled("DV", 0.001, "1"), "warning", "units-suspect", 3, "DV"),
    (P, fosphenytoin_salt, "warning", "pe-or-salt", 2, "AMT"),
    (M, cell(0, DRUG="midazolan"), "warning", "drug-unknown", 2, "DRUG"),
]


@pytest.mark.parametrize(("name", "change", "severity", "rule", "line", "column"), SEEDS)
def test_a_planted_defect_is_found(name, change, severity, rule, line, column, tmp_path):
    found = pkpd.check(planted(tmp_path, name, change), units=UNITS.get(name))
    if not rule:
        assert not found["severity"].isin(["error", "warning"]).any()
        return
    hits = found[(found["rule"] == rule) & (found["column"] == column)]
    assert len(hits), f"{rule} was not found; found {found['rule'].tolist()}"
    assert (hits["severity"] == severity).any()
    if line:
        assert line in hits["line"].tolist()
    if severity == "info":
        assert not found["severity"].isin(["error", "warning"]).any()
    for message, fix in zip(hits["message"], hits["fix"], strict=True):
        assert message.endswith((".", ")")) and len(message.split()) > 4 and fix


def test_forty_defects_and_more():
    assert sum(bool(rule) for *_, rule, _, _ in SEEDS) >= 40


CLEAN = [
    (OBSERVED / "theophylline.csv", None),
    (OBSERVED / "warfarin.csv", None),
    (OBSERVED / "phenobarbital.csv", None),
    (OBSERVED / "propofol.csv", {"TIME": "min", "AMT": "mg", "RATE": "mg/min", "DV": "mg/L"}),
    (ROOT / "tests" / "data" / "nlmixr_simulated" / "infusion_1cptmm.csv", {"AMT": "ug", "DV": "ug/L"}),
    (OBSERVED / "midazolam.csv", None),
    (OBSERVED / "levetiracetam.csv", None),
    (OBSERVED / "indometacin.csv", None),
]


@pytest.mark.parametrize(("path", "units"), CLEAN, ids=[path.stem for path, _ in CLEAN])
def test_clean_sets_have_no_error_and_no_warning(path, units):
    found = pkpd.check(path, units=units)
    assert not found["severity"].isin(["error", "warning"]).any(), found.to_string()


def test_what_is_an_error_is_refused_by_predict_in_the_same_words(tmp_path):
    for name, change, severity, *_ in SEEDS:
        if severity != "error":
            continue
        path = planted(tmp_path, name, change)
        first = pkpd.check(path).iloc[0]
        with pytest.raises(pkpd.DataError) as refused:
            pkpd.predict(path, "2cmt oral", {"CL": 1, "V1": 1, "Q2": 1, "V2": 1, "KA": 1})
        assert str(refused.value).startswith(f"{path.name} line {first['line']}: {first['message']} {first['fix']}")


def test_occasions_are_told_apart_first(tmp_path):
    def restart(rows):
        for row in rows:
            row["EVID"] = "1" if row["EVID"] == "4" else row["EVID"]

    path = planted(tmp_path, "midazolam", restart)
    alone = pkpd.check(path)
    assert alone["rule"].tolist() == ["time-decreasing"] * 3 and alone["id"].tolist() == [4, 5, 6]
    assert len(pkpd.check(path, by="OCC")) == 0


def test_the_list_of_a_rule_ends_and_says_so():
    found = pkpd.check(OBSERVED / "propofol.csv")
    assert len(found) == MOST_PER_RULE and found["message"].str.contains("more row").sum() == 1
    assert "(and " in found["message"].iloc[-1]


def test_several_defects_are_all_reported(tmp_path):
    def change(rows):
        rows[3]["DV"] = "n.q."
        rows[5]["MDV"] = "7"
        rows[12]["AMT"] = "0"

    found = pkpd.check(planted(tmp_path, "theophylline", change))
    listed = found[found["severity"] != "info"][["severity", "rule", "line"]].values.tolist()
    assert listed == [
        ["error", "not-numeric", 5],
        ["error", "dose-without-amt", 14],
        ["warning", "mdv-unknown", 7],
    ]


def test_decimal_commas_are_reported_and_not_what_follows_from_them(tmp_path):
    """Not that the ID has no observation, nor that a dose which cannot be read is a row without DV."""
    path = tmp_path / "commas.csv"
    path.write_text("ID;TIME;AMT;DV\n1;0;3,5;\n1;1;;186,3\n1;2;;84,2\n2;0;5;\n2;1;;60\n")
    found = pkpd.check(path, units={"DV": "ng/mL"})
    assert found[["rule", "line", "column"]].values.tolist() == [
        ["not-numeric", 2, "AMT"],
        ["not-numeric", 3, "DV"],
        ["not-numeric", 4, "DV"],
    ]
    assert found["fix"].str.contains("decimal point").all()


def test_columns_of_the_result():
    columns = ["severity", "rule", "line", "id", "column", "message", "fix"]
    clean = pkpd.check(pd.DataFrame({"ID": ["a", "a"], "TIME": [0, 1], "AMT": [5, 0], "DV": [None, 0.1], "WT": 70.0}))
    assert list(clean.columns) == columns and len(clean) == 0
    assert len(rows_of("theophylline")) == 144


def test_without_a_column_the_drug_is_that_of_the_file_name_and_it_is_said(tmp_path):
    path = planted(tmp_path, "midazolam", scaled("AMT", 1000, "2"))
    unnamed = path.with_name("midazolam_iv.csv")
    pd.read_csv(path).drop(columns="DRUG").to_csv(unnamed, index=False)
    found = pkpd.check(unnamed).set_index("rule")
    assert found.loc["dose-implausible", "line"] == 18 and found.loc["drug-by-file-name", "severity"] == "info"
    assert "judged as those of midazolam, by the file's name" in found.loc["drug-by-file-name", "message"]


def test_kinds_of_observation_may_be_named():
    data = pd.DataFrame({"ID": 1, "TIME": [0, 1, 1], "AMT": [100, 0, 0], "DV": [None, 3.0, 80.0], "WT": 70.0})
    assert len(pkpd.check(data.assign(DVID=["cp", "cp", "pca"]))) == 0  # 80 % is no level
    assert "duplicate-time" in pkpd.check(data)["rule"].tolist()


def test_moles_need_the_drug():
    data = pd.DataFrame({"ID": 1, "TIME": [0, 1], "AMT": [1000, 0], "DV": [None, 60.0], "WT": 70.0})
    assert pkpd.check(data, units={"DV": "umol/L"})["rule"].tolist() == ["units-in-moles"]
    assert len(pkpd.check(data.assign(DRUG="phenytoin"), units={"DV": "umol/L"})) == 0
