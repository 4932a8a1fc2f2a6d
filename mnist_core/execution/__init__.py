"""Where training happens: in a process of its own on this machine."""
