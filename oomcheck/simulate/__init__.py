"""Random runs of a model: walks without time, discrete-event simulation with it. No verdict comes from here."""
