"""The drawing of a network, with layers to click."""
