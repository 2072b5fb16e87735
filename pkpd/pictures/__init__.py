"""Every picture, in one style; each draws what it is given and computes no pharmacology."""
