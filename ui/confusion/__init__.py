"""The parts of the Confusion matrix page."""
