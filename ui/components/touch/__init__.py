"""Touch input for Plotly charts."""
