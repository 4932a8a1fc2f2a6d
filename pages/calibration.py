"""Is a network right as often as it says, and how accurate would it be if it could leave digits unanswered?"""

import streamlit as st

from mnist_core.analysis.calibration import N_BINS, coverage_curve, selective_prediction
from ui import caches, charts, glossary, run_picker, url_state
from ui.calibration import diagrams, numbers, temperature
from ui.insight import insight
from ui.shell import next_steps, page_link, shell

MAX_REFUSED, USUALLY_REFUSED = 20.0, 1.0  # percent of the digits that may stay unanswered: at most, and at first

shell("Calibration")
top = st.container(horizontal=True, vertical_alignment="bottom")
with top, st.container(width=500):
    run = run_picker.choose_run("fast")
evaluation = run_picker.evaluation_or_stop(run, "Calibration")
with top:
    evaluation, divisor = temperature.choose(evaluation)
confidence, correct = evaluation.confidence, evaluation.correct
bins, calibration_error, auroc = caches.reliability(run, divisor, evaluation)
numbers.show(confidence.mean(), correct, calibration_error, auroc)
temperature.explain(run.temperature)

left, right = st.columns(2, gap="large")
with left:
    st.subheader("When it says 90 %, is it right 90 % of the time?", anchor=False)
    st.plotly_chart(
        caches.figure(
            ("reliability", str(run.folder), run.created, divisor), lambda: diagrams.reliability_diagram(bins)
        ),
        key="reliability",
        config=charts.PLOTLY_CONFIG,
        alt=f"Reliability diagram: accuracy against confidence in {N_BINS} bins, and the number of digits in each",
    )
    glossary.caption(
        "A [[reliability diagram]]: on the dashed line a network is right exactly as often as it says. The thin bars "
        "are 95 % [[intervals|confidence interval]]; a point of few digits says little."
    )
    insight(diagrams.calibration_text(confidence.mean(), correct.mean()))
with right:
    st.subheader("What if it could say: I don’t know?", anchor=False)
    st.session_state["may_refuse"] = url_state.one_decimal("refuse", MAX_REFUSED, USUALLY_REFUSED)
    percent = st.slider(  # as linear as the axis of the chart below it
        "How many digits may it leave unanswered?",
        0.0,
        MAX_REFUSED,
        step=0.1,
        format="%.1f %%",
        key="may_refuse",
        on_change=lambda: url_state.update(refuse=f"{st.session_state['may_refuse']:g}"),
        help="It leaves those unanswered of which it is least sure. The share that it answers is called coverage, the "
        "share of wrong ones among its answers risk.",
    )
    prediction = selective_prediction(confidence, correct, percent / 100)
    st.markdown(diagrams.selective_prediction_text(prediction, correct, percent))
    st.plotly_chart(
        diagrams.coverage_chart(
            *coverage_curve(confidence, correct),
            refused=1 - prediction.answered.mean(),
            accuracy=prediction.accuracy,
            max_refused=MAX_REFUSED / 100,
        ),
        key="coverage",
        config=charts.PLOTLY_CONFIG,
        alt="Accuracy of the answers against the share of digits left unanswered",
    )
    insight(diagrams.remaining_mistakes_text(prediction, correct))
    if not correct.all():
        page_link("Mistakes", "Look at the confident mistakes", run=run.name, filter="confident")

next_steps("Calibration")
