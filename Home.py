"""Train a network: the recipe in the sidebar, the learning curves as they grow, and the result."""

import streamlit as st

from mnist_core.runs import Run
from ui import caches, labels, run_picker, run_summary
from ui.shell import next_steps, shell
from ui.train import buttons, curves, form, layer_table, mistakes, progress

shell("Train")
recipe, name, config = form.recipe_form()
run = run_picker.run_in_view(name)
executor = caches.executor()

with st.container(key="phone_buttons"):
    if executor.run:
        st.button(
            "Stop the training",
            key="stop_on_phone",
            on_click=buttons.stop_training,
            width="stretch",
            icon=":material/stop:",
        )
    else:
        buttons.train_button("Train this recipe", "train_on_phone", name, config)


@st.fragment(run_every=1 if executor.run and not executor.stopping else None)
def metrics_and_curves(run: Run) -> None:
    """Show the run's metrics and learning curves, every second while something is training."""
    if run.result:
        run_summary.result_metrics(run)
    else:
        progress.progress(run)
    curves.show_curves(run)


if run is None:
    st.info("There is no result to show here yet. Press Train in the sidebar, and watch the network learn.")
else:
    run_summary.heading(run)
    error = executor.failure(run.name) or run.error
    if error:
        st.error(error)
    metrics_and_curves(run)
    curves.insight(run)
    if run.result:
        mistakes.show_mistakes(run)

shown = config or recipe.config
st.subheader(f"The network: {labels.choice_title('architecture', shown.architecture)}", anchor=False)
layer_table.layer_table(caches.layers(shown.architecture, shown.dropout))
next_steps("Train")
