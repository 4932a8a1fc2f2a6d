"""A scatter plot of digits to click."""
