// Deadlines count down from the server's clock, not the reader's; times are shown in the browser's zone unless the
// reader has chosen one. Without this script the page shows the words and times that the server wrote.
"use strict";

(() => {
  const two = (number) => String(number).padStart(2, "0");
  const options = { dateStyle: "medium", timeStyle: "short", hourCycle: "h23" };
  const format = new Intl.DateTimeFormat(document.documentElement.lang, options);
  // Each deadline with when the page got it: what the server said of the time is counted on from there.
  let running = [];
  let timer;

  function show({ element, started }) {
    const { due, now, over } = element.dataset;
    const left = Math.floor(due - now - (Date.now() / 1000 - started));
    if (left <= 0) {
      element.textContent = over;
      return false;
    }
    // Above a day the server's words say enough.
    if (left < 86400) {
      element.textContent = `${two(Math.floor(left / 3600))}:${two(Math.floor((left % 3600) / 60))}:${two(left % 60)}`;
    }
    return element.isConnected;
  }

  function tick() {
    running = running.filter(show);
    if (!running.length) clearInterval(timer);
  }

  function start() {
    const known = new Map(running.map((each) => [each.element, each.started]));
    const found = [...document.querySelectorAll(".tick[data-due]")];
    running = found.map((element) => ({ element, started: known.get(element) ?? Date.now() / 1000 })).filter(show);
    clearInterval(timer);
    timer = setInterval(tick, 1000);
    if (document.body.dataset.zone) return;
    for (const time of document.querySelectorAll("time[datetime]:not([data-local])")) {
      time.textContent = format.format(new Date(time.dateTime));
      time.dataset.local = "";
    }
  }

  start();
  // Parts of the page that come later.
  for (const name of ["htmx:afterSwap", "htmx:oobAfterSwap"]) document.body.addEventListener(name, start);
})();
