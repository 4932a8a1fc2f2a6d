"""In the sidebar of a server with a word for the teacher: the form to sign in with it."""

import streamlit as st

from ui import caches, visitor


def teacher_area() -> None:
    """Show that the visitor is the teacher, or a form to become it; nothing on a server without a word for one."""
    if not caches.visitors().has_teacher:
        return
    if visitor.is_teacher():
        with st.container(horizontal=True, vertical_alignment="center", key="teacher"):
            st.caption("**You are the teacher.** You may stop, cancel and delete everybody’s runs.", width="stretch")
            st.button("Sign out", key="sign_out", type="tertiary", on_click=sign_out)
        return
    with st.popover("For the teacher", icon=":material/school:", key="teacher", type="tertiary"):
        st.caption("Sign in with the word that this server was started with, and all runs and the queue are yours.")
        with st.form("teacher_form", border=False, clear_on_submit=True):
            word = st.text_input("Word", type="password", key="teacher_word")
            if st.form_submit_button("Sign in"):
                sign_in(word)


def sign_in(word: str) -> None:
    """Sign the visitor in as the teacher, or say why not."""
    problem = caches.visitors().sign_in(visitor.owner(), word)
    if problem is None:
        st.rerun()
    st.error(problem)


def sign_out() -> None:
    """Let the visitor be the teacher no longer."""
    caches.visitors().sign_out(visitor.owner())
