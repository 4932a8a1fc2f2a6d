"""Train a network: the recipe in the sidebar, its curves as they grow, and what came of it."""

import streamlit as st

from ui import caches, labels, run_picker, run_summary
from ui.shell import links_to_other_pages, shell
from ui.train import curves, form, layer_table, mistakes, progress

shell("Train")
recipe, name, config = form.recipe_form()
run = run_picker.run_in_view(name)
worker = caches.executor()
failure = worker.failure(run.name) if run else None

with st.container(key="train_here"):
    if worker.run:
        st.button(
            "Stop the training",
            key="stop_on_phone",
            on_click=form.stop_training,
            width="stretch",
            icon=":material/stop:",
        )
    else:
        form.train_button("Train this recipe", "train_on_phone", name, config)


@st.fragment(run_every=1 if worker.run and not worker.stopping else None)
def watch() -> None:
    """The figures and the curves, once a second while it learns."""
    if run.result:
        run_summary.result_metrics(run)
    else:
        progress.progress(run)
    curves.show_curves(run)


if run is None:
    st.info("There is no result to show here yet. Press Train in the sidebar, and watch the network learn.")
else:
    run_summary.heading(run)
    if failure or run.error:
        st.error(failure or run.error)
    watch()
    curves.insight(run)
    if run.result:
        mistakes.show_mistakes(run)

shown = config or recipe.config
st.subheader(f"The network: {labels.choice_title('architecture', shown.architecture)}", anchor=False)
layer_table.layer_table(caches.layers(shown.architecture, shown.dropout))
st.subheader("Go on", anchor=False)
links_to_other_pages("Train")
