"""What the confusion matrix says in numbers: of the whole test set, and of each of the ten digits."""

import pandas as pd
import streamlit as st

from mnist_core.metrics import per_class
from mnist_core.runs import Predictions, Run
from mnist_core.text import count
from ui import glossary
from ui.labels import interval, percent

PERCENT_FORMAT = "%.2f %%"
CLASS_COLUMNS = {
    "Digit": st.column_config.NumberColumn(help="The digit that this row is about.", width="small"),
    "Precision": st.column_config.NumberColumn(format=PERCENT_FORMAT, help=glossary.help("precision")),
    "Recall": st.column_config.NumberColumn(format=PERCENT_FORMAT, help=glossary.help("recall")),
    "F1": st.column_config.NumberColumn(
        format="%.4f", help=glossary.help("F1", "2 × precision × recall ÷ (precision + recall).")
    ),
    "Support": st.column_config.NumberColumn(help=glossary.help("support")),
}


def summary(run: Run, predictions: Predictions) -> None:
    """Say how many test digits a run reads correctly, and which digit it reads worst."""
    predicted = predictions.log_probabilities.argmax(1)
    n_mistakes = int((predicted != predictions.labels).sum())
    f1 = per_class(predicted, predictions.labels)["f1"]
    test = run.outcome.test
    glossary.markdown(
        f"It misreads **{count(n_mistakes, 'digit')}** of {len(predicted):,}: its accuracy is "
        f"{percent(test.accuracy)} (95 % [[interval|confidence interval]] {interval(*test.interval)} %). "
        + (
            f"It has most trouble with the **{f1.argmin()}**: its F1 is {f1.min():.4f}, the mean of all ten "
            f"(macro F1) {f1.mean():.4f}."
            if n_mistakes
            else ""
        )
    )


def table(predictions: Predictions) -> None:
    """Show the metrics of each digit as a table to sort."""
    predicted = predictions.log_probabilities.argmax(1)
    metrics = per_class(predicted, predictions.labels)
    columns = {
        "Digit": range(10),
        "Precision": 100 * metrics["precision"],
        "Recall": 100 * metrics["recall"],
        "F1": metrics["f1"],
        "Support": metrics["support"],
    }
    st.dataframe(
        pd.DataFrame(columns),
        column_config=CLASS_COLUMNS,
        hide_index=True,
        height="content",
        key="classes",
        alt="Precision, recall, F1 and support of each of the ten digits",
    )
    glossary.caption(
        "Low recall: this digit is often taken for another. Low precision: others are often taken for this one."
    )
