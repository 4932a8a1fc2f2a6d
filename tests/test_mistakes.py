"""The Mistakes and Calibration pages: what they list, what their address says, what they keep from a visitor."""

import shutil
from dataclasses import replace

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest
from visiting import said, visit

from mnist_core import runs
from mnist_core.analysis.calibration import confidence, expected_calibration_error, reliability_bins
from mnist_core.analysis.label_errors import MNIST_TEST
from mnist_core.analysis.selection import mistakes_by_loss
from mnist_core.runs import Predictions, Run
from ui import caches
from ui.mistakes import list, quiz
from ui.mistakes.list import Filter

HOSTILE = ["../../etc/passwd", "<script>alert(1)</script>", "", "-1", "10", "٣", "1e3", "9" * 5000, "nan"]


@pytest.fixture
def run(app, trained, tmp_path) -> Run:
    """A run on the sample digits, whose pictures are always there."""
    return Run(shutil.copytree(trained.folder, tmp_path / "shipped" / "softmax"))


def answers(labels: np.ndarray, wrong: dict[int, tuple[int, float]]) -> Predictions:
    """Every digit read as labelled with 99 %, but for these: position -> (read as, how sure)."""
    table = np.full((len(labels), 10), 0.01 / 9, np.float32)
    table[np.arange(len(labels)), labels] = 0.99
    for place, (read, sure) in wrong.items():
        table[place] = (1 - sure) / 9
        table[place, read] = sure
    return Predictions(np.log(table), labels)


@pytest.fixture
def mnist_run(app, trained, monkeypatch) -> Run:
    """A run on MNIST, whose pictures are not here, with four mistakes; two of them are at labels in doubt."""
    labels = np.arange(10_000) % 10
    labels[list(MNIST_TEST)] = [error.given for error in MNIST_TEST.values()]
    found = answers(labels, {947: (9, 0.8), 6651: (6, 0.6), 0: (3, 0.95), 11: (7, 0.4)})
    made = runs.create_run(replace(trained.config, dataset="mnist"))
    score = {"accuracy": 0.9996, "loss": 0.02, "images": 10_000, "interval": [0.999, 0.9999]}
    made.finish(trained.result | {"test": score}, found)
    return made


def metrics(app: AppTest) -> dict[str, str]:
    return {metric.label: metric.value for metric in app.metric}


def in_detail(app: AppTest) -> str:
    """The number of the digit that is open."""
    return next(c.value for c in app.caption if c.value.startswith("Test digit")).split()[2].strip(":")


def test_the_worst_mistake_is_open_first(app, run):
    places = mistakes_by_loss(run.predictions.log_probabilities, run.predictions.labels)
    visit(app, "mistakes", run=run.name)
    assert in_detail(app) == str(places[0])
    assert f"{len(places)} of {len(places)} mistakes" in said(app)
    assert metrics(app)["Mistakes"] == str(len(places))


def test_filters_keep_what_they_say(mnist_run):
    found = caches.evaluation(mnist_run)

    def kept(**wanted) -> list[int]:
        return list.filter_mistakes(found, Filter(**wanted)).tolist()

    assert kept() == [0, 947, 6651, 11]
    assert kept(kind="confident") == [0, 947]
    assert kept(kind="doubt") == [947, 6651]
    assert kept(written=8) == [947]
    assert kept(read=6) == [6651]
    assert kept(written=8, read=6) == []
    assert kept(sure=(50, 90)) == [947, 6651]


def test_the_address_filters_and_opens(app, mnist_run):
    visit(app, "mistakes", run=mnist_run.name, true="1", read="7", digit="11")
    assert "1 of 4 mistakes" in said(app)
    assert "Written 1, read as 7" in said(app)
    assert (app.selectbox(key="mistakes_true").value, app.selectbox(key="mistakes_read").value) == ("1", "7")


def test_a_changed_filter_is_in_the_address_and_begins_at_its_worst(app, mnist_run):
    visit(app, "mistakes", run=mnist_run.name, digit="11")
    app.selectbox(key="mistakes_true").set_value("8").run()
    assert dict(app.query_params) == {"run": mnist_run.name, "true": "8"}
    assert in_detail(app) == "947"
    app.selectbox(key="mistakes_true").set_value("any").run()
    app.slider(key="mistakes_sure").set_value((50, 90)).run()
    assert dict(app.query_params) == {"run": mnist_run.name, "from": "50", "to": "90"}
    assert "2 of 4 mistakes" in said(app)


@pytest.mark.parametrize("value", HOSTILE)
def test_nonsense_in_the_address_shows_all(app, mnist_run, value):
    names = ("true", "read", "filter", "view", "from", "to")
    visit(app, "mistakes", run=mnist_run.name, **dict.fromkeys(names, value))
    if value != "10":  # which is a confidence
        assert "4 of 4 mistakes" in said(app)
    assert app.segmented_control(key="address_view").value == "gallery"


@pytest.mark.parametrize("value", [*HOSTILE[:4], "10000", "9" * 5000])
def test_a_digit_that_does_not_exist_is_one_sentence(app, mnist_run, value):
    visit(app, "mistakes", run=mnist_run.name, digit=value)
    assert [w.value for w in app.warning] == ["There is no such test digit: they are numbered from 0 to 9,999."]
    assert in_detail(app) == "0"


def test_a_digit_that_is_read_rightly_can_be_opened_too(app, mnist_run):
    visit(app, "mistakes", run=mnist_run.name, digit="5")
    assert "Written 5, and read as 5" in said(app)
    assert metrics(app)["Rank"] == "–"


def test_the_official_accuracy_stands_beside_the_one_without_doubtful_labels(app, mnist_run):
    visit(app, "mistakes", run=mnist_run.name)
    assert metrics(app)["Test accuracy"] == "99.96 %"
    assert metrics(app)["Without labels in doubt"] == f"{100 * (1 - 2 / 9985):.2f} %"
    assert metrics(app)["Confident but wrong"] == "2"


def test_a_label_in_doubt_tells_what_five_people_said(app, mnist_run):
    visit(app, "mistakes", run=mnist_run.name, filter="doubt", digit="947")
    assert "**Label in doubt: all five read a 9.**" in said(app)


def test_sample_digits_have_no_labels_in_doubt(app, run):
    visit(app, "mistakes", run=run.name, filter="doubt")
    assert "Without labels in doubt" not in metrics(app)
    assert "abel in doubt" not in said(app)
    assert app.get("button_group")[1].value == "all"


def test_what_is_shown_of_a_digit_is_the_networks_own(app, mnist_run):
    visit(app, "mistakes", run=mnist_run.name, digit="947")
    assert metrics(app)["Confidence"] == "80.00 %"
    assert metrics(app)["Gave the 8"] == "2.22 %"
    assert metrics(app)["Loss"] == f"{-np.log(0.2 / 9):.2f}"
    assert metrics(app)["Rank"] == "2 of 4"


def test_other_models_say_what_they_read(app, run, trained, tmp_path):
    twin = Run(shutil.copytree(trained.folder, tmp_path / "shipped" / "twin"))
    labels = run.predictions.labels
    twin.finish(trained.result, answers(labels, {}))
    visit(app, "mistakes", run=run.name)
    label = labels[int(in_detail(app))]
    assert f"1 of 1 other models read it as {label}" in said(app)
    assert list(app.table[0].value["Reads"]) == [f"{label} ✓"]


def test_a_digit_leads_to_the_page_that_looks_inside(app, mnist_run):
    links = visit(app, "mistakes", run=mnist_run.name, digit="11").get("page_link")
    (link,) = [link for link in links if link.label == "See it inside the network"]
    assert (link.page, "digit=11" in link.query_string) == ("look_inside", True)


def test_look_alikes_come_with_their_labels(app, run):
    visit(app, "mistakes", run=run.name)
    assert "The nearest of all training digits" in said(app)


def test_the_next_and_the_worse_button_walk_along_the_list(app, mnist_run):
    visit(app, "mistakes", run=mnist_run.name)
    assert app.button(key="to_worse").disabled
    app.button(key="to_next").click().run()
    assert (in_detail(app), app.query_params["digit"]) == ("947", "947")
    app.button(key="to_worse").click().run()
    assert in_detail(app) == "0"


def test_the_table_lists_the_mistakes_the_worst_first(app, mnist_run):
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
    assert "MNIST_DATA_DIR" in said(visit(app, "mistakes", run=mnist_run.name, view=view)).split("Sample digits")[0]


@pytest.mark.parametrize("view", ["gallery", "table", "quiz"])
def test_a_faultless_network_has_no_mistake_to_show(app, run, view):
    run.finish(run.result, answers(run.predictions.labels, {}))
    visit(app, "mistakes", run=run.name, view=view)
    visit(app, "calibration", run=run.name)
    assert metrics(app)["Tells right from wrong"] == "…"
    assert ("There is no mistake" in said(visit(app, "mistakes", run=run.name, view=view))) == (view != "quiz")


def test_a_filter_that_nothing_passes_says_so(app, mnist_run):
    assert "Choose a wider filter" in said(visit(app, "mistakes", run=mnist_run.name, true="2"))


def question(app: AppTest) -> int:
    """The position of the digit that the quiz asks for."""
    (game,) = app.session_state["quiz_games"].values()
    return game.digit


def test_the_quiz_counts_for_human_and_network(app, run):
    labels, read = run.predictions.labels, run.predictions.log_probabilities.argmax(1)
    visit(app, "mistakes", run=run.name, view="quiz")
    you = network = 0
    for wrong in (False, True, False):
        place = question(app)
        app.button(key=f"quiz_{(labels[place] + wrong) % 10}").click().run()
        you, network = you + (not wrong), network + (read[place] == labels[place])
        assert f"### You {you} : {network} Network" in said(app)
        assert f"**It is labelled {labels[place]}.**" in said(app)
        assert all(app.button(key=f"quiz_{digit}").disabled for digit in range(10))
        app.button(key="quiz_next").click().run()
        assert question(app) != place
    assert not app.exception


def test_the_quiz_keeps_the_answer_to_itself_until_the_guess(app, run):
    visit(app, "mistakes", run=run.name, view="quiz")
    assert "labelled" not in said(app)
    assert not app.get("plotly_chart")


def test_a_second_guess_does_not_count(mnist_run):
    found = caches.evaluation(mnist_run)
    game = quiz.QuizState([5])
    for digit in (5, 4, 5):
        quiz.submit_guess(game, found, digit)
    assert (game.guess, game.points) == (5, {"You": 1, "Network": 1})


def test_a_label_in_doubt_gives_nobody_a_point(mnist_run):
    found = caches.evaluation(mnist_run)
    game = quiz.QuizState([947, 0])
    quiz.submit_guess(game, found, 8)
    assert game.points == {"You": 0, "Network": 0}
    quiz.next_question(game)
    quiz.submit_guess(game, found, 0)
    assert game.points == {"You": 1, "Network": 0}


def test_the_quiz_mixes_mistakes_with_digits_read_rightly_and_repeats_none(mnist_run):
    found = caches.evaluation(mnist_run)
    order = quiz.shuffled_order(found, seed=1)
    assert len(set(order)) == len(order) == 4 + quiz.MIN_CORRECT
    assert set(found.mistakes) <= set(order)
    assert order == quiz.shuffled_order(found, seed=1) != quiz.shuffled_order(found, seed=2)


def test_after_the_last_question_it_can_be_played_again(app, run):
    visit(app, "mistakes", run=run.name, view="quiz")
    (game,) = app.session_state["quiz_games"].values()
    game.at, game.points["You"] = len(game.order), 7
    app.run()
    assert "You 7 : 0 network. You are ahead." in said(app)
    app.button(key="quiz_again").click().run()
    assert "Question 1 of" in said(app)
    assert "### You 7 : 0 Network" in said(app)


def test_a_digit_of_the_quiz_opens_in_detail(app, run):
    visit(app, "mistakes", run=run.name, view="quiz")
    place = question(app)
    app.button(key="quiz_0").click().run()
    app.button(key="quiz_detail").click().run()
    assert in_detail(app) == str(place)
    assert app.query_params["digit"] == str(place)


def test_the_calibration_page_shows_the_cores_figures(app, run):
    found = run.predictions
    sure, right = confidence(found.log_probabilities), found.log_probabilities.argmax(1) == found.labels
    visit(app, "calibration", run=run.name)
    assert metrics(app)["Test accuracy"] == f"{100 * right.mean():.2f} %"
    assert metrics(app)["Mean confidence"] == f"{100 * sure.mean():.2f} %"
    assert (
        metrics(app)["Calibration error"] == f"{100 * expected_calibration_error(reliability_bins(sure, right)):.2f} %"
    )


def test_what_may_be_refused_is_said_and_kept_in_the_address(app, mnist_run):
    visit(app, "calibration", run=mnist_run.name)
    app.select_slider(key="may_refuse").set_value(0.1).run()
    assert app.query_params["refuse"] == "0.1"
    assert "If it may refuse the 0.1 % it is least sure of" in said(app)
    assert not app.exception


@pytest.mark.parametrize("value", HOSTILE[:4])
def test_nonsense_to_refuse_is_one_percent(app, mnist_run, value):
    assert visit(app, "calibration", run=mnist_run.name, refuse=value).select_slider(key="may_refuse").value == 1


def test_every_number_has_a_help_text(app, mnist_run):
    for page in ("mistakes", "calibration"):
        visit(app, page, run=mnist_run.name)
        assert [metric.label for metric in app.metric if not metric.help] == []


def test_the_pages_need_no_torch(python):
    assert (
        python(
            "import ui.mistakes.detail, ui.mistakes.quiz, ui.calibration.diagrams, sys; print('torch' in sys.modules)"
        )
        == "False\n"
    )
