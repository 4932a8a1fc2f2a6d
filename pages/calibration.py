"""Is a network right as often as it is sure, and how right would it be if it could refuse to answer?"""

import streamlit as st

from mnist_core.analysis.calibration import (
    auroc,
    coverage_curve,
    expected_calibration_error,
    reliability_bins,
    selective_prediction,
)
from ui import charts, labels, metric_row, run_picker, url_state
from ui.calibration import diagrams
from ui.shell import links_to_other_pages, page_link, shell

SHARES = [0, 0.1, 0.2, 0.5, 1, 2, 3, 5, 10, 20]  # percent it may refuse

shell("Calibration")
run = run_picker.choose_run()
found = run_picker.evaluation_or_stop(run, "Calibration")
sure, right = found.sure, found.read == found.labels
table = reliability_bins(sure, right)
accuracy, confidence, apart = right.mean(), sure.mean(), auroc(sure, right)
error = expected_calibration_error(table)

metric_row.metric_row(
    ("Test accuracy", labels.percent(accuracy), f"{len(right):,} test digits", "The share read as labelled."),
    (
        "Mean confidence",
        labels.percent(confidence),
        f"{100 * abs(confidence - accuracy):.2f} points {'above' if confidence > accuracy else 'below'} accuracy",
        "The probability of the answer, averaged over all test digits. A calibrated network's is its accuracy.",
    ),
    (
        "Calibration error",
        labels.percent(error),
        "ECE, 15 bins",
        "Expected calibration error: sort the digits into 15 equal ranges of confidence; take how far the mean "
        "confidence of each range is from the share read rightly; average, each range weighted by its digits.",
    ),
    (
        "Tells right from wrong",
        labels.percent(apart),
        "of pairs" if apart is not None else "it makes no mistake",
        "Take a digit it reads rightly and one it misreads: the share of such pairs in which it is surer of the "
        "right one (area under the ROC curve). 50 % is chance, 100 % perfect.",
    ),
)

left, right_half = st.columns(2, gap="large")
with left:
    st.subheader("Is it as right as it is sure?", anchor=False)
    st.plotly_chart(
        diagrams.reliability_diagram(table),
        key="reliability",
        config=charts.PLOTLY_CONFIG,
        alt="Reliability diagram: accuracy against confidence in 15 ranges, and how many digits are in each",
    )
    st.caption(
        "What to notice: on the dashed line it is right exactly as often as it is sure. Points below it mean "
        "over-confident: it believes itself more than it should. Points above mean under-confident. Networks trained "
        "with label smoothing never learn to be certain, so they end up above the line. The thin bars are 95 % "
        "intervals: ranges with few digits say little."
    )
with right_half:
    st.subheader("What if it may refuse?", anchor=False)
    wanted = url_state.one_of("refuse", [f"{share:g}" for share in (1, *SHARES)])
    st.session_state["may_refuse"] = float(wanted)
    share = st.select_slider(
        "It may refuse the digits it is least sure of",
        [float(share) for share in SHARES],
        format_func=lambda share: f"{share:g} %",
        key="may_refuse",
        on_change=lambda: url_state.update(refuse=f"{st.session_state['may_refuse']:g}"),
        help="Sort the digits by confidence and leave out this share at the lower end. Coverage is the share that is "
        "answered; accuracy the share of these answers that are right.",
    )
    left_over = selective_prediction(sure, right, share / 100)
    st.markdown(diagrams.selective_prediction_text(left_over, right, share))
    st.plotly_chart(
        diagrams.coverage_chart(*coverage_curve(sure, right), at=(1 - left_over.kept.mean(), left_over.accuracy)),
        key="coverage",
        config=charts.PLOTLY_CONFIG,
        alt="Accuracy of the answers against the share of digits that is refused",
    )
    st.caption(
        "What to notice: the first few digits it refuses are worth most, because most mistakes are among those it is "
        "unsure of. What is left are the mistakes it is confident in; no threshold finds those."
    )

page_link("Mistakes", "Look at the confident mistakes", run=run.name, filter="confident")
st.subheader("Go on", anchor=False)
links_to_other_pages("Calibration")
