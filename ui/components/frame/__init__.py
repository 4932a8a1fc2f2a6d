"""The behaviour of the frame around every page."""
