"""A button that scrolls to another part of the page."""
