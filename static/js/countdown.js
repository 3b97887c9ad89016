// Deadlines count down from the server's clock, not the reader's; times are shown in the browser's zone unless the
// reader has chosen one. So is what htmx puts into the page later. Without this script the page shows the words and
// times that the server wrote.
"use strict";

(() => {
  // When each clock came into the page: what the server called "now" was then.
  const arrived = new WeakMap();
  const told = new WeakSet();
  const format = new Intl.DateTimeFormat(document.documentElement.lang, {
    dateStyle: "medium", timeStyle: "short", hourCycle: "h23",
  });
  // So that the server means the same days from the next page on.
  document.cookie = `zone=${format.resolvedOptions().timeZone}; path=/; max-age=31536000; samesite=lax`;
  const two = (number) => String(number).padStart(2, "0");
  let running = [];
  let timer = null;

  function show(clock) {
    const { due, now, over } = clock.dataset;
    const left = Math.floor(due - now - (Date.now() - arrived.get(clock)) / 1000);
    if (left <= 0) {
      clock.textContent = over;
      return false;
    }
    // Above a day the server's words say enough.
    if (left < 86400) {
      clock.textContent = `${two(Math.floor(left / 3600))}:${two(Math.floor((left % 3600) / 60))}:${two(left % 60)}`;
    }
    return true;
  }

  function tick() {
    running = running.filter((clock) => clock.isConnected && show(clock));
    if (!running.length) timer = clearInterval(timer);
  }

  const inside = (root, selector) => [root, ...root.querySelectorAll(selector)].filter((part) => part.matches(selector));

  function prepare(root) {
    for (const clock of inside(root, ".tick[data-due]")) {
      if (arrived.has(clock)) continue;
      arrived.set(clock, Date.now());
      if (show(clock)) running.push(clock);
    }
    if (running.length) timer ??= setInterval(tick, 1000);
    if (document.body.dataset.zone) return;
    for (const time of inside(root, "time[datetime]")) {
      if (told.has(time)) continue;
      told.add(time);
      time.textContent = format.format(new Date(time.dateTime));
    }
  }

  prepare(document.body);
  document.addEventListener("htmx:load", (event) => prepare(event.detail.elt));
})();
