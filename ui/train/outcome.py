"""What a training run ended with: a diagnosis, what to do next with the network, and its worst mistakes."""

import streamlit as st

from mnist_core.analysis.diagnosis import Diagnosis, diagnose
from mnist_core.analysis.selection import mistakes_by_loss
from mnist_core.config import TrainConfig
from mnist_core.runs import Run, RunError
from ui import caches, glossary, run_picker
from ui.components.gallery.gallery import gallery
from ui.labels import without_markup
from ui.shell import page_link
from ui.train.buttons import train_again_with_another_seed
from ui.train.form import Form

N_MISTAKES = 10  # digits shown below a result


def show_diagnosis(run: Run, error: str | None) -> None:
    """Say in a sentence from the run's own numbers how it went, and what to try next; nothing for an ensemble."""
    if not isinstance(run.config, TrainConfig):
        return
    diagnosis = diagnose(run.config, caches.history(run), run.result, error)
    with st.container(key="diagnosis"):
        if error and (diagnosis is None or diagnosis.kind != "diverged"):
            st.error(without_markup(error))
        if diagnosis is not None:
            diagnosis_box(diagnosis)


def diagnosis_box(diagnosis: Diagnosis) -> None:
    """Show a diagnosis in the colour of its kind: only a network that has learned is green."""
    text = f"{diagnosis.sentence} {diagnosis.advice}"
    if diagnosis.kind == "done":
        st.success(text, icon=":material/check_circle:")
    elif diagnosis.kind == "still improving":
        st.info(text, icon=":material/trending_up:")
    elif diagnosis.kind == "memorising":
        st.warning(text, icon=":material/warning:")
    else:
        st.error(text, icon=":material/error:")


def next_actions(run: Run, form: Form) -> None:
    """Offer to draw with the network, to see what it misreads, to compare it, and to train it again."""
    with st.container(horizontal=True, key="outcome_links"):
        page_link("Draw", "Draw with this network", run=run.name)
        page_link("Mistakes", "What does it misread?", run=run.name)
        before = run_picker.run_before(run)
        if before is not None:
            page_link("Curves", "Compare with the one before", runs=f"{run.name},{before.name}", run=run.name)
        if form.config is not None and form.config == run.config:
            st.button(
                "Again with another seed",
                key="another_seed",
                icon=":material/casino:",
                on_click=train_again_with_another_seed,
                args=[form],
                help="The same settings from other initial weights and in another order. With the same seed, the same "
                "machine computes the same numbers.",
            )


def show_mistakes(run: Run) -> None:
    """Show the misclassified test digits with the largest losses; a click opens one on the Mistakes page."""
    try:
        predictions = caches.predictions(run)
    except RunError as error:
        st.error(str(error))
        return
    mistakes = mistakes_by_loss(predictions.log_probabilities, predictions.labels)
    st.subheader("What it still misreads", anchor=False)
    if not len(mistakes):
        st.caption("Nothing: every test digit was read correctly.")
        return
    shown = mistakes[:N_MISTAKES]
    glossary.caption(
        f"{len(mistakes):,} of {len(predictions.labels):,} test digits. These are the worst: written (true [[label]]) "
        "→ read as (prediction). Click one to see why."
    )
    digits = caches.digits_or_none(run.config.dataset, "test")
    if digits is None:
        st.caption("The pictures are MNIST's, which is not on this machine yet.")
        return
    predicted = predictions.log_probabilities.argmax(1)
    pairs = [(int(predictions.labels[index]), int(predicted[index])) for index in shown]
    with st.container(key="worst_mistakes"):
        clicked = gallery(
            "worst",
            "The worst mistakes",
            shown,
            digits.images[shown],
            [f"{label} → {read}" for label, read in pairs],
            [f"Written {label}, read as {read}" for label, read in pairs],
            size=72,
        )
    if clicked is not None:
        st.switch_page("pages/mistakes.py", query_params={"run": run.name, "digit": str(clicked)})
