/** The tab "Play": a convolution and a pool, one window at a time. */
import { createSmallGrid } from "./grid.js";
import { make } from "./dom.js";
import { createSlide } from "./slide.js";
import { say } from "./words.js";

/** Make the tab. */
export function createPlay(app) {
  const grid = createSmallGrid(app);
  const slide = createSlide(app);
  const element = make("div", { class: "px-tools px-play-tab" }, grid.element, slide.element);
  return { name: "play", label: say("Play"), element, update: slide.update };
}
