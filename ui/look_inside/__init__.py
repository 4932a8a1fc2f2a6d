"""The parts of the Look inside page."""
