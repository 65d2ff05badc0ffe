"""Questions from the front end to Python: in turn, with a line where no answer comes."""

import pytest
from explorer.browser import open_page

# A model that keeps what is sent; `answer`, `idle` and `restart` are what a kernel does.
SETUP = """async () => {
  const { createOracle } = await import("/oracle.js");
  const handlers = {};
  const model = {
    sent: [],
    closed: false,
    on: (name, handler) => (handlers[name] = handler),
    off: (name) => delete handlers[name],
    send(content, callbacks) {
      if (this.closed) throw new Error("Cannot send");
      this.sent.push({ content, callbacks });
    },
  };
  const oracle = createOracle(model);
  const heard = [];
  const slow = (text) => heard.push(["slow", text]);
  oracle.listen({ slow, lost: (text) => heard.push(["lost", text]) });
  const ask = (question, isWanted) => oracle.ask(question, isWanted).then(
    (answer) => heard.push(["answer", answer.value]),
    (error) => heard.push(["error", error.message]),
  );
  const answer = (at, part) => {
    const { id } = model.sent[at].content;
    handlers["msg:custom"]?.({ id, ...part });
  };
  const idle = (at) => {
    const message = { content: { execution_state: "idle" } };
    model.sent[at].callbacks.iopub.status(message);
  };
  Object.assign(window, { oracle, model, handlers, heard, ask, answer, idle });
}"""
BUSY = "has not answered for 30 seconds"
GONE = "has ended or was restarted"


class Asked:
    """Hold a page with a way to Python; what is asked and heard is looked at in it."""

    def __init__(self, page):
        self.page = page

    def do(self, script):
        self.page.evaluate(f"() => {{ {script} }}")
        self.page.evaluate("() => Promise.resolve()")

    @property
    def sent(self):
        return self.page.evaluate("() => model.sent.map(({ content }) => content.ask)")

    @property
    def heard(self):
        return self.page.evaluate("() => heard.filter(([, text]) => text !== '')")

    def after(self, seconds):
        self.page.clock.run_for(seconds * 1000)


@pytest.fixture
def asked(browser):
    page = open_page(browser)
    page.clock.install()
    page.evaluate(SETUP)
    yield Asked(page)
    page.close()


def test_the_next_question_waits_for_the_answer_to_the_last(asked):
    asked.do("ask({ ask: 'a' }); ask({ ask: 'b' });")
    assert asked.sent == ["a"]
    asked.do("answer(0, { value: 1 });")
    assert asked.sent == ["a", "b"]
    asked.do("answer(1, { error: 'No such layer.' });")
    assert asked.heard == [["answer", 1], ["error", "No such layer."]]


def test_a_question_that_is_no_longer_wanted_is_not_sent(asked):
    asked.do("ask({ ask: 'a' }); ask({ ask: 'b' }, () => false); ask({ ask: 'c' });")
    asked.do("answer(0, { value: 1 });")
    assert asked.sent == ["a", "c"]


def test_answers_to_another_view_are_left_alone(asked):
    asked.do("ask({ ask: 'a' }); handlers['msg:custom']({ id: 'other-1', value: 2 });")
    assert asked.heard == []


def test_a_busy_kernel_is_told_of_after_30_seconds_and_may_still_answer(asked):
    asked.do("ask({ ask: 'a' }); ask({ ask: 'b' });")
    asked.after(29)
    assert asked.heard == []
    asked.after(2)
    [[kind, line]] = asked.heard
    assert kind == "slow"
    assert BUSY in line
    assert asked.sent == ["a", "b"]  # the first could have been lost
    asked.do("answer(0, { value: 1 }); answer(1, { value: 2 });")
    assert asked.page.evaluate("() => heard[1]") == ["slow", ""]  # the line is taken away
    assert asked.heard[1:] == [["answer", 1], ["answer", 2]]
    asked.after(60)
    assert len(asked.heard) == 3


def test_no_more_than_one_question_is_sent_in_30_seconds_to_a_busy_kernel(asked):
    for _ in range(50):
        asked.do("ask({ ask: 'a' });")
        asked.after(1)
    assert len(asked.sent) == 2


def test_a_kernel_that_is_done_without_an_answer_does_not_know_the_widget(asked):
    asked.do("ask({ ask: 'a' }); ask({ ask: 'b' }); idle(0);")
    asked.after(1)
    assert asked.heard == []
    asked.after(2)
    assert [kind for kind, _ in asked.heard] == ["lost", "error", "error"]
    assert all(GONE in line for _, line in asked.heard)


def test_an_answer_that_comes_before_the_kernel_is_idle_is_an_answer(asked):
    asked.do("ask({ ask: 'a' }); answer(0, { value: 1 }); idle(0);")
    asked.after(60)
    assert asked.heard == [["answer", 1]]


@pytest.mark.parametrize("how", ["model.closed = true;", "handlers.comm_live_update();"])
def test_a_closed_channel_is_told_of_once_and_at_once(asked, how):
    asked.do(f"{how} ask({{ ask: 'a' }}); ask({{ ask: 'b' }});")
    assert [kind for kind, _ in asked.heard] == ["lost", "error", "error"]
    assert all(GONE in line and "Run this cell again." in line for _, line in asked.heard)
    assert asked.sent == []


def test_after_it_is_closed_nothing_more_is_heard(asked):
    asked.do("ask({ ask: 'a' }); oracle.close(); answer(0, { value: 1 });")
    asked.after(60)
    assert asked.heard == []
