"""What can be learned from a trained network.

`calibration`, `comparison`, `evaluation`, `selection` and `label_errors` study its predictions on a test set;
`activations`, `attribution`, `embeddings`, `neighbors`, `perturbations` and `attacks` study one digit.
"""
