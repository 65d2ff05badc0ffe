/** Questions for Python in a notebook: they travel as the widget's messages, one at a time. */

import { say, sayAll } from "./words.js";

const ORACLE_PATIENCE = 30_000; // milliseconds without an answer, after which a person is told
const ORACLE_GRACE = 2_000; // milliseconds that an answer may come after Python's work has ended

/**
 * Make the way to Python: {ask(question, isWanted) -> Promise, listen(listener), close()}.
 * The listener has `slow(text)`, with "" when Python answers again, and `lost(text)`.
 */
export function createOracle(model) {
  const view = Math.random().toString(36).slice(2); // two views of a widget hear all answers
  const queue = []; // {question, isWanted, resolve, reject}, not sent yet
  const sent = new Map(); // id -> the same, without an answer yet
  let last = 0;
  let present = null; // the id of the question that the next one waits for
  let timer = 0;
  let lost = ""; // why nothing can be asked any more
  let listener = { slow() {}, lost() {} };

  /** Ask. A question that is no longer wanted when its turn comes is never answered. */
  function ask(question, isWanted = () => true) {
    return new Promise((resolve, reject) => {
      if (lost) return reject(new Error(lost));
      queue.push({ question, isWanted, resolve, reject });
      if (!present) sendNext();
    });
  }

  function sendNext() {
    clearTimeout(timer);
    present = null;
    while (queue.length > 0 && !queue[0].isWanted()) queue.shift();
    if (queue.length === 0) return;
    const next = queue.shift();
    last += 1;
    const id = (present = `${view}-${last}`);
    sent.set(id, next);
    timer = setTimeout(beSlow, ORACLE_PATIENCE);
    // Python is done with a message when the kernel is idle again. If that brought no answer, the
    // kernel is a new one, which does not know this widget.
    const status = (message) => {
      if (message.content.execution_state !== "idle") return;
      setTimeout(() => sent.has(id) && lose(), ORACLE_GRACE);
    };
    try {
      model.send({ id, ...next.question }, { iopub: { status } });
    } catch {
      lose(); // its channel is closed
    }
  }

  function hear(answer) {
    const asked = sent.get(answer.id);
    if (!asked) return; // another view's
    sent.delete(answer.id);
    listener.slow("");
    if (answer.error) asked.reject(new Error(answer.error));
    else asked.resolve(answer);
    if (answer.id === present) sendNext();
  }

  /** Tell that there is no answer yet; it may still come, and the next question is sent. */
  function beSlow() {
    const seconds = ORACLE_PATIENCE / 1000;
    const first = say("The notebook's kernel has not answered for {seconds} seconds.", { seconds });
    const busy = say("If it is busy with another cell, it answers when that cell has ended.");
    listener.slow(sayAll([first, busy, say("If it is not busy, run this cell again.")]));
    sendNext();
  }

  /** Tell, once, that the kernel is not there any more. */
  function lose() {
    if (lost) return;
    const what = say("The notebook's kernel has ended or was restarted: it cannot be asked.");
    lost = sayAll([what, say("Run this cell again.")]);
    listener.lost(lost);
    for (const { reject } of [...queue, ...sent.values()]) reject(new Error(lost));
    close();
  }

  function close() {
    clearTimeout(timer);
    queue.length = 0;
    sent.clear();
    model.off("msg:custom", hear);
    model.off("comm_live_update", lose);
  }

  model.on("msg:custom", hear);
  model.on("comm_live_update", lose); // JupyterLab tells so when it restarts the kernel
  return { ask, listen: (other) => (listener = other), close };
}
