"""How the pages show things: their frame, controls, charts and caches, and a package for the parts of each page."""
