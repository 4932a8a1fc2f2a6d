"""Train a network and watch it learn: ten digits with its answers, its filters, its accuracy and the curve."""

import streamlit as st

from mnist_core.config import TrainConfig
from mnist_core.runs import Run
from ui import caches, run_name, run_picker, run_summary
from ui.shell import next_steps, shell
from ui.train import buttons, curve, details, form, outcome, picture

TICK = 0.25  # seconds between two updates while something trains

shell("Train")
choices = form.recipe_form()
queue = caches.queue()
run = run_picker.run_in_view()
live, in_line = queue.is_training(run), queue.is_waiting(run)
waiting = run is None and picture.is_computing(choices.shown)

if run is None:
    buttons.welcome(choices.shown)
else:
    run_summary.heading(run)
buttons.controls(choices, run)


@st.fragment(run_every=TICK if live else 1.0 if in_line else None)
def training(run: Run) -> None:
    """Show the living picture and the curve of a run, four times a second while it trains."""
    if (queue.is_training(run), queue.is_waiting(run)) != (live, in_line):
        st.rerun()  # it has begun or ended: the whole page changes
    picture.show_run(run, TICK)
    curve.show_run(run)
    if live:
        details.progress_line(run)


@st.fragment(run_every=0.5 if waiting else None)
def before_training(config: TrainConfig) -> None:
    """Show what the network guesses before it has learned anything, as soon as that is known."""
    layers = picture.show_untrained(config)
    if waiting and layers is not None:
        st.rerun()
    curve.pause_at_the_first_visit()
    curve.show_curve([], config.epochs, "a run that has not begun")
    details.layer_table(config, layers or [])


if run is None:
    before_training(choices.shown)
    buttons.finished_network_link(choices)
else:
    form.changes_since(run, choices.config)
    training(run)
    error = queue.failure(run.name) or run.error
    if run.result:
        outcome.next_actions(run, choices)
    if not live and not in_line:
        outcome.show_diagnosis(run, error)
    if run.result:
        outcome.show_mistakes(run)
        with st.expander("Name and details of the result"):
            run_name.name_field(run)
            st.markdown(run_summary.accuracy_in_words(run))
            run_summary.details_table(run)
    if isinstance(run.config, TrainConfig):
        details.layer_table(run.config, caches.layers(run))
next_steps("Train")
