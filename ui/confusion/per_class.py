"""Metrics of the whole test set and of each of the ten digits."""

import pandas as pd
import streamlit as st

from mnist_core.metrics import confusion_matrix, one_vs_rest_accuracy, per_class
from mnist_core.runs import Predictions, Run
from ui.labels import interval, percent
from ui.metric_row import Metric, metric_row

PERCENT_FORMAT = "%.2f %%"
CLASS_COLUMNS = {
    "Digit": st.column_config.NumberColumn(help="The digit that this row is about.", width="small"),
    "Accuracy": st.column_config.NumberColumn(
        format=PERCENT_FORMAT,
        help="“Is it this digit, yes or no?”: the correct answers, both yes and no, divided by all test digits.",
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


def summary(run: Run, predictions: Predictions) -> None:
    """Show accuracy, mistakes, macro F1 and the weakest digit of a tested run."""
    predicted = predictions.log_probabilities.argmax(1)
    mistakes = int((predicted != predictions.labels).sum())
    f1 = per_class(predicted, predictions.labels)["f1"]
    metric_row(
        Metric(
            "Test accuracy",
            percent(run.outcome.test.accuracy),
            f"95 % interval {interval(*run.outcome.test.interval)}",
            "Test digits read correctly, divided by all test digits. On another test set of this size it would likely "
            "be within the interval.",
        ),
        Metric(
            "Misread",
            f"{mistakes:,}",
            f"of {len(predicted):,} test digits",
            "Test digits that were read as another digit than was written.",
        ),
        Metric(
            "Macro F1", f"{f1.mean():.4f}", "1 is perfect", "The mean of the ten digits' F1, each counting the same."
        ),
        Metric(
            "Weakest digit",
            str(int(f1.argmin())),
            f"F1 {f1.min():.4f}",
            "The digit with the lowest F1: 2 × precision × recall ÷ (precision + recall).",
        ),
    )


def table(predictions: Predictions) -> None:
    """Show the metrics of each digit as a table to sort."""
    predicted = predictions.log_probabilities.argmax(1)
    metrics = per_class(predicted, predictions.labels)
    columns = {
        "Digit": range(10),
        "Accuracy": 100 * one_vs_rest_accuracy(confusion_matrix(predicted, predictions.labels)),
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
        alt="Accuracy, precision, recall, F1 and support of each of the ten digits",
    )
    st.caption(
        "What to notice: low recall means that this digit is often taken for others, low precision that others are "
        "often taken for it."
    )
