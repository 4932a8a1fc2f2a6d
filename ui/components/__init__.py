"""Components with JavaScript of their own; each folder holds its py, js and css."""
