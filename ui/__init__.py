"""What the pages share: the frame around them, their controls, figures and caches."""
