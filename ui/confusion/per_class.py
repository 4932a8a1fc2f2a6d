"""A test set in numbers: four for all of it, five for each of the ten digits."""

import pandas as pd
import streamlit as st

from mnist_core.metrics import confusion_matrix, one_vs_rest_accuracy, per_class
from mnist_core.runs import Predictions, Run
from ui import metric_row
from ui.labels import percent


def summary(run: Run, answers: Predictions) -> None:
    """The whole test set in four numbers."""
    read = answers.log_probabilities.argmax(1)
    low, high = run.outcome.test.interval
    wrong = int((read != answers.labels).sum())
    f1 = per_class(read, answers.labels)["f1"]
    metric_row.metric_row(
        (
            "Test accuracy",
            percent(run.outcome.test.accuracy),
            f"95 % interval {100 * low:.2f} to {100 * high:.2f}",
            "Test digits read correctly, divided by all test digits. On another test set of this size it would likely "
            "be within the interval.",
        ),
        ("Misread", f"{wrong:,}", f"of {len(read):,} test digits", "Test digits whose answer is not what was written."),
        ("Macro F1", f"{f1.mean():.4f}", "1 is perfect", "The mean of the ten digits' F1, each counting the same."),
        (
            "Weakest digit",
            str(int(f1.argmin())),
            f"F1 {f1.min():.4f}",
            "The digit with the lowest F1: 2 × precision × recall ÷ (precision + recall).",
        ),
    )


PERCENT_FORMAT = "%.2f %%"
CLASS_COLUMNS = {
    "Digit": st.column_config.NumberColumn(help="The digit that is meant in this row.", width="small"),
    "Accuracy": st.column_config.NumberColumn(
        format=PERCENT_FORMAT,
        help="“Is it this digit, yes or no?”: the right answers, both yes and no, divided by all test digits.",
    ),
    "Precision": st.column_config.NumberColumn(
        format=PERCENT_FORMAT, help="Of all that were read as this digit, the share that was written as it."
    ),
    "Recall": st.column_config.NumberColumn(
        format=PERCENT_FORMAT, help="Of all that were written as this digit, the share that was read as it."
    ),
    "F1": st.column_config.NumberColumn(
        format="%.4f", help="2 × precision × recall ÷ (precision + recall): high only if both are."
    ),
    "Support": st.column_config.NumberColumn(help="How many test digits were written as this one."),
}


def table(answers: Predictions) -> None:
    """Each digit's own figures as a table to sort."""
    read = answers.log_probabilities.argmax(1)
    found = per_class(read, answers.labels)
    table = {
        "Digit": range(10),
        "Accuracy": 100 * one_vs_rest_accuracy(confusion_matrix(read, answers.labels)),
        "Precision": 100 * found["precision"],
        "Recall": 100 * found["recall"],
        "F1": found["f1"],
        "Support": found["support"],
    }
    st.dataframe(
        pd.DataFrame(table),
        column_config=CLASS_COLUMNS,
        hide_index=True,
        height="content",
        key="classes",
        alt="Accuracy, precision, recall, F1 and support of each of the ten digits",
    )
    st.caption(
        "What to notice: low recall means that this digit is often taken for others, low precision that others are "
        "often taken for it."
    )
