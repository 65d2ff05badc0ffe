/** The trained network beside the one that is changed, on the same photograph. */
import { Network } from "./network.js";

/** Return `output(layer)`: what the trained network gives for the present pixels, or null. */
export function createTrained(app) {
  const trained = new Network(app.contents, app.network.engine);
  let pixels = null;
  return function output(layer) {
    if (pixels !== app.network.pixels) trained.useOwn(app.network.pixels, "");
    pixels = app.network.pixels;
    return trained.output(layer);
  };
}
