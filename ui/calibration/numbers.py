"""What the Calibration page says in numbers."""

import numpy as np
import streamlit as st

from mnist_core.analysis.calibration import N_BINS
from ui import glossary, labels
from ui.metric_row import Metric, metric_row


def show(mean_confidence: float, correct: np.ndarray, error: float, separation: float | None) -> None:
    """Show what a network says beside how often it is right; its calibration error and AUROC under Details.

    All but `correct`, bool (N,), are 0..1; `separation` is the AUROC, None where it is not defined.
    """
    with st.container(key="calibration_numbers", horizontal=True, vertical_alignment="center"):
        st.metric(
            "It is sure",
            labels.percent(mean_confidence),
            width="content",
            help=f"Mean confidence, over all test digits. {glossary.help('confidence')}",
        )
        st.metric(
            "It is right",
            labels.percent(correct.mean()),
            width="content",
            help=f"Test accuracy: the share of the {len(correct):,} test digits that it reads correctly. For a "
            "calibrated network it equals the mean confidence.",
        )
        with st.popover("Details"):
            metric_row(
                Metric(
                    "ECE",
                    labels.percent(error),
                    f"expected calibration error, {N_BINS} bins",
                    f"{glossary.help('ECE')} The digits are sorted into {N_BINS} equal ranges of confidence (bins); "
                    "each gap between mean confidence and accuracy counts as much as its bin has digits.",
                ),
                Metric(
                    "AUROC",
                    "not defined" if separation is None else labels.percent(separation),
                    "needs right and wrong answers" if separation is None else "area under the ROC curve",
                    f"{glossary.help('AUROC')} It is the probability that the network is more confident of a digit it "
                    "reads correctly than of one it misreads.",
                ),
            )
