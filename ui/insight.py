"""The box "What to notice", which has the same look on every page."""

from zlib import crc32

import streamlit as st

from ui import glossary


def insight(text: str) -> None:
    """Show in a box what there is to notice above it, in Markdown; [[terms]] carry their meaning (`ui.glossary`).

    For insights only: what a mark means, or what can be clicked, is a caption.
    """
    with st.container(key=f"insight_{crc32(text.encode()):x}", gap=None):
        st.markdown("**What to notice**")
        glossary.markdown(text)
