"""Virtual trials: episodes drawn, enrolled, treated and scored beside the published arms."""
