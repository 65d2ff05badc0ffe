/** The top of the explorer: the photograph, those to choose from, and the network's answer. */

import { breakable, button, canvas, make, markChosen, number, roving, setText } from "./dom.js";
import { drawPixels } from "./drawing.js";
import { createOwn } from "./own.js";
import { say, sayAll } from "./words.js";

const HEADER_CLASSES = 5; // whose bars are shown

/** Make the header: {element, update()}. */
export function createHeader(app) {
  const { manifest } = app;
  const photograph = createHeaderPhotograph(app);
  const strip = createHeaderStrip(app);
  const answer = createHeaderAnswer(app);
  const inNotebook = app.oracle !== null;
  const notes = manifest.notes
    .filter((note) => note !== manifest.stops_at) // which is said where the answer would be
    .map((note) => make("li", { text: note }));
  const element = make(
    "div",
    { class: "px-header" },
    make(inNotebook ? "h2" : "h1", { class: "px-heading", text: manifest.title }),
    make("div", { class: "px-top" }, photograph.element, answer.element, strip.element),
    notes.length > 0 ? make("ul", { class: "px-notes" }, ...notes) : null,
  );
  const update = () => {
    photograph.update();
    strip.update();
    answer.update();
  };
  return { element, update };
}

/** The network's present photograph, large, with its name and its label. */
function createHeaderPhotograph(app) {
  const { network, manifest } = app;
  const [height, width, channels] = manifest.input_shape;
  const picture = canvas(width, height, say("The picture"));
  const caption = make("figcaption", { class: "px-caption" });
  const element = make("figure", { class: "px-photograph" }, picture, caption);
  let drawn = null;

  function update() {
    if (drawn === app.version) return;
    drawn = app.version;
    drawPixels(picture, network.pixels, height, width, channels);
    if (caption.textContent === headerTitle(app)) return;
    picture.setAttribute("aria-label", headerTitle(app));
    caption.textContent = headerTitle(app);
  }

  return { element, update };
}

/** Return what the present photograph is, as a line. */
function headerTitle(app) {
  const { network, manifest } = app;
  const { photograph: index } = network;
  if (index < 0) return say("Your picture {name}", { name: network.ownName ?? "" });
  const { name, label } = manifest.photographs[index];
  if (label === null) return name;
  return say("{name} ({label})", { name, label: app.classNames[label] });
}

/** The photographs to choose from, a radio group, and one's own. */
function createHeaderStrip(app) {
  const { network, manifest } = app;
  const [height, width, channels] = manifest.input_shape;
  let own = null; // {pixels, name} of the photograph that was dropped in

  const items = manifest.photographs.map((photograph, index) => {
    const picture = canvas(width, height);
    const pixels = app.contents.arrays[`photographs/${index}`].data;
    drawPixels(picture, pixels, height, width, channels);
    return headerItem(picture, photograph.name, headerMark(photograph), () => choose(index));
  });
  const ownPicture = canvas(width, height);
  const ownItem = headerItem(ownPicture, say("your own"), null, () => choose(items.length));
  ownItem.hidden = true;

  const group = make(
    "div",
    { class: "px-strip", role: "radiogroup", "aria-label": say("Pictures") },
    ...items,
    ownItem,
  );
  const shown = () => (own ? [...items, ownItem] : items);
  roving(group, shown, () => 0, choose);
  const element = make("div", { class: "px-choose" }, group, createOwn(app).element);

  function choose(index) {
    if (index === items.length) network.useOwn(own.pixels, own.name);
    else network.choose(index);
    app.changed();
  }

  function update() {
    if (network.photograph < 0 && network.ownName !== own?.name) {
      own = { pixels: network.pixels.slice(), name: network.ownName };
      drawPixels(ownPicture, own.pixels, height, width, channels);
      ownItem.hidden = false;
    }
    const chosen = network.photograph < 0 ? items.length : network.photograph;
    markChosen([...items, ownItem], chosen);
  }

  return { element, update };
}

/** Make one photograph of the strip: picture, name, and a mark. */
function headerItem(picture, name, mark, onclick) {
  return make(
    "button",
    { type: "button", role: "radio", class: "px-strip-item", title: name, onclick },
    picture,
    make("span", { class: "px-strip-name", text: breakable(name) }),
    mark,
  );
}

/** Make the word and the sign that say whether the network is right about a photograph. */
function headerMark({ right, part }) {
  if (right === null) return make("span", { class: "px-verdict", text: headerPart(part) });
  return right
    ? make("span", { class: "px-verdict px-right", text: say("✓ right") })
    : make("span", { class: "px-verdict px-wrong", text: say("✗ wrong") });
}

/** Return what a photograph without a verdict is. */
function headerPart(part) {
  return part === "yours" ? say("yours") : " ";
}

/** The probabilities as bars with numbers, or the reason why there are none. */
function createHeaderAnswer(app) {
  const shown = Math.min(HEADER_CLASSES, app.classNames.length);
  const bars = Array.from({ length: shown }, createHeaderBar);
  const rest = make("p", { class: "px-answer-rest" });
  const hint = make("p", { class: "px-answer-hint" });
  const command = make("code", { class: "px-command" });
  const copy = button(say("Copy"), () => navigator.clipboard?.writeText(command.textContent));
  const commandLine = make("div", { class: "px-command-line", hidden: true }, command, copy);
  const element = make(
    "section",
    { class: "px-answer", "aria-label": say("The network's answer") },
    make("div", { class: "px-answer-title", text: say("The network's answer") }),
    make("ul", { class: "px-bars" }, ...bars.map((bar) => bar.element)),
    rest,
    hint,
    commandLine,
  );

  let drawn = null;

  function update() {
    if (drawn === app.answer) return;
    drawn = app.answer;
    const { values } = app.answer;
    const order = headerOrder(values, app.classNames.length).slice(0, shown);
    bars.forEach((bar, place) => bar.show(headerClass(app, order[place])));
    setText(rest, headerRest(values, order));
    rest.hidden = app.classNames.length <= shown;
    const line = values ? null : headerCommand(app);
    const lead = line === null ? "" : say("TensorFlow computes it with:");
    setText(hint, sayAll([headerHint(app), lead]));
    commandLine.hidden = line === null;
    setText(command, line ?? "");
  }

  return { element, update };
}

/** Make one bar: {element, show({name, value, error, label})}. */
function createHeaderBar() {
  const name = make("span", { class: "px-bar-name" });
  const fill = make("span", { class: "px-bar-fill" });
  const amount = make("span", { class: "px-bar-number" });
  const track = make("span", { class: "px-bar-track", "aria-hidden": "true" }, fill);
  const element = make("li", { class: "px-bar" }, name, track, amount);
  const show = (bar) => {
    setText(name, bar.label ? say("{name} (its label)", { name: bar.name }) : bar.name);
    name.classList.toggle("px-bar-label", bar.label);
    setText(amount, headerProbability(bar));
    fill.style.setProperty("width", `${100 * (bar.value ?? 0)}%`);
  };
  return { element, show };
}

/** Return what one bar shows of the class `index`. */
function headerClass(app, index) {
  const { values, error } = app.answer;
  const value = values ? values[index] : null;
  const own = app.manifest.photographs[app.network.photograph]?.label;
  return { name: app.classNames[index], value, error, label: own === index };
}

/** Return a probability as text, with its error where there is one. */
function headerProbability({ value, error }) {
  if (value === null) return "–";
  if (!error) return number(value, 3);
  const rounded = Math.ceil(error * 1000) / 1000; // never less than what was measured
  return say("{value} ± {error}", { value: number(value, 3), error: number(rounded, 3) });
}

/** Return the classes' numbers, the most probable first where there are more than two. */
function headerOrder(values, classes) {
  const order = Array.from({ length: classes }, (_, index) => index);
  if (values && classes > 2) order.sort((a, b) => values[b] - values[a]);
  return order;
}

/** Return what the classes without a bar have together. */
function headerRest(values, order) {
  if (!values || order.length >= values.length) return "";
  const others = values.length - order.length;
  const sum = order.reduce((left, index) => left - values[index], 1);
  return say("The {others} others together: {sum}", { others, sum: number(Math.max(0, sum), 3) });
}

/** Return the line that says where the probabilities come from, or why there are none. */
function headerHint(app) {
  const { values, error, reason, exact, pending, fromOracle } = app.answer;
  if (!values && pending) return say("TensorFlow is computing the answer …");
  if (!values) return reason;
  if (pending && !fromOracle) return say("Until TensorFlow has answered, computed here.");
  if (fromOracle) return say("Computed by TensorFlow.");
  if (error) {
    return say(
      "Computed in this page. ± is the largest error measured for changes up to this size; "
      + "a larger one is possible.",
    );
  }
  return exact ? say("Computed in this page, with all of the network's weights.") : "";
}

/** Return the command that gives the answer, or null if there is none. */
function headerCommand(app) {
  const { run, stops_at: stopped, photographs } = app.manifest;
  const { kernels, geometry, maps, frame, photograph } = app.network.changes();
  if (!run || stopped || frame || app.oracle) return null;
  if (kernels || geometry || maps || photograph) return `pk.explore(${JSON.stringify(run)})`;
  const name = app.network.ownName ?? photographs[app.network.photograph]?.name;
  return `petkeras predict ${headerQuoted(run)} ${headerQuoted(name ?? "")}`;
}

/** Return a name as one word of a shell's command. */
function headerQuoted(name) {
  return /^[\w./-]+$/.test(name) ? name : `'${name.replaceAll("'", "'\\''")}'`;
}
