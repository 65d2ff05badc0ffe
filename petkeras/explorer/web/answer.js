/** The tab "Answer": a class's score as a sum over the inputs of the last layer. */
import { button, choice, count, make, number } from "./dom.js";
import { answerParts, answerSource, answerUnitNames, createScores } from "./scores.js";
import { say } from "./words.js";
import { createUnit } from "./unit.js";

/** Make the tab. */
export function createAnswer(app) {
  const { manifest } = app;
  const scores = createScores(app);
  const source = answerSource(app.network);
  const unit = createUnit(app, source);
  let other = -1; // the class that the chosen one is compared with

  const names = [...app.classNames.entries()];
  const classes = choice(say("Score of"), names, (index) =>
    app.select({ classIndex: Number(index) }),
  );
  const noOther = [-1, say("no other class")];
  const others = choice(say("compared with"), [noOther, ...names], (index) => {
    other = Number(index);
    app.draw();
  });
  const problem = make("p", { class: "px-problem px-wide" });
  const explain = make("p", { class: "px-hint" });
  const caption = make("caption");
  const rows = make("tbody");
  const heads = [
    make("th", { scope: "col", text: say("From") }),
    make("th", { scope: "col", class: "px-num", text: say("Adds") }),
    make("th", { scope: "col", class: "px-num", text: say("Sum so far") }),
    make("th", { scope: "col", text: say("Drawn") }),
  ];
  const table = make(
    "table",
    { class: "px-table px-waterfall" },
    caption,
    make("thead", {}, make("tr", {}, ...heads)),
    rows,
  );
  const sum = make(
    "section",
    { class: "px-tool" },
    make("h2", { class: "px-title", text: say("Where the score comes from") }),
    make("div", { class: "px-row" }, classes.element, others.element),
    explain,
    table,
  );
  const element = make("div", { class: "px-tools px-answer-tab" }, problem, sum, unit.element);

  function update() {
    const index = app.selection.classIndex;
    classes.field.value = index;
    for (const option of others.field.options) option.disabled = Number(option.value) === index;
    if (other === index) others.field.value = other = -1;
    const { value: score, reason } = scores.of(index, other);
    problem.hidden = Boolean(score);
    problem.textContent = score ? "" : reason;
    table.hidden = explain.hidden = !score;
    if (score) showScore(score, index);
    unit.element.hidden = !score;
    if (score) unit.update(score);
  }

  function showScore(score, index) {
    const name = app.classNames[index];
    const values = { name, other: app.classNames[other], total: number(score.total, 4) };
    caption.textContent =
      other < 0
        ? say("Score of {name}: {total}", values)
        : say("Score of {name} less that of {other}: {total}", values);
    explain.textContent = say(
      "Each of the {units} times its weight, and the bias, add up to the score. Choose one to " +
        "see where its value came from. Softmax turns the scores into probabilities.",
      { units: answerUnitNames(source, count(score.units.length)) },
    );
    const parts = answerParts(score, source);
    const ends = [0, ...parts.flatMap(({ from, to }) => [from, to])];
    const [low, high] = [Math.min(...ends), Math.max(...ends)];
    const part = (value) => (high > low ? (value - low) / (high - low) : 0);
    const focused = rows.querySelector("button:focus")?.dataset.unit;
    rows.replaceChildren(...parts.map((each) => answerRow(each, part)));
    if (focused !== undefined) rows.querySelector(`[data-unit="${focused}"]`)?.focus();
  }

  function answerRow({ label, detail, unit: index, value, from, to, total }, part) {
    const bar = make("span", { class: to < from ? "px-step px-step-minus" : "px-step" });
    bar.style.setProperty("--px-from", part(Math.min(from, to)));
    bar.style.setProperty("--px-length", part(Math.max(from, to)) - part(Math.min(from, to)));
    const zero = make("span", { class: "px-step-zero" });
    zero.style.setProperty("--px-from", part(0));
    const chosen = index !== undefined && unit.chosen() === index;
    const name =
      index === undefined
        ? make("span", { text: label })
        : button(label, () => unit.choose(index), {
            "aria-pressed": String(chosen),
            class: "px-link",
            "data-unit": index,
          });
    const from_ = make("th", { scope: "row" }, name);
    if (detail) from_.append(make("span", { class: "px-detail", text: detail }));
    const adds = total ? "" : `${value < 0 ? "" : "+"}${number(value, 4)}`;
    return make(
      "tr",
      { class: total ? "px-total" : chosen ? "px-chosen" : "" },
      from_,
      make("td", { class: "px-num", text: adds }),
      make("td", { class: "px-num", text: number(to, 4) }),
      make("td", { class: "px-step-cell" }, make("div", { "aria-hidden": "true" }, zero, bar)),
    );
  }

  return { name: "answer", label: say("Answer"), element, update };
}
