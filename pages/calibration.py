"""Is a network right as often as it is sure, and how accurate would it be if it could refuse to answer?"""

import streamlit as st

from mnist_core.analysis.calibration import (
    N_BINS,
    auroc,
    coverage_curve,
    expected_calibration_error,
    reliability_bins,
    selective_prediction,
)
from ui import charts, labels, run_picker, url_state
from ui.calibration import diagrams
from ui.metric_row import Metric, metric_row
from ui.shell import next_steps, page_link, shell

REFUSED_PERCENT = [0, 0.1, 0.2, 0.5, 1, 2, 3, 5, 10, 20]  # options: how many of the digits it may refuse

shell("Calibration")
run = run_picker.choose_run()
evaluation = run_picker.evaluation_or_stop(run, "Calibration")
confidence, correct = evaluation.confidence, evaluation.correct
bins = reliability_bins(confidence, correct)
accuracy, mean_confidence, separation = correct.mean(), confidence.mean(), auroc(confidence, correct)

metric_row(
    Metric(
        "Test accuracy", labels.percent(accuracy), f"{len(correct):,} test digits", "The share classified correctly."
    ),
    Metric(
        "Mean confidence",
        labels.percent(mean_confidence),
        f"{100 * abs(mean_confidence - accuracy):.2f} points {'above' if mean_confidence > accuracy else 'below'} "
        "accuracy",
        "The probability of the predicted digit, averaged over all test digits. For a calibrated network it equals "
        "the accuracy.",
    ),
    Metric(
        "ECE",
        labels.percent(expected_calibration_error(bins)),
        f"expected calibration error, {N_BINS} bins",
        f"Sort the digits into {N_BINS} equal ranges of confidence (bins), take the gap between mean confidence and "
        "accuracy in each, and average the gaps, each weighted by its number of digits. 0 % is perfect.",
    ),
    Metric(
        "AUROC",
        labels.percent(separation),
        "area under the ROC curve" if separation is not None else "needs correct and wrong predictions",
        "How well confidence tells correct predictions from mistakes: the probability that the network is more "
        "confident of a digit it reads correctly than of one it misreads. 50 % is chance, 100 % is perfect.",
    ),
)

left, right = st.columns(2, gap="large")
with left:
    st.subheader("Is it right as often as it is sure?", anchor=False)
    st.plotly_chart(
        diagrams.reliability_diagram(bins),
        key="reliability",
        config=charts.PLOTLY_CONFIG,
        alt=f"Reliability diagram: accuracy against confidence in {N_BINS} bins, and the number of digits in each",
    )
    st.caption(
        "What to notice: on the dashed line of this reliability diagram, the network is right exactly as often as it "
        "is sure. Points below the line mean that it is over-confident, points above that it is under-confident. "
        "Networks trained with label smoothing never learn to be certain, so they end up above the line. The thin "
        "bars are 95 % intervals: bins with few digits say little."
    )
with right:
    st.subheader("What if it may refuse to answer?", anchor=False)
    st.session_state["may_refuse"] = float(
        url_state.one_of("refuse", [f"{share:g}" for share in (1, *REFUSED_PERCENT)])
    )
    percent = st.select_slider(
        "Share of the digits it may refuse",
        [float(share) for share in REFUSED_PERCENT],
        format_func=lambda share: f"{share:g} %",
        key="may_refuse",
        on_change=lambda: url_state.update(refuse=f"{st.session_state['may_refuse']:g}"),
        help="It refuses the digits it is least confident of. Coverage is the share of the digits that it answers; "
        "accuracy is the share of these answers that are correct.",
    )
    prediction = selective_prediction(confidence, correct, percent / 100)
    st.markdown(diagrams.selective_prediction_text(prediction, correct, percent))
    st.plotly_chart(
        diagrams.coverage_chart(
            *coverage_curve(confidence, correct), refused=1 - prediction.answered.mean(), accuracy=prediction.accuracy
        ),
        key="coverage",
        config=charts.PLOTLY_CONFIG,
        alt="Accuracy of the answers against the share of digits refused",
    )
    st.caption(
        "What to notice: the first few digits it refuses gain the most, because most mistakes are among the digits "
        "it is unsure of. What remains are the mistakes it is confident of; no threshold finds those."
    )

page_link("Mistakes", "Look at the confident mistakes", run=run.name, filter="confident")
next_steps("Calibration")
