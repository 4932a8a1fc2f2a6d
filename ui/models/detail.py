"""One run of the Models page: its result, its recipe and settings, its name, its files."""

import streamlit as st

from mnist_core.config import TrainConfig
from mnist_core.recipes import RECIPES
from mnist_core.runs import CONFIG, MODEL, Run, RunError
from ui import caches, glossary, run_actions, visitor
from ui.labels import changed_settings, without_markup
from ui.run_picker import run_before
from ui.run_summary import result_metrics
from ui.shell import page_link


def result(run: Run) -> None:
    """Show the run's result, or why it has none."""
    try:
        if run.result:
            result_metrics(run)
        elif run.error:
            st.error(without_markup(run.error))
        else:
            st.caption("This run has no result yet: it is tested when its training has ended.")
    except RunError as error:
        st.error(str(error))
    for damage in damages(run):
        st.error(damage)


def damages(run: Run) -> list[str]:
    """Return what cannot be used of a run that is listed, a sentence for each of its files."""
    found = []
    for read in (caches.history, caches.snapshots, *((caches.predictions,) if run.tested else ())):
        try:
            read(run)
        except RunError as error:
            found.append(str(error))
    return found


def about(run: Run) -> None:
    """Show what the run's recipe is and which settings were changed."""
    recipe = RECIPES.get(run.recipe or "")
    changed = changed_settings(recipe.config, run.config) if recipe and isinstance(run.config, TrainConfig) else []
    text = recipe.description if recipe else ""
    text = (
        f"The mean of the log-probabilities of {', '.join(map(without_markup, run.members))}." if run.members else text
    )
    glossary.caption(f"{text} Changed: {', '.join(changed)}." if changed else text)


def actions(run: Run) -> None:
    """Show what the visitor may do with this run, and where it stands while it has no result."""
    if visitor.may_change(run):
        with st.container(horizontal=True, vertical_alignment="center", key="run_actions"):
            run_actions.go_on_or_end(run)
            run_actions.keep_or_delete(run)
    run_actions.where_it_stands(run)


def links(run: Run) -> None:
    """Show where to go with this run."""
    with st.container(key="model_links", gap="xsmall"):
        page_link("Train", "See its curves and its worst mistakes", run=run.name)
        if run.tested:
            page_link("Draw", "Draw a digit for it", run=run.name)
            before = run_before(run)
            runs = {"runs": f"{run.name},{before.name}"} if before is not None else {}
            page_link("Curves", "Compare it with another", run=run.name, **runs)


def downloads(run: Run) -> None:
    """Offer the run's weights and settings for download; nothing if it has no weights."""
    try:
        weights, settings = run.content(MODEL), run.content(CONFIG)
    except RunError:  # there are none, or `result` says why they cannot be read
        return
    with st.container(horizontal=True):
        st.download_button(
            "Weights",
            weights,
            f"{run.name}.safetensors",
            icon=":material/download:",
            help="The network's parameters as safetensors, for mnist_core.load_run or any program that reads that "
            "format.",
        )
        st.download_button(
            "Settings",
            settings,
            f"{run.name}.json",
            icon=":material/download:",
            help="All settings of the training run as JSON.",
        )
