/** One's own photograph: chosen with a button, or dropped on the explorer. */
import { fromBase64, toBase64 } from "./data.js";
import { make } from "./dom.js";
import { decodePhotograph } from "./resize.js";
import { say } from "./words.js";

const OWN_PIECE = 4_000_000; // characters; Jupyter cuts the connection at a message above 10 MiB

/** Make the button, and let photographs be dropped anywhere on the explorer. */
export function createOwn(app) {
  const problem = make("p", { class: "px-problem", role: "alert" });
  const input = make("input", {
    type: "file",
    accept: "image/*",
    class: "px-file",
    onchange: () => {
      if (input.files.length > 0) take(input.files[0]);
      input.value = ""; // the same file can be chosen again
    },
  });
  const label = make(
    "label",
    { class: "px-button px-file-button" },
    say("Your own picture …"),
    input,
  );
  const hint = make("span", { class: "px-hint", text: say("or drop one here") });
  const element = make("div", { class: "px-own" }, label, hint, problem);
  let latest = null; // the file that was chosen last

  async function take(file) {
    latest = file;
    problem.textContent = "";
    try {
      const isLatest = () => latest === file;
      const pixels = await ownPixels(app, file, isLatest);
      if (!isLatest()) return; // another was chosen meanwhile
      app.network.useOwn(pixels, file.name);
      app.changed();
      app.announce(say("Shown is {name}.", { name: file.name }));
    } catch (error) {
      if (latest === file) problem.textContent = ownProblem(app, file, error);
    }
  }

  const carriesFile = (event) => event.dataTransfer?.types.includes("Files");
  app.root.addEventListener("dragover", (event) => {
    if (!carriesFile(event)) return;
    event.preventDefault();
    event.dataTransfer.dropEffect = "copy";
    app.root.classList.add("px-dropping");
  });
  app.root.addEventListener("dragleave", (event) => {
    if (!app.root.contains(event.relatedTarget)) app.root.classList.remove("px-dropping");
  });
  app.root.addEventListener("drop", (event) => {
    app.root.classList.remove("px-dropping");
    if (!carriesFile(event)) return;
    event.preventDefault(); // the browser would leave the page for the file
    if (event.dataTransfer.files.length > 0) take(event.dataTransfer.files[0]);
  });

  return { element };
}

/** Return a file's pixels as the network takes them; in a notebook as Python decodes them. */
async function ownPixels(app, file, isWanted) {
  try {
    if (app.oracle) return await ownAsked(app.oracle, file, isWanted);
  } catch (error) {
    if (app.oracle) throw error; // else Python is not there any more
  }
  return decodePhotograph(file, app.manifest.input_shape);
}

/** Return the pixels that Python decodes from a file, which goes to it in pieces. */
async function ownAsked(oracle, file, isWanted) {
  const text = toBase64(new Uint8Array(await file.arrayBuffer()));
  for (let at = 0; ; at += OWN_PIECE) {
    const more = at + OWN_PIECE < text.length;
    const piece = text.slice(at, at + OWN_PIECE);
    const question = { ask: "photograph", name: file.name, file: piece, at, more };
    const answer = await oracle.ask(question, isWanted);
    if (!more) return new Uint8ClampedArray(fromBase64(answer.pixels));
  }
}

/** Return one line for a file that is no photograph. */
function ownProblem(app, file, error) {
  if (app.oracle) return error.message;
  return say("'{name}' cannot be opened as a picture. Choose a JPEG, PNG, WebP or GIF file.", {
    name: file.name,
  });
}
