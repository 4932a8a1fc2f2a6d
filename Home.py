"""Train a network: the recipe in the sidebar, its curves as they grow, and what came of it."""

import streamlit as st

from ui import caches, controls, form, report, words
from ui.shell import links_to_others, shell

shell("Train")
recipe, name, config = form.recipe_form()
run = controls.run_in_view(name)
worker = caches.worker()
failure = worker.failure(run.name) if run else None

with st.container(key="train_here"):
    if worker.run:
        st.button("Stop the training", key="stop_on_phone", on_click=form.stop, width="stretch", icon=":material/stop:")
    else:
        form.train_button("Train this recipe", "train_on_phone", name, config)


@st.fragment(run_every=1 if worker.run and not worker.stopping else None)
def watch() -> None:
    """The figures and the curves, once a second while it learns."""
    if run.result:
        report.result(run)
    else:
        report.progress(run)
    report.curves(run)


if run is None:
    st.info("There is no result to show here yet. Press Train in the sidebar, and watch the network learn.")
else:
    report.heading(run)
    if failure or run.error:
        st.error(failure or run.error)
    watch()
    report.notice(run)
    if run.result:
        report.misread(run)

shown = config or recipe.config
st.subheader(f"The network: {words.title_of('architecture', shown.architecture)}", anchor=False)
report.network(caches.layers(shown.architecture, shown.dropout))
st.subheader("Go on", anchor=False)
links_to_others("Train")
