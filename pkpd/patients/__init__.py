"""Who is treated: one patient or a population, with covariates, genotypes and comedication."""
