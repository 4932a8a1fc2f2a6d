"""One run on a page: its figures, its curves, and the digits it misreads."""

import pandas as pd
import streamlit as st

from mnist_core.metrics import worst
from mnist_core.models import Layer
from mnist_core.recipes import RECIPES
from mnist_core.runs import CONFIG, MODEL, Run, RunError, latest
from ui import caches, controls, figures
from ui.words import changes, duration, label, percent, title_of

MISREAD = 10  # digits shown below a result
Figure = tuple[str, str, str, str | None]  # name, value, what stands below, help


def heading(run: Run) -> None:
    """What the run is called, how it stands, and which digits it is about."""
    live = caches.worker().run
    status = "training" if live is not None and live.name == run.name else standing(run)
    colour = {"training": "blue", "finished": "green", "stopped": "orange", "failed": "red", "damaged": "red"}.get(
        status, "gray"
    )
    with st.container(horizontal=True, vertical_alignment="center", key="heading"):
        st.subheader(label(run), anchor=False, width="content")
        st.badge(status, color=colour)  # type: ignore[arg-type]
        st.badge(title_of("dataset", run.config.dataset), color="gray")
        if run.shipped:
            st.badge("comes with the app", color="gray")


def progress(run: Run) -> None:
    """How far the training is: as many figures as `result` has, so that nothing jumps when it ends."""
    history = run.history
    last = latest(history)
    checked = [row for row in history if "validation_accuracy" in row]
    left = last["seconds"] / last["step"] * (last["steps"] - last["step"]) if last else None
    figures_row(
        ("Epoch", f"{last.get('epoch', 0):.1f}", f"of {run.config.epochs:g}", "Passes over all training digits."),
        ("Training accuracy", percent(last.get("accuracy")), "of the last batches", "On digits it is learning from."),
        (
            "Validation accuracy",
            percent(checked[-1]["validation_accuracy"]) if checked else "…",
            f"of {run.config.validation_size:,} digits held out",
            "On digits it never learns from, after each epoch. It chooses the network that is kept.",
        ),
        ("Speed", f"{last.get('images_per_second', 0):,.0f}", "digits per second", "Since the training began."),
        ("Time left", duration(left), "if nobody stops it", "At the speed so far."),
    )


def result(run: Run) -> None:
    """What came out, with its uncertainty, beside what the recipe's author reported."""
    test, validation = run.result["test"], run.result["validation"]
    low, high = test["interval"]
    right = round(test["accuracy"] * test["images"])
    figures_row(
        (
            "Test accuracy",
            percent(test["accuracy"]),
            f"95 % interval {100 * low:.2f} to {100 * high:.2f}",
            f"{right:,} of {test['images']:,} test digits read correctly: digits that neither taught the network nor "
            "chose it. On another test set of this size it would likely be within the interval.",
        ),
        ("Test loss", f"{test['loss']:.4f}", "nats a digit", "Cross-entropy: 2.30 is guessing, 0 certain and right."),
        origin(run, percent(validation["accuracy"])),
        (
            "Trained in",
            duration(run.result["seconds"]),
            f"{run.result['cpu_seconds']:,.0f} CPU seconds",
            f"{run.result['device'].upper()}, {run.result['machine']}, {run.config.threads} thread(s), "
            f"{run.result['precision']}.",
        ),
        original(run),
    )


def origin(run: Run, validation: str) -> Figure:
    """Which epoch of the training is kept, or who votes."""
    below = f"validation {validation}"
    if run.members:
        return "Voters", f"{len(run.members)}", below, f"The mean of the log-probabilities of {', '.join(run.members)}."
    kept = "The epoch that was best on the validation digits" if run.config.keep == "best" else "The last epoch"
    epochs = f"{run.result['best_epoch']:.3g} of {run.result['epochs']:.3g}"
    return "Epoch kept", epochs, below, f"{kept} is the one that is kept and tested."


def original(run: Run) -> Figure:
    """What the program reported that the recipe follows, or the size of the network where it follows none."""
    recipe = RECIPES.get(run.recipe or "")
    if recipe is None or not recipe.reported:
        return "Parameters", f"{run.result['parameters']:,}", "weights and biases", "Numbers the network learned."
    about = f"What the program this recipe follows reported: {recipe.reported}."
    if recipe.reported_accuracy is None:
        return "Original", "no figure", "it reported “high accuracy”", about
    return "Original", percent(recipe.reported_accuracy), versus(run, recipe.reported_accuracy), about


def versus(run: Run, reported: float) -> str:
    """How the run's accuracy stands to a reported one; within its interval the two do not differ."""
    low, high = run.result["test"]["interval"]
    if reported < low:
        return "this run is better"
    return "this run is worse" if reported > high else "no clear difference"


def curves(run: Run) -> None:
    """Loss and accuracy side by side, one below the other on a phone."""
    if run.members:
        st.caption("A vote is not trained: its members were. Each of them has curves of its own.")
        return
    history = run.history
    left, right = st.columns(2, gap="medium")
    for place, metric in ((left, "accuracy"), (right, "loss")):
        with place:
            st.plotly_chart(
                figures.curves(history, metric, run.config.epochs),
                key=f"curve_{metric}",
                config=figures.NO_BAR,
                alt=f"{metric} of {label(run)} against epochs, for training and validation digits",
            )


def notice(run: Run) -> None:
    """What to notice in the curves, in a sentence for a learner."""
    if run.members:
        return
    st.caption(
        "What to notice: the orange line is measured on the digits it is learning from, the blue one on digits it has "
        "never seen. While both improve it learns; where only the orange one does, it has begun to memorise."
    )


def misread(run: Run) -> None:
    """The worst mistakes on the test set as pictures, if the digits are on this machine."""
    try:
        answers = run.predictions
    except RunError as error:
        st.error(str(error))
        return
    order = worst(answers.log_probabilities, answers.labels)
    st.subheader("What it still misreads", anchor=False)
    if not len(order):
        st.caption("Nothing: every test digit was read correctly.")
        return
    st.caption(f"{len(order):,} of {len(answers.labels):,} test digits; these it got most wrong. Written → read as.")
    digits = controls.digits_or_none(run.config.dataset, "test")
    if digits is None:
        st.caption("The pictures are MNIST's, which is not on this machine yet.")
        return
    shown = order[:MISREAD]
    read = answers.log_probabilities.argmax(1)
    with st.container(key="misread"):
        st.image(
            [figures.address(figures.picture(digits.images[index])) for index in shown],
            caption=[f"{answers.labels[index]} → {read[index]}" for index in shown],
            width=84,
        )


SHELF_COLUMNS = {
    "Test accuracy": st.column_config.NumberColumn(format="%.2f %%", help="Share of the test digits read correctly."),
    "95 % interval": st.column_config.TextColumn(help="Where the accuracy on another such test set would likely lie."),
    "Loss": st.column_config.NumberColumn(format="%.4f", help="Cross-entropy on the test digits, in nats."),
    "Original": st.column_config.TextColumn(help="What the program reported that the recipe follows."),
    "Parameters": st.column_config.NumberColumn(format="localized", help="Numbers the network learned."),
    "CPU seconds": st.column_config.NumberColumn(format="%.0f", help="What the training cost, on one core."),
}


def shelf(runs: list[Run]) -> pd.DataFrame:
    """A row for each run: what it is and how well it reads."""
    return pd.DataFrame([shelf_row(run) for run in runs])


def shelf_row(run: Run) -> dict[str, object]:
    """One run of the shelf; a damaged one still has its name and says so."""
    live = caches.worker().run
    recipe = RECIPES.get(run.recipe or "")
    row: dict[str, object] = {
        "Model": label(run),
        "Test accuracy": None,
        "95 % interval": "",
        "Loss": None,
        "Digits": title_of("dataset", run.config.dataset),
        "Status": "training" if live and live.name == run.name else standing(run),
        "Original": recipe.reported if recipe else "",
        "Parameters": None,
        "CPU seconds": None,
        "Trained": run.created.replace("T", " ")[:16],
    }
    if standing(run) in ("finished", "stopped"):
        low, high = run.result["test"]["interval"]
        row |= {
            "Test accuracy": round(100 * run.result["test"]["accuracy"], 2),
            "95 % interval": f"{100 * low:.2f} to {100 * high:.2f}",
            "Loss": run.result["test"]["loss"],
            "Parameters": run.result["parameters"],
            "CPU seconds": run.result["cpu_seconds"],
        }
    return row


def standing(run: Run) -> str:
    """How a run ended, or that it cannot be read."""
    try:
        return {"unfinished": "cut off"}.get(run.status, run.status)
    except RunError:
        return "damaged"


def about(run: Run) -> None:
    """What the run is made of, and its result if it has one."""
    recipe = RECIPES.get(run.recipe or "")
    changed = changes(recipe.config, run.config) if recipe else []
    text = recipe.about if recipe else ""
    text = f"The mean of the log-probabilities of {', '.join(run.members)}." if run.members else text
    st.markdown(f"{text} Changed: {', '.join(changed)}." if changed else text)
    try:
        if run.result:
            result(run)
        elif run.error:
            st.error(run.error)
        else:
            st.info("This run has no result yet: it is still training, or was cut off before it could be tested.")
    except RunError as error:
        st.error(str(error))
    st.page_link(
        "Home.py", label="Open it: curves and mistakes", icon=":material/show_chart:", query_params={"run": run.name}
    )


def downloads(run: Run) -> None:
    """The files that make the run, for use elsewhere."""
    weights = run.folder / MODEL
    if not weights.is_file():
        return
    with st.container(horizontal=True):
        st.download_button(
            "Weights",
            weights.read_bytes,
            f"{run.name}.safetensors",
            icon=":material/download:",
            help="The network's numbers as safetensors: mnist_core.load_run, or any program that reads that format.",
        )
        st.download_button(
            "Recipe",
            (run.folder / CONFIG).read_bytes,
            f"{run.name}.json",
            icon=":material/download:",
            help="Every setting of the training as JSON.",
        )


def network(layers: list[Layer]) -> None:
    """The layers as a table, from the picture to the answer."""
    total = sum(layer.parameters for layer in layers)
    st.caption(
        f"{total:,} parameters. Read it from top to bottom: a digit of 1 × 28 × 28 goes in, ten scores come out, and "
        "the largest is the answer."
    )
    st.table(
        {
            "Layer": [layer.name for layer in layers],
            "What it does": [f"{layer.kind}: {layer.about}" for layer in layers],
            "Output": ["\N{NO-BREAK SPACE}×\N{NO-BREAK SPACE}".join(map(str, layer.shape)) for layer in layers],
            "Parameters": [f"{layer.parameters:,}" if layer.parameters else "–" for layer in layers],
        },
        border="horizontal",
        hide_index=True,
    )


def figures_row(*rows: Figure) -> None:
    """A few figures side by side, each with its help; on a phone they wrap."""
    with st.container(horizontal=True, key="figures"):
        for name, value, below, about in rows:
            st.metric(name, value, below or None, delta_color="off", delta_arrow="off", help=about)
