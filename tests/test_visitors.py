"""Two visitors of one server, and its teacher: whose runs are whose, and who may do what with them."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from app_helpers import page_text
from streamlit.testing.v1 import AppTest

from mnist_core.limits import TEACHER, Limits
from mnist_core.recipes import RECIPES
from mnist_core.runs import REQUEST, Run
from mnist_core.visitors import FREE_ATTEMPTS, Visitors, is_token, new_token, owner_of
from ui import caches, visitor

HOME = Path(__file__).resolve().parent.parent / "Home.py"
CONFIG = RECIPES["sample-digits"].config
ANNA, BEN = new_token(), new_token()
ACTIONS = {"stop", "pause", "cancel", "resume", "delete", "pin", "unpin"}


def app_of(token: str) -> AppTest:
    """The app in the browser of the visitor with this token."""
    app = AppTest.from_file(HOME, default_timeout=60)
    app.session_state[visitor.SESSION_KEY] = token
    caches.visitors().see(owner_of(token))
    return app


def keys(app: AppTest) -> set[str]:
    return {button.key for button in app.button}


@pytest.fixture
def anna(app):
    return app_of(ANNA)


@pytest.fixture
def ben(app):
    return app_of(BEN)


def test_a_single_visitor_sees_nothing_of_ownership(app, anna, queue):
    queue.submit(CONFIG, "sample-digits", owner_of(ANNA))
    text = page_text(anna.run())
    anna.switch_page("pages/models.py").run()
    text += page_text(anna) + "".join(frame.value.to_string() for frame in anna.dataframe)
    assert "· yours" not in text
    assert "[yours]" not in text
    assert "somebody else" not in text
    assert not anna.get("text_input") or anna.text_input[0].key != "teacher_word"


def test_a_second_visitor_waits_and_changes_only_their_own(anna, ben, queue, executor):
    anna.run().button(key="train").click().run()
    first = queue.training[0]
    assert first.owner == owner_of(ANNA)
    assert ANNA not in (first.folder / REQUEST).read_text()

    assert "yours would be next and begin in about" in page_text(ben.run()) or "begin in a few" in page_text(ben)
    assert keys(ben) & ACTIONS == set()
    ben.button(key="train").click().run()
    (second,) = queue.waiting
    assert ben.query_params["run"] == second.name
    assert "You are next." in page_text(ben)
    assert keys(ben) & ACTIONS == {"cancel"}

    ben.query_params["run"] = first.name
    text = page_text(ben.run())
    assert "This run is somebody else’s: only they can change it." in text
    assert keys(ben) & ACTIONS == set()
    ben.switch_page("pages/models.py").run()
    assert keys(ben) & ACTIONS == set()
    assert not [field for field in ben.text_input if field.key.startswith("name_of")]
    (table,) = [frame.value for frame in ben.dataframe if "Model" in frame.value]
    assert sorted(table["Status"]) == ["queued · yours", "training"]

    assert {"stop", "pause"} <= keys(anna.run())
    assert "yours" in page_text(anna)
    ben.query_params["run"] = second.name
    ben.run().button(key="cancel").click().run()
    assert not second.folder.exists()
    assert not ben.exception


def test_a_press_on_a_button_that_is_no_longer_the_visitors_to_press_changes_nothing(anna, queue, executor):
    queue.submit(CONFIG, "sample-digits")  # nobody's: anybody may stop it until somebody else comes
    anna.run()
    caches.visitors().see(owner_of(BEN))
    anna.button(key="stop").click().run()
    assert executor.ending == ""
    assert "somebody else" in page_text(anna)


def test_a_paused_run_is_resumed_with_another_learning_rate(anna, queue, executor, monkeypatch):
    changed = []
    monkeypatch.setattr(queue, "change_learning_rate", lambda run, rate: changed.append(rate))
    anna.run().button(key="train").click().run()
    anna.button(key="pause").click().run()
    executor.run.save_checkpoint(b"")
    executor.run.pause()
    run = executor.end()
    anna.run()
    assert "This run is paused." in page_text(anna)
    anna.selectbox(key=f"learning_rate_of_{run.name}").set_value(0.01).run()
    assert changed == [0.01]
    anna.button(key="resume").click().run()
    assert executor.run.name == run.name


def test_a_finished_run_is_pinned_and_deleted_by_its_owner(anna, run, queue):
    run.save_request(owner=owner_of(ANNA))
    queue.limits = Limits(kept=5)
    anna.query_params["run"] = run.name
    anna.switch_page("pages/models.py").run()
    anna.button(key="pin").click().run()
    assert Run(run.folder).pinned
    anna.button(key="unpin").click().run()
    assert not Run(run.folder).pinned
    anna.button(key="delete").click().run()
    assert not run.folder.exists()
    assert not anna.exception


def test_runs_of_nobody_are_everybodys_on_a_private_server_and_nobodys_on_a_shared_one(anna, run):
    anna.query_params["run"] = run.name
    anna.switch_page("pages/models.py").run()
    assert "delete" in keys(anna)
    caches.visitors().see(owner_of(BEN))
    assert "delete" not in keys(anna.run())


def test_the_teacher_signs_in_and_may_change_everything(anna, ben, queue, executor, monkeypatch):
    monkeypatch.setenv(TEACHER, "owl")
    run = queue.submit(CONFIG, "sample-digits", owner_of(ANNA))
    ben.query_params["run"] = run.name
    ben.run()
    word = ben.text_input(key="teacher_word")
    word.set_value("cat")
    sign_in = next(button for button in ben.button if button.label == "Sign in")
    sign_in.click().run()
    assert "That is not the word" in page_text(ben)
    assert "stop" not in keys(ben)
    ben.text_input(key="teacher_word").set_value("owl")
    next(button for button in ben.button if button.label == "Sign in").click().run()
    assert "You are the teacher." in page_text(ben)
    ben.button(key="stop").click().run()
    assert executor.ending == "stop"
    ben.button(key="sign_out").click().run()
    assert "stop" not in keys(ben)


def test_a_limit_is_said_at_its_field_and_disables_train(anna, monkeypatch):
    monkeypatch.setattr(caches, "limits", lambda: Limits(epochs=5))
    anna.run()  # the recipe has 20
    assert anna.button(key="train").disabled
    assert any("Epochs must be at most 5 on this server, got 20.0." in error.value for error in anna.error)


def test_a_visitor_with_too_many_runs_in_line_is_told_so(anna, queue):
    queue.limits = Limits(waiting=1)
    for _ in range(2):
        queue.submit(replace(CONFIG, epochs=1), "sample-digits", owner_of(ANNA))
    anna.run().button(key="train").click().run()
    assert any("You have 1 runs in line" in error.value or "1 run" in error.value for error in anna.error)


def test_a_browser_keeps_the_token_it_had_and_one_that_is_none_is_ignored(app, anna, monkeypatch):
    anna.run()
    assert anna.session_state[visitor.SESSION_KEY] == ANNA
    assert is_token(ANNA)
    for text in ("", "a" * 42, "a" * 44, "é" * 43, "../" * 20, None, 3):
        assert not is_token(text)


def test_wrong_words_make_the_next_one_wait(monkeypatch):
    monkeypatch.setenv(TEACHER, "owl")
    now = [1000.0]
    visitors = Visitors(lambda: now[0])
    for number in range(FREE_ATTEMPTS):
        assert "not the word" in visitors.sign_in(f"visitor {number}", "cat")
    assert "wait" in visitors.sign_in("another", "owl")  # also for who is right, or anybody could go on guessing
    now[0] += 1.5
    assert visitors.sign_in("another", "owl") is None
    assert visitors.is_teacher("another")
    monkeypatch.delenv(TEACHER)
    assert not visitors.is_teacher("another")
    assert visitors.sign_in("another", "") is not None


def test_what_is_stored_of_a_visitor_is_not_their_token(queue, runs_folder):
    run = queue.submit(CONFIG, None, owner_of(ANNA))
    stored = json.loads((run.folder / REQUEST).read_text())
    assert stored["owner"] == owner_of(ANNA) != ANNA
    assert len(stored["owner"]) == 64
