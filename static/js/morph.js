// An htmx swap, hx-swap="morph", by idiomorph: what has the focus keeps it and its value, and what is marked data-keep
// belongs to a script. idiomorph's own extension is not used: it evaluates texts, which the page's policy forbids.
"use strict";

htmx.defineExtension("morph", {
  isInlineSwap: (style) => style === "morph",
  handleSwap(style, target, fragment) {
    if (style !== "morph") return false;
    return Idiomorph.morph(target, fragment.children, {
      morphStyle: "outerHTML",
      ignoreActiveValue: true,
      callbacks: { beforeNodeMorphed: (old) => !(old instanceof Element && old.hasAttribute("data-keep")) },
    });
  },
});
