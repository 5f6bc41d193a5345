// hx-swap="morph": brings elements with an id up to date in place, so that focus, scrolling, open sheets and typed text stay.

(() => {
  /** What the reader did to an element, which the server does not know. */
  const KEPT = new Set(["open"]);

  /** A form's own `id` property is its field of that name. */
  const idOf = (node) => node.getAttribute?.("id");

  function morph(from, to) {
    if (from.nodeType !== to.nodeType || from.nodeName !== to.nodeName || (idOf(from) && idOf(to) && idOf(from) !== idOf(to))) {
      from.replaceWith(to);
      return to;
    }
    if (from.nodeType !== Node.ELEMENT_NODE) {
      if (from.data !== to.data) from.data = to.data;
      return from;
    }
    for (const { name } of [...from.attributes]) {
      if (!to.hasAttribute(name) && !KEPT.has(name)) from.removeAttribute(name);
    }
    for (const { name, value } of [...to.attributes]) {
      if (from.getAttribute(name) !== value) from.setAttribute(name, value);
    }
    // What is typed into a field is the reader's.
    if (from.nodeName !== "TEXTAREA") morphChildren(from, to);
    return from;
  }

  function morphChildren(from, to) {
    const named = new Map([...from.children].filter(idOf).map((child) => [idOf(child), child]));
    let next = from.firstChild;
    for (const wanted of [...to.childNodes]) {
      const known = idOf(wanted) && named.get(idOf(wanted));
      if (known) {
        if (known === next) next = next.nextSibling;
        else from.insertBefore(known, next);
        morph(known, wanted);
      } else if (next && !idOf(wanted) && !idOf(next) && next.nodeName === wanted.nodeName) {
        const following = next.nextSibling;
        morph(next, wanted);
        next = following;
      } else {
        from.insertBefore(wanted, next);
      }
    }
    while (next) {
      const following = next.nextSibling;
      next.remove();
      next = following;
    }
  }

  htmx.defineExtension("morph", {
    handleSwap(style, target, fragment) {
      if (style !== "morph") return false;
      return [...fragment.children].map((wanted) => {
        const known = idOf(wanted) && document.getElementById(idOf(wanted));
        if (known) return morph(known, wanted);
        target.append(wanted);
        return wanted;
      });
    },
  });
})();
