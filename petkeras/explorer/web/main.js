/** The two ways in: a page that holds its own data, and a widget in a notebook. */

import { App } from "./app.js";
import { fromBase64, unpack } from "./data.js";
import { createEngine } from "./engine.js";
import { make } from "./dom.js";
import { createOracle } from "./oracle.js";
import { say } from "./words.js";

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
    const text = say("The explorer could not start: {reason}", { reason: error?.message ?? error });
    root.replaceChildren(make("p", { class: "px-failure", role: "alert", text }));
    return null;
  }
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
