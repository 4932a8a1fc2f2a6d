"""The Mistakes page: what it lists, what its URL says, what the quiz keeps to itself and counts."""

import shutil
from dataclasses import replace

import numpy as np
import pytest
from app_helpers import metrics, page_text, spoil, visit
from streamlit.testing.v1 import AppTest

from mnist_core import runs
from mnist_core.analysis.evaluation import Evaluation
from mnist_core.analysis.label_errors import MNIST_TEST
from mnist_core.analysis.selection import mistakes_by_loss
from mnist_core.metrics import TestScore
from mnist_core.runs import PREDICTIONS, Predictions, Run
from ui import caches, digit_browser
from ui.labels import article
from ui.mistakes.list import PAGE_SIZE, Filter, filter_mistakes
from ui.mistakes.quiz import (
    ROUND_SIZE,
    QuizState,
    Score,
    draw_round,
    next_digit,
    result_text,
    score,
    submit_guess,
)

HOSTILE = ["../../etc/passwd", "<script>alert(1)</script>", "", "-1", "10", "٣", "1e3", "9" * 5000, "nan"]


def predictions_with(labels: np.ndarray, mistakes: dict[int, tuple[int, float]]) -> Predictions:
    """Predict every label with 99 %, but for these mistakes: index -> (predicted, confidence)."""
    probabilities = np.full((len(labels), 10), 0.01 / 9, np.float32)
    probabilities[np.arange(len(labels)), labels] = 0.99
    for index, (predicted, confidence) in mistakes.items():
        probabilities[index] = (1 - confidence) / 9
        probabilities[index, predicted] = confidence
    return Predictions(np.log(probabilities), labels)


@pytest.fixture
def mnist_run(app, trained) -> Run:
    """A run on MNIST, whose pictures are not here, with four mistakes; two of them have a label in doubt."""
    labels = np.arange(10_000) % 10
    labels[list(MNIST_TEST)] = [error.given for error in MNIST_TEST.values()]
    predictions = predictions_with(labels, {947: (9, 0.8), 6651: (6, 0.6), 0: (3, 0.95), 11: (7, 0.4)})
    run = runs.create_run(replace(trained.config, dataset="mnist"))
    test = TestScore(loss=0.02, accuracy=0.9996, images=10_000, interval=(0.999, 0.9999))
    run.finish(replace(trained.outcome, test=test), predictions)
    return run


def open_digit(app: AppTest) -> int:
    """The index of the digit that is shown in detail."""
    caption = next(caption.value for caption in app.caption if caption.value.startswith("Test digit"))
    return int(caption.split()[2].strip(":"))


def test_the_mistake_with_the_largest_loss_is_open_first(app, run):
    mistakes = mistakes_by_loss(run.predictions.log_probabilities, run.predictions.labels)
    visit(app, "mistakes", run=run.name)
    assert open_digit(app) == mistakes[0]
    assert f"{len(mistakes)} of {len(mistakes)} mistakes" in page_text(app)
    assert metrics(app)["Mistakes"] == str(len(mistakes))


@pytest.mark.parametrize(
    ("criteria", "expected"),
    [
        ({}, [0, 947, 6651, 11]),
        ({"kind": "confident"}, [0, 947]),
        ({"kind": "doubt"}, [947, 6651]),
        ({"true_label": 8}, [947]),
        ({"predicted": 6}, [6651]),
        ({"true_label": 8, "predicted": 6}, []),
        ({"confidence": (50, 90)}, [947, 6651]),
    ],
)
def test_a_filter_passes_the_mistakes_it_describes(mnist_run, criteria, expected):
    assert filter_mistakes(caches.evaluation(mnist_run), Filter(**criteria)).tolist() == expected


def test_the_url_filters_the_mistakes_and_opens_one(app, mnist_run):
    visit(app, "mistakes", run=mnist_run.name, true="1", read="7", digit="11")
    assert "1 of 4 mistakes" in page_text(app)
    assert "Written 1, read as 7" in page_text(app)
    assert app.selectbox(key="mistakes_true_label").value == "1"
    assert app.selectbox(key="mistakes_predicted").value == "7"


def test_a_changed_filter_is_in_the_url_and_opens_its_first_mistake(app, mnist_run):
    visit(app, "mistakes", run=mnist_run.name, digit="11")
    app.selectbox(key="mistakes_true_label").set_value("8").run()
    assert dict(app.query_params) == {"run": mnist_run.name, "true": "8"}
    assert open_digit(app) == 947
    app.selectbox(key="mistakes_true_label").set_value("any").run()
    app.slider(key="mistakes_confidence").set_value((50, 90)).run()
    assert dict(app.query_params) == {"run": mnist_run.name, "from": "50", "to": "90"}
    assert "2 of 4 mistakes" in page_text(app)


@pytest.mark.parametrize("value", HOSTILE)
def test_nonsense_in_the_url_shows_all_mistakes(app, mnist_run, value):
    names = ("true", "read", "filter", "view", "from", "to")
    visit(app, "mistakes", run=mnist_run.name, **dict.fromkeys(names, value))
    if value != "10":  # which is a confidence
        assert "4 of 4 mistakes" in page_text(app)
    assert app.segmented_control(key="address_view").value == "gallery"


@pytest.mark.parametrize("value", [*HOSTILE[:4], "10000", "9" * 5000])
def test_a_digit_in_the_url_that_does_not_exist_is_one_warning(app, mnist_run, value):
    visit(app, "mistakes", run=mnist_run.name, digit=value)
    assert [w.value for w in app.warning] == ["There is no such test digit: they are numbered from 0 to 9,999."]
    assert open_digit(app) == 0


def test_a_correctly_classified_digit_can_be_opened_too(app, mnist_run):
    visit(app, "mistakes", run=mnist_run.name, digit="5")
    assert "Written 5, and read as 5" in page_text(app)
    assert "Test digit 5: no mistake, 99.00 % sure" in page_text(app)
    assert metrics(app)["Rank"] == "–"


def test_the_official_accuracy_stands_beside_the_one_without_labels_in_doubt(app, mnist_run):
    visit(app, "mistakes", run=mnist_run.name)
    assert metrics(app)["Test accuracy"] == "99.96 %"
    assert metrics(app)["Without labels in doubt"] == f"{100 * (1 - 2 / 9985):.2f} %"
    assert (metrics(app)["Confident but wrong"], metrics(app)["Label in doubt"]) == ("2", "2")
    assert "It was at least 70 % sure of 2 of them." in page_text(app)


def test_a_label_in_doubt_comes_with_the_votes_of_five_people(app, mnist_run):
    visit(app, "mistakes", run=mnist_run.name, filter="doubt", digit="947")
    assert "**Label in doubt: all five read a 9.**" in page_text(app)


def test_sample_digits_have_no_labels_in_doubt(app, run):
    visit(app, "mistakes", run=run.name, filter="doubt")
    assert "Without labels in doubt" not in metrics(app)
    assert "abel in doubt" not in page_text(app)
    assert app.get("button_group")[1].value == "all"


def test_the_metrics_of_a_digit_are_those_of_its_prediction(app, mnist_run):
    visit(app, "mistakes", run=mnist_run.name, digit="947")
    assert metrics(app)["Confidence"] == "80.00 %"
    assert metrics(app)["Probability of 8"] == "2.22 %"
    assert metrics(app)["Loss"] == f"{-np.log(0.2 / 9):.2f}"
    assert metrics(app)["Rank"] == "2 of 4"


def test_the_predictions_of_other_models_are_shown(app, run, trained, tmp_path):
    twin = Run(shutil.copytree(trained.folder, tmp_path / "shipped" / "twin"))
    labels = run.predictions.labels
    twin.finish(trained.outcome, predictions_with(labels, {}))
    visit(app, "mistakes", run=run.name)
    label = labels[open_digit(app)]
    assert f"1 of 1 other model reads it as {label}" in page_text(app)
    assert app.table[0].value["Read as"].tolist() == [f"{label} ✓"]
    assert app.table[0].value["Confidence"].tolist() == ["99 %"]


def test_a_digit_leads_to_the_page_that_looks_inside(app, mnist_run):
    links = visit(app, "mistakes", run=mnist_run.name, digit="11").get("page_link")
    (link,) = [link for link in links if link.label == "Follow it through the network"]
    assert (link.page, "digit=11" in link.query_string) == ("look_inside", True)


def test_the_nearest_training_digits_are_shown_with_their_labels(app, run):
    visit(app, "mistakes", run=run.name)
    assert "nearest of all training digits" in page_text(app)


def test_previous_and_next_go_through_the_list(app, mnist_run):
    visit(app, "mistakes", run=mnist_run.name)
    assert app.button(key="to_previous").disabled
    app.button(key="to_next").click().run()
    assert (open_digit(app), app.query_params["digit"]) == (947, "947")
    app.button(key="to_previous").click().run()
    assert open_digit(app) == 0


def test_the_table_lists_the_mistakes_the_largest_loss_first(app, mnist_run):
    visit(app, "mistakes", run=mnist_run.name, view="table")
    table = app.dataframe[0].value
    assert table["Digit"].tolist() == [0, 947, 6651, 11]
    assert table["Label in doubt"].tolist() == ["", "all five read a 9", "all five read a 6", ""]
    assert "Picture" not in table


def test_the_table_of_digits_that_are_here_has_pictures(app, run):
    visit(app, "mistakes", run=run.name, view="table")
    assert app.dataframe[0].value["Picture"].str.startswith("data:image/png;base64,").all()


@pytest.mark.parametrize("view", ["gallery", "table", "quiz"])
def test_without_the_pictures_the_page_says_how_to_get_them(app, mnist_run, view):
    assert (
        "MNIST_DATA_DIR" in page_text(visit(app, "mistakes", run=mnist_run.name, view=view)).split("Sample digits")[0]
    )


@pytest.mark.parametrize("view", ["gallery", "table", "quiz"])
def test_a_faultless_network_has_no_mistake_to_show(app, run, view):
    run.finish(run.outcome, predictions_with(run.predictions.labels, {}))
    assert ("There is no mistake" in page_text(visit(app, "mistakes", run=run.name, view=view))) == (view != "quiz")


def test_a_filter_that_no_mistake_passes_says_so(app, mnist_run):
    assert "Choose a wider filter" in page_text(visit(app, "mistakes", run=mnist_run.name, true="2"))


def test_the_page_says_that_predictions_are_damaged_and_says_where_to_go_next(app, run):
    spoil(run.folder / PREDICTIONS)
    visit(app, "mistakes", run=run.name)
    assert PREDICTIONS in app.error[0].value
    assert "Where to next?" in page_text(app)


def test_every_metric_has_a_help_text(app, mnist_run):
    visit(app, "mistakes", run=mnist_run.name)
    assert [metric.label for metric in app.metric if not metric.help] == []


@pytest.mark.parametrize("page", ["mistakes", "confusion"])
def test_without_mnist_a_page_of_pictures_opens_on_digits_that_are_here(app, mnist_run, run, page):
    visit(app, page)
    assert app.selectbox(key="choice_of_run").value == run.name != mnist_run.name
    assert digit_browser.NO_IMAGES not in page_text(app)


def test_the_gallery_grows_by_a_button_up_to_the_last_mistake(app, run):
    labels = run.predictions.labels
    wrong = {index: ((labels[index] + 1) % 10, 0.9) for index in range(PAGE_SIZE + 5)}
    run.finish(run.outcome, predictions_with(labels, wrong))
    visit(app, "mistakes", run=run.name)
    assert app.button(key="show_more").label == "Show 5 more"
    app.button(key="show_more").click().run()
    assert app.query_params["shown"] == str(2 * PAGE_SIZE)
    assert "show_more" not in [button.key for button in app.button]


def test_the_gallery_reaches_to_the_open_digit(app, run):
    labels = run.predictions.labels
    wrong = {index: ((labels[index] + 1) % 10, 0.9) for index in range(PAGE_SIZE + 5)}
    run.finish(run.outcome, predictions_with(labels, wrong))
    visit(app, "mistakes", run=run.name, digit=PAGE_SIZE + 4)  # the last one, because all losses are equal
    assert "show_more" not in [button.key for button in app.button]


def quiz_of(app: AppTest) -> QuizState:
    """The only quiz of this visitor."""
    (state,) = app.session_state["quizzes"].values()
    return state


def test_the_quiz_counts_points_for_human_and_network(app, run):
    labels, predicted = run.predictions.labels, run.predictions.log_probabilities.argmax(1)
    visit(app, "mistakes", run=run.name, view="quiz")
    you = network = 0
    for wrong in (False, True, False):
        index = quiz_of(app).digit
        app.button(key=f"quiz_{(labels[index] + wrong) % 10}").click().run()
        you, network = you + (not wrong), network + (predicted[index] == labels[index])
        assert f"### You {you} : {network} Network" in page_text(app)
        assert f"**It is {article(int(labels[index]))}.**" in page_text(app)
        assert all(app.button(key=f"quiz_{digit}").disabled for digit in range(10))
        icons = {digit: app.button(key=f"quiz_{digit}").icon for digit in range(10)}
        assert icons[labels[index]] == ":material/check:"
        assert list(icons.values()).count(":material/close:") == wrong
        app.button(key="quiz_next").click().run()
        assert quiz_of(app).digit != index
    assert not app.exception


@pytest.mark.parametrize(
    ("index", "guess", "sentence"),
    [
        (5, 5, "You were right, and so was the network. It was 99.00 % sure."),
        (5, 4, "You read a 4, but the network read a 5. It was 99.00 % sure."),
        (11, 1, "You were right, but the network read a 7. It was 40.00 % sure."),
        (11, 8, "You read an 8, and the network read a 7. It was 40.00 % sure."),
    ],
)
def test_the_answer_says_who_was_right(mnist_run, index, guess, sentence):
    def page(run_name: str, index: int, guess: int) -> None:
        from ui import caches
        from ui.mistakes.quiz import QuizState, answer

        answer(QuizState([index]), guess, caches.evaluation(caches.find_run(run_name)), index)

    app = AppTest.from_function(page, args=(mnist_run.name, index, guess)).run()
    assert app.markdown[0].value.partition("** ")[2] == sentence


def test_the_quiz_keeps_the_label_to_itself_until_the_guess(app, run):
    visit(app, "mistakes", run=run.name, view="quiz")
    assert "It is a" not in page_text(app)
    assert not app.get("plotly_chart")
    assert {app.button(key=f"quiz_{digit}").icon for digit in range(10)} == {""}


def test_a_second_guess_does_not_count_and_without_a_guess_there_is_no_next_digit(mnist_run):
    state = QuizState([5, 0])
    next_digit(state)
    assert state.digit == 5
    for digit in (5, 4, 5):
        submit_guess(state, digit)
    assert score(caches.evaluation(mnist_run), state.guesses) == Score(you=1, network=1, total=1)


def run_with_mistakes(run: Run, number: int) -> Evaluation:
    """The evaluation of a run that misreads the first `number` digits."""
    labels = run.predictions.labels
    run.finish(run.outcome, predictions_with(labels, {i: ((labels[i] + 1) % 10, 0.9) for i in range(number)}))
    return caches.evaluation(Run(run.folder))


@pytest.mark.parametrize(("n_mistakes", "expected"), [(0, 0), (1, 1), (5, 5), (40, 5)])
def test_half_of_a_round_are_mistakes_if_there_are_enough(run, n_mistakes, expected):
    evaluation = run_with_mistakes(run, n_mistakes)
    order = draw_round(evaluation, seed=1)
    assert len(set(order)) == len(order) == ROUND_SIZE
    assert (~evaluation.correct[order]).sum() == expected


def test_a_network_that_misreads_nearly_everything_still_gives_a_full_round(run):
    evaluation = run_with_mistakes(run, len(run.predictions.labels) - 2)
    order = draw_round(evaluation, seed=1)
    assert (len(set(order)), evaluation.correct[order].sum()) == (ROUND_SIZE, 2)


def test_seed_and_round_decide_the_digits(run):
    evaluation = run_with_mistakes(run, 40)
    orders = [draw_round(evaluation, seed, number) for seed in (1, 2) for number in (1, 2)]
    assert draw_round(evaluation, 1, 1) == orders[0]
    assert len(set(map(tuple, orders))) == 4
    places = [i for seed in range(50) for i, index in enumerate(draw_round(evaluation, seed)) if index < 40]
    assert np.bincount(places, minlength=ROUND_SIZE).min() > 10  # the mistakes stand anywhere


def test_labels_in_doubt_are_not_asked(mnist_run):
    evaluation = caches.evaluation(mnist_run)  # it misreads two others
    orders = [draw_round(evaluation, seed) for seed in range(20)]
    assert set().union(*orders).isdisjoint(MNIST_TEST)
    assert all({0, 11} <= set(order) for order in orders)


def test_the_result_tells_hard_digits_from_easy_ones(run):
    evaluation = run_with_mistakes(run, 2)
    label = evaluation.labels.tolist()
    state = QuizState([0, 1, 5], guesses={0: label[0], 1: label[1], 5: (label[5] + 1) % 10})
    assert result_text(state, evaluation) == (
        "Of the 2 digits that it misreads, you read 2. Of the 1 digit that it reads correctly, you read none."
    )
    state.earlier = [Score(you=9, network=5, total=10)]
    assert result_text(state, evaluation).endswith("In all 2 rounds: you 11 of 13, the network 6.")


def test_a_round_ends_with_both_scores_on_the_same_digits_and_the_next_has_others(app, run):
    labels, predicted = run.predictions.labels, run.predictions.log_probabilities.argmax(1)
    visit(app, "mistakes", run=run.name, view="quiz")
    first = quiz_of(app).order
    for index in first:
        assert quiz_of(app).digit == index
        app.button(key=f"quiz_{labels[index]}").click().run()
        app.button(key="quiz_next").click().run()
    network = (predicted[first] == labels[first]).sum()
    assert f"### You read 10 of 10, the network {network}." in page_text(app)
    app.button(key="quiz_again").click().run()
    assert "Digit 1 of 10" in page_text(app)
    assert "### You 0 : 0 Network" in page_text(app)
    assert quiz_of(app).order != first
    assert quiz_of(app).earlier == [Score(10, network, 10)]


def test_a_digit_of_the_quiz_opens_in_detail(app, run):
    visit(app, "mistakes", run=run.name, view="quiz")
    index = quiz_of(app).digit
    app.button(key="quiz_0").click().run()
    app.button(key="quiz_detail").click().run()
    assert open_digit(app) == index
    assert app.query_params["digit"] == str(index)
