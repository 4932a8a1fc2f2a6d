"""A scatter plot of digits."""
