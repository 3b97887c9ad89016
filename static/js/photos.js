// Photos are made smaller and sent as soon as they are chosen, several at once, each with its progress; a form names
// those that have arrived. Upgrades every [data-photos], also those that htmx brings. Without this script the files go
// with the form.
"use strict";

(() => {
  const AT_ONCE = 3;
  const SMALLER = { maxWidth: 2048, maxHeight: 2048, quality: 0.85 };
  document.documentElement.classList.add("lively");
  const upgraded = new WeakSet();
  const states = new WeakMap();
  const overfull = new WeakSet();
  const queue = [];
  let running = 0;
  let waiting = null;

  function upgrade(box) {
    if (upgraded.has(box)) return;
    upgraded.add(box);
    const input = box.querySelector("input[type=file]");
    input.addEventListener("change", (event) => {
      event.stopPropagation();
      const room = Number(box.dataset.most) - box.querySelectorAll("li").length;
      const files = [...input.files];
      input.value = "";
      overfull[files.length > room ? "add" : "delete"](box);
      say(box, files.length > room ? box.dataset.tooMany : box.dataset.sending);
      for (const file of files.slice(0, Math.max(room, 0))) add(box, input.name, file);
    });
    box.querySelector("ul").addEventListener("click", (event) => {
      const button = event.target.closest("button");
      const tile = button?.closest("li");
      if (!tile) return;
      event.preventDefault();
      if (button.matches("[data-retry]")) start(tile);
      else drop(box, tile, button);
    });
  }

  function say(box, words) {
    box.querySelector("[data-said]").textContent = words;
  }

  function add(box, name, file) {
    const tile = box.querySelector("template[data-tile]").content.firstElementChild.cloneNode(true);
    box.querySelector("ul").append(tile);
    const picture = tile.querySelector("img");
    picture.src = URL.createObjectURL(file);
    picture.addEventListener("load", () => URL.revokeObjectURL(picture.src), { once: true });
    states.set(tile, { box, name, file, done: false });
    start(tile);
  }

  function start(tile) {
    states.get(tile).trouble = false;
    tile.querySelector("[data-trouble]").hidden = tile.querySelector("[data-retry]").hidden = true;
    tile.querySelector("progress").hidden = false;
    tile.querySelector("progress").value = 0;
    queue.push(tile);
    next();
  }

  function next() {
    while (running < AT_ONCE && queue.length) {
      const tile = queue.shift();
      if (!tile.isConnected) continue;
      running += 1;
      send(tile).finally(() => { running -= 1; next(); finish(); });
    }
  }

  // A file that the browser cannot read is sent as it is: the server says what is wrong with it.
  const shrunk = (file) => new Promise((resolve) => {
    if (!window.Compressor) resolve(file);
    else new Compressor(file, { ...SMALLER, success: resolve, error: () => resolve(file) });
  });

  async function send(tile) {
    const { box, file } = states.get(tile);
    const body = new FormData();
    body.append("photo", await shrunk(file), "photo");
    const answer = await post(box, body, tile);
    if (answer.token) arrived(tile, answer);
    else failed(tile, answer.error ?? box.dataset.noConnection, !answer.error);
  }

  const secret = (box) => box.closest("form").elements.csrfmiddlewaretoken.value;

  function post(box, body, tile) {
    return new Promise((resolve) => {
      const request = new XMLHttpRequest();
      states.get(tile).request = request;
      request.open("POST", box.dataset.photos);
      request.setRequestHeader("X-CSRFToken", secret(box));
      request.responseType = "json";
      request.upload.addEventListener("progress", (event) => {
        tile.querySelector("progress").value = (100 * event.loaded) / event.total;
      });
      // Whatever is not ours (no connection, a login page) may be tried again.
      request.addEventListener("loadend", () => resolve(request.response ?? {}));
      request.send(body);
    });
  }

  function arrived(tile, answer) {
    const state = states.get(tile);
    state.done = true;
    const input = document.createElement("input");
    Object.assign(input, { type: "hidden", name: `${state.name}_uploaded`, value: answer.token });
    tile.append(input);
    tile.querySelector("[data-drop]").dataset.drop = `${answer.thumbnail}delete/`;
    tile.querySelector("progress").hidden = true;
    if (!overfull.has(state.box) && !troubled(state.box)) say(state.box, state.box.dataset.sent);
    changed(state.box);
  }

  // What went wrong stays written when another photo arrives after it.
  const troubled = (box) => [...box.querySelectorAll("li")].some((tile) => states.get(tile)?.trouble);

  function failed(tile, words, again) {
    const state = states.get(tile);
    state.trouble = true;
    const line = tile.querySelector("[data-trouble]");
    tile.querySelector("progress").hidden = true;
    tile.querySelector("[data-retry]").hidden = !again;
    line.hidden = false;
    line.textContent = words;
    say(state.box, words);
  }

  function drop(box, tile, button) {
    states.get(tile)?.request?.abort();
    if (button.dataset.drop) {
      fetch(button.dataset.drop, { method: "POST", headers: { "X-CSRFToken": secret(box) } }).catch(() => {});
    }
    const neighbour = tile.nextElementSibling ?? tile.previousElementSibling;
    tile.remove();
    (neighbour?.querySelector("[data-drop]") ?? box.querySelector("input[type=file]")).focus();
    say(box, box.dataset.removed);
    changed(box);
  }

  const changed = (box) => box.querySelector("ul").dispatchEvent(new Event("change", { bubbles: true }));

  // --- a form is sent when its photos have arrived ---

  const tiles = (form) => [...form.querySelectorAll("[data-photos] li")].map((tile) => [tile, states.get(tile)]);
  const unfinished = (form) => tiles(form).find(([, state]) => state && !state.done);

  document.addEventListener("click", (event) => {
    const button = event.target.closest("button[type=submit], button:not([type])");
    const left = button?.form && !button.closest("[data-photos]") && unfinished(button.form);
    if (!left || ["preview", "start_over"].includes(button.name)) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    const [tile, state] = left;
    if (state.trouble) {
      tile.querySelector("button:not([hidden])").focus();
      say(state.box, tile.querySelector("[data-trouble]").textContent);
    } else {
      waiting = button;
    }
  }, true);

  function finish() {
    if (!waiting?.isConnected || unfinished(waiting.form)) return;
    const button = waiting;
    waiting = null;
    button.click();
  }

  function all(root) {
    root.querySelectorAll("[data-photos]").forEach(upgrade);
  }

  document.addEventListener("DOMContentLoaded", () => all(document));
  document.addEventListener("htmx:load", (event) => all(event.target));
})();
