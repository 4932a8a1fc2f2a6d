"""A grid of digits to click."""
