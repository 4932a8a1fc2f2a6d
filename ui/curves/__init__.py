"""The parts of the Curves page."""
