"""Streamlit components with JavaScript of their own; each folder holds its Python, JavaScript and CSS."""
