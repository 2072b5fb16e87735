"""What columns mean, in words: those of a run, of a result and of a profile. `{drug}` stands for each drug."""

from __future__ import annotations

__all__ = ["METRICS", "OUTPUTS", "RUN_COLUMNS", "WRITTEN_COLUMNS"]

#: Meaning, and what an empty cell stands for.
RUN_COLUMNS = {
    "scenario": ("name of the row, unique in the file", "required"),
    "regimen": (
        "the orders, separated by `;`; see [the regimen language](regimen_language.md)",
        "required; `none` is an untreated run",
    ),
    "until": ("how long to follow, from time 0", "required"),
    "n": ("subjects; 1 is the typical patient, more are drawn at random", "1"),
    "seed": ("of the random draws; rows with one seed share their subjects", "0"),
    "every": ("distance of the times of a profile", "1 min up to 24 h, else 1440 intervals"),
    "evidence": ("`established` or `exploratory`; see [evidence](evidence.md)", "`established`"),
    "models": (
        "`drug=model` in place of the model of the patient's age, `binding=option` for phenytoin; separated by `;`",
        "the first model of the patient's class",
    ),
    "seizure": (
        "`none`, or the preset of the receptor layer: `status`, `status-rodent`, `status-fast`; see "
        "[the receptor layer](receptor_layer.md)",
        "`none`",
    ),
    "seizure_onset": ("when the seizure begins; may be negative", "0"),
    "condition": (
        "`treatment` draws subjects until they seize just before the first order, `none` takes them as they come "
        "(n above 1)",
        "`treatment`",
    ),
}

WRITTEN_COLUMNS = {
    "status": "`ok`, or `error` for a row that could not be run",
    "reason": "why not: column, value, what was expected, what to do; also why a metric is empty",
    "warnings": "what to know before the numbers are used, separated by `;`",
}

METRICS = {
    "{drug}_cmax_mg_L": "highest total plasma concentration, at events and absorption peaks too, whatever the grid",
    "{drug}_tmax_h": "its time",
    "{drug}_auc_mg_h_L": "area under the plasma concentration from 0 to `until`, exact",
    "{drug}_cmin_mg_L": "lowest concentration from the first dose's peak to `until`",
    "{drug}_half_life_h": "terminal half-life; empty for saturable elimination",
    "{drug}_time_in_range_h": "time of the plasma concentration within the default range of the drug's page",
    "{drug}_brain_cmax_mg_L": "highest unbound concentration in the brain",
    "seizure_stopped": "1 if off (activity below 0.2, not above 0.5 since) at the end",
    "time_to_cessation_min": "minutes from the first order given to the first moment off; empty if never",
    "relapsed": "1 if seizing again after an off",
    "gaba_a_surface_min": "lowest share of GABA-A receptors at the surface",
    "chloride_max_mM": "highest chloride inside the neuron",
    "injury_end": "injury index at the end; 1 after 30 min of continuous convulsive activity",
    "stage_end": "code of the stage at the end (below)",
    "failed_weans": "times that the seizure came back when an anaesthetic infusion stopped",
    "over_t2": "1 if an episode lasted 30 min or longer",
    "pris_risk": "risk of the propofol infusion syndrome, cumulated to the end, 0 to 1",
    "pris_alert": "highest alert of the run: 0 green, 1 amber, 2 red",
}

OUTPUTS = {
    "{drug}_plasma_mg_L": "total concentration in plasma; a metabolite under its own name; fosphenytoin as phenytoin",
    "{drug}_unbound_mg_L": "unbound concentration in plasma",
    "{drug}_brain_mg_L": "unbound concentration in the brain, which drives the receptor layer",
    "{drug}_effect_mg_L": "the drug's own effect site, where its model has one (propofol)",
    "seizure_activity": "seizure activity S, 0 to 1; seizing from above 0.5 until below 0.2",
    "gaba_a_surface": "synaptic GABA-A receptors at the surface R, 1 at rest",
    "gaba_a_internal": "GABA-A receptors inside, in the same unit, 0.2 at rest",
    "chloride_mM": "chloride inside the neuron, mM, 5 at rest",
    "kcc2": "function of the chloride exporter KCC2, 1 at rest",
    "nmda_synaptic": "synaptic NMDA receptors N, 1 at rest",
    "e_cl_mV": "Nernst potential of chloride",
    "e_gaba_mV": "reversal potential of GABA-A with bicarbonate (GHK); the firing threshold is -50 mV",
    "benzodiazepine_occupancy": "share of the benzodiazepine sites taken, 0 to 1",
    "inhibition": "net inhibition, 1 at rest; negative where GABA excites",
    "inflammation": "inflammation index, 0 to 1",
    "pgp_fold": "P-gp transport relative to normal",
    "injury": "injury index J; 1 after 30 min of continuous convulsive activity",
    "tolerance_sedation": "tolerance to sedation, 0 to 0.7",
    "tolerance_anticonvulsant": "tolerance to the anticonvulsant effect, 0 to 0.4",
    "termination": "endogenous termination H, 0 to 1",
    "stage": "0 none, 1 seizure, 2 status epilepticus, 3 established, 4 refractory, 5 super-refractory",
    "sedation": "probability of Ramsay 4 or deeper",
    "respiratory_risk": "probability of a respiratory complication",
    "bis": "bispectral index under propofol",
    "burst_suppression": "burst suppression ratio, 0 to 1",
    "pris_risk": "risk of the propofol infusion syndrome, cumulated since the start, 0 to 1",
    "pris_risk_low": "lower end of its 95 % interval",
    "pris_risk_high": "upper end",
    "pris_alert": "0 green, 1 amber, 2 red at this time",
    "mitochondrial_impairment": "0 to 1",
    "lactate_mmol_L": "predicted lactate, mmol/L",
    "ck_U_L": "predicted creatine kinase, U/L",
    "triglycerides_mg_dL": "predicted triglycerides, mg/dL",
}
