"""The parts of the Calibration page."""
