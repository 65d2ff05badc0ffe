/** The two ways in: a page that holds its own data, and a widget in a notebook. */

import { App } from "./app.js";
import { fromBase64, unpack } from "./data.js";
import { createEngine } from "./engine.js";
import { make } from "./dom.js";

/**
 * Show the explorer in `root`, or one line that says what went wrong.
 * `packedText`: the contents; `wasm`: the engine's bytes, or their base64 text.
 */
export async function start(root, packedText, wasm, oracle = null) {
  try {
    const bytes = typeof wasm === "string" ? fromBase64(wasm) : wasm;
    const [contents, engine] = await Promise.all([unpack(packedText), createEngine(bytes)]);
    return new App(root, contents, engine, oracle);
  } catch (error) {
    const text = `The explorer could not start: ${error?.message ?? error}`;
    root.replaceChildren(make("p", { class: "px-failure", role: "alert", text }));
    return null;
  }
}

/** Ask Python through the widget's messages: {ask(question) -> Promise, close()}. */
function createOracle(model) {
  const waiting = new Map(); // id -> {resolve, reject}
  const view = Math.random().toString(36).slice(2); // two views of a widget hear all answers
  let last = 0;

  function hear(answer) {
    const asked = waiting.get(answer.id);
    if (!asked) return;
    waiting.delete(answer.id);
    if (answer.error) asked.reject(new Error(answer.error));
    else asked.resolve(answer);
  }

  function ask(question) {
    last += 1;
    const id = `${view}-${last}`;
    return new Promise((resolve, reject) => {
      waiting.set(id, { resolve, reject });
      model.send({ id, ...question });
    });
  }

  model.on("msg:custom", hear);
  return { ask, close: () => model.off("msg:custom", hear) };
}

/** Show the explorer as an anywidget. */
async function render({ model, el }) {
  const oracle = createOracle(model);
  const root = make("div");
  el.append(root);
  await start(root, model.get("contents"), model.get("wasm"), oracle);
  return () => {
    oracle.close();
    root.remove();
  };
}

/** Start by itself in a page that holds its data. */
function startPage() {
  const text = (id) => document.getElementById(id)?.textContent;
  if (!text("petkeras-contents")) return;
  const root = document.getElementById("petkeras-explorer");
  start(root, text("petkeras-contents"), text("petkeras-wasm"));
}

startPage();

export default { render };
