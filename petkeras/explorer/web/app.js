/** The explorer: what is chosen, what is shown, and when it is drawn again. */

import { Network } from "./network.js";
import { say, useWords } from "./words.js";
import { make, markChosen, roving } from "./dom.js";
import { createHeader } from "./header.js";
import { createRow } from "./row.js";
import { createLook } from "./look.js";
import { createChange } from "./change.js";
import { createPlay } from "./play.js";
import { createTime } from "./time.js";
import { createAnswer } from "./answer.js";

const appRest = 250; // milliseconds without a change, after which the exact order is computed
const appSlice = 12; // milliseconds of that work between two frames

/** Return `value` as a whole number from `low` to `high`. */
function appClamp(value, low, high) {
  return Math.min(high, Math.max(low, Math.round(Number(value) || 0)));
}

/** One explorer in the element `root`. `oracle` asks Python in a notebook; it is null in a page. */
export class App {
  constructor(root, contents, engine, oracle = null) {
    useWords(contents.manifest.words);
    this.root = root;
    this.root.lang = contents.manifest.lang;
    this.manifest = contents.manifest;
    this.contents = contents;
    this.oracle = oracle;
    this.network = new Network(contents, engine);
    this.classNames = this.nameClasses();
    this.id = `px-${Math.random().toString(36).slice(2)}`; // a notebook may have several
    this.version = 0; // grows with every change of the network, so that views know what is stale
    this.selection = this.startSelection();
    this.answer = { values: null, error: 0, reason: "", pending: false };
    this.frameAsked = 0;
    this.restTimer = 0;
    this.oracleTimer = 0;
    this.build();
    this.changed();
    oracle?.listen({
      slow: (line) => this.showTrouble(line),
      lost: (line) => this.loseOracle(line),
    });
  }

  /** Return what is chosen first: the manifest's layer, or the first convolution. */
  startSelection() {
    const { layers, start } = this.manifest;
    const named = layers.findIndex((layer) => layer.name === start.layer);
    const first = Math.max(0, layers.findIndex((layer) => layer.kind === "conv"));
    const layer = named >= 0 ? named : first;
    const filter = named >= 0 ? appClamp(start.filter, 0, this.shapeOf(layer)[2] - 1) : null;
    const place = this.brightest(layer, filter);
    return { layer, ...place, tab: start.tab ?? "look", classIndex: 0 };
  }

  /** Return {filter, y, x} of the largest value away from the edges, of one map or of all. */
  brightest(layer, only) {
    const maps = this.network.output(layer);
    if (!maps) return { filter: only ?? 0, y: 0, x: 0 };
    const { data, height, width, channels } = maps;
    const best = { filter: only ?? 0, y: height >> 1, x: width >> 1 };
    let most = -Infinity;
    for (let y = height >> 2; y < height - (height >> 2); y += 1) {
      for (let x = width >> 2; x < width - (width >> 2); x += 1) {
        for (let filter = only ?? 0; filter <= (only ?? channels - 1); filter += 1) {
          const value = data[(y * width + x) * channels + filter];
          if (value <= most) continue;
          most = value;
          Object.assign(best, { filter, y, x });
        }
      }
    }
    return best;
  }

  /** Return the classes' names as text, numbered where they are unknown or empty. */
  nameClasses() {
    const { class_names: names } = this.manifest;
    const known = names.map((name) => name.replaceAll("_", " ").trim());
    const amount = names.length || (this.endsInMaps() ? 0 : this.manifest.layers.at(-1).shape[0]);
    const nameOf = (_, index) => known[index] || say("class {index}", { index });
    return Array.from({ length: amount }, nameOf);
  }

  /** Return whether the last layer gives maps, and so no scores of classes. */
  endsInMaps() {
    return this.manifest.layers.at(-1).shape.length === 3;
  }

  /** Return a layer's shape as [h, w, c]; vectors are 1 x 1 x n. -1 is the photograph. */
  shapeOf(layer) {
    const shape = layer < 0 ? this.manifest.input_shape : this.manifest.layers[layer].shape;
    return shape.length === 3 ? shape : [1, 1, shape[0]];
  }

  /** Merge `part` into the selection, and draw. `spoken` tells a screen reader (upon keys). */
  select(part, spoken = false) {
    const before = this.selection;
    const next = { ...before, ...part };
    const { layers } = this.manifest;
    next.layer = appClamp(next.layer, 0, layers.length - 1);
    const [height, width, channels] = this.presentShape(next.layer);
    if (next.layer !== before.layer && !("y" in part)) this.keepPlace(before, next, height, width);
    next.filter = appClamp(next.filter, 0, channels - 1);
    next.y = appClamp(next.y, 0, height - 1);
    next.x = appClamp(next.x, 0, width - 1);
    next.classIndex = appClamp(next.classIndex, 0, Math.max(0, this.classNames.length - 1));
    this.selection = next;
    this.draw();
    if (spoken) this.speakLater = true;
  }

  /** Keep the chosen place in the photograph when another layer of another size is chosen. */
  keepPlace(before, next, height, width) {
    const [rows, columns] = this.presentShape(before.layer);
    next.y = Math.floor(((before.y + 0.5) / rows) * height);
    next.x = Math.floor(((before.x + 0.5) / columns) * width);
  }

  /** Return a layer's present shape [h, w, c], which changes with strides and padding. */
  presentShape(layer) {
    if (this.network.outputError(layer)) return this.shapeOf(layer);
    const { height, width, channels } = this.network.output(layer);
    return [height, width, channels];
  }

  /** Tell that the network was edited: draw all again, and compute the exact order at rest. */
  changed() {
    this.version += 1;
    this.answer = this.quickAnswer();
    this.draw();
    clearTimeout(this.restTimer);
    this.restTimer = setTimeout(() => this.refine(), appRest);
    this.askOracle();
  }

  /** Draw everything visible in the next animation frame, once. */
  draw() {
    if (this.frameAsked) return;
    this.frameAsked = requestAnimationFrame(() => {
      this.frameAsked = 0;
      this.update();
    });
  }

  /** Draw the header, the row of layers and the open tab now. */
  update() {
    this.ink = getComputedStyle(this.root).color; // for the canvases
    this.header.update();
    this.row.update();
    const open = this.tabs.find((tab) => tab.name === this.selection.tab) ?? this.tabs[0];
    this.showTab(open);
    open.update();
    if (this.speakLater) this.announce(open.sentence?.() ?? "");
    this.speakLater = false;
  }

  /** Go on with TensorFlow's order of addition in slices, and draw when all is exact. */
  refine() {
    if (!this.root.isConnected) return;
    if (!this.network.refine(appSlice)) {
      this.restTimer = setTimeout(() => this.refine(), 0);
      return;
    }
    this.version += 1;
    if (!this.answer.fromOracle) this.answer = this.quickAnswer();
    this.draw();
  }

  /** Return TensorFlow's stored probabilities, or after a change those that the page can give. */
  quickAnswer() {
    const { photographs, stops_at: stopped } = this.manifest;
    if (this.endsInMaps() && !stopped) {
      const reason = say("It has no answer: its last layer gives maps.");
      return { values: null, error: 0, reason, pending: false };
    }
    const own = photographs[this.network.photograph]?.probabilities;
    const pending = this.oracle !== null && !stopped && this.network.frame === null;
    if (own && !stopped && !this.network.changes().any) {
      return { values: own, error: 0, reason: "", exact: true, pending, fromOracle: true };
    }
    return { ...this.network.probabilities(), pending, fromOracle: false };
  }

  /** In a notebook, ask Python for the exact probabilities, once edits have paused. */
  askOracle() {
    clearTimeout(this.oracleTimer);
    if (!this.answer.pending) return;
    const version = this.version;
    const edits = () => this.network.edits();
    const settled = (answer) => {
      if (this.oracleVersion !== version) return; // an edit came meanwhile
      this.answer = { error: 0, pending: false, fromOracle: true, exact: true, ...answer };
      this.draw();
    };
    this.oracleVersion = version;
    this.oracleTimer = setTimeout(() => {
      const isWanted = () => this.oracleVersion === version;
      this.oracle.ask({ ask: "logits", edits: edits() }, isWanted).then(
        ({ probabilities, outputs }) => settled({ values: probabilities, outputs, reason: "" }),
        (error) => settled({ values: null, reason: error.message }),
      );
    }, appRest);
  }

  /** A dense layer's output as Python computed it with the answer, or null. */
  outputOfPython(layer) {
    const data = this.answer.outputs?.[layer];
    return data ? { data, height: 1, width: 1, channels: data.length } : null;
  }

  /** Show that Python does not answer, or with "" that it does. */
  showTrouble(text) {
    if (this.trouble.textContent === text) return;
    this.trouble.textContent = text;
    this.trouble.hidden = text === "";
    this.announce(text);
  }

  /** Without Python, go on as a page does, which computes what it can itself. */
  loseOracle(text) {
    this.oracle = null;
    this.oracleVersion = -1; // what is still under way is not settled any more
    this.showTrouble(text);
    this.changed();
  }

  /** Say a sentence to a screen reader. */
  announce(text) {
    this.live.textContent = text;
  }

  /** JupyterLab's shortcuts, such as "d d", must not act on cells while a key is meant for us. */
  keepKeys() {
    this.root.dataset.lmSuppressShortcuts = "true";
    // The attribute does not help while one of the root's own elements has the focus.
    this.root.addEventListener("keydown", (event) => {
      if (!event.ctrlKey && !event.metaKey && !event.altKey) event.stopPropagation();
    });
  }

  /** Make the page: header, row of layers, tabs. */
  build() {
    this.live = make("div", { class: "px-live", "aria-live": "polite" });
    this.trouble = make("p", { class: "px-failure", hidden: true });
    this.header = createHeader(this);
    this.row = createRow(this);
    this.tabs = [createLook, createChange, createPlay, createTime, createAnswer].map((create) =>
      create(this),
    );
    this.root.classList.add("petkeras-explorer");
    this.keepKeys();
    this.root.replaceChildren(
      this.header.element,
      this.row.element,
      this.buildTabs(),
      this.trouble, // above what a person works at
      ...this.panels,
      this.live,
    );
  }

  /** Make the list of tabs and their panels. */
  buildTabs() {
    this.panels = this.tabs.map((tab) =>
      make(
        "section",
        {
          class: "px-panel",
          role: "tabpanel",
          id: `${this.id}-panel-${tab.name}`,
          "aria-labelledby": `${this.id}-tab-${tab.name}`,
          hidden: true,
        },
        tab.element,
      ),
    );
    this.tabButtons = this.tabs.map((tab) =>
      make("button", {
        type: "button",
        role: "tab",
        class: "px-tab",
        id: `${this.id}-tab-${tab.name}`,
        "aria-controls": `${this.id}-panel-${tab.name}`,
        onclick: () => this.select({ tab: tab.name }),
        text: tab.label,
      }),
    );
    const list = make(
      "div",
      { class: "px-tabs", role: "tablist", "aria-label": say("What to do with the chosen layer") },
      ...this.tabButtons,
    );
    const choose = (index) => this.select({ tab: this.tabs[index].name });
    roving(list, () => this.tabButtons, () => 0, choose);
    return list;
  }

  /** Show the panel of one tab, and hide the others. */
  showTab(open) {
    const chosen = this.tabs.indexOf(open);
    markChosen(this.tabButtons, chosen, "aria-selected");
    this.panels.forEach((panel, index) => {
      panel.hidden = index !== chosen;
    });
  }
}
