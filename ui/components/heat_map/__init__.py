"""A confusion matrix to click."""
