"""Where training runs are executed: in a process beside the app."""
