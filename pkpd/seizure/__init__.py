"""The seizure beside the kinetics: who seizes, what the drugs do to the receptors, what that means."""
