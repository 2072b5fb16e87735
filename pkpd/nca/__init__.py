"""Non-compartmental analysis: from a profile of samples to its area, slope and what follows from them."""
