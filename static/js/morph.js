// An htmx swap, hx-swap="morph", that changes only what differs: what has the focus keeps it, a word that is being
// typed stays, a live region speaks again. Elements pair by tag and id; what is marked data-keep belongs to a script.
"use strict";

(() => {
  const key = (node) => `${node.nodeName}#${node.id ?? ""}`;

  function attributes(old, fresh) {
    for (const { name } of [...old.attributes]) if (!fresh.hasAttribute(name)) old.removeAttribute(name);
    for (const { name, value } of fresh.attributes) if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  }

  function control(old, fresh) {
    if (old.type === "file") return;
    if (old.type === "radio" || old.type === "checkbox") old.checked = fresh.checked;
    else if (old !== document.activeElement) old.value = fresh.value;
  }

  function children(old, fresh) {
    const wanted = [...fresh.childNodes];
    const ids = new Set(wanted.map((node) => node.id).filter(Boolean));
    let at = old.firstChild;
    for (const node of wanted) {
      let found = at;
      // What is wanted later is not passed over.
      while (found && key(found) !== key(node)) found = ids.has(found.id) ? null : found.nextSibling;
      if (!found) {
        old.insertBefore(document.importNode(node, true), at);
        continue;
      }
      while (at !== found) at = remove(at);
      at = found.nextSibling;
      morph(found, node);
    }
    while (at) at = remove(at);
  }

  function remove(node) {
    const next = node.nextSibling;
    node.remove();
    return next;
  }

  function morph(old, fresh) {
    if (old.nodeType !== Node.ELEMENT_NODE) {
      if (old.nodeValue !== fresh.nodeValue) old.nodeValue = fresh.nodeValue;
      return;
    }
    if (old.hasAttribute("data-keep")) return;
    attributes(old, fresh);
    if (old.matches("input, textarea, select")) control(old, fresh);
    if (!old.matches("textarea")) children(old, fresh);
  }

  htmx.defineExtension("morph", {
    handleSwap(style, target, fragment) {
      if (style !== "morph") return false;
      const fresh = fragment.firstElementChild;
      if (fresh) morph(target, fresh);
      return [target];
    },
  });
})();
