"""What can be learned from a trained network: calibration, comparison, attribution, neighbors, perturbations, attacks."""
