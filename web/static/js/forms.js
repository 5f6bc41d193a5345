// data-clears: a form is empty again once it was sent.
// data-enter-sends: Enter sends, Shift+Enter begins a line; the field grows with its text.
// data-closes: Escape or a click elsewhere closes an open menu or sheet, sending from it too.

(() => {
  function fit(field) {
    field.rows = Math.min(5, field.value.split("\n").length);
  }

  document.addEventListener("htmx:afterRequest", ({ detail }) => {
    const form = detail.elt.closest("form");
    if (!form || !detail.successful) return;
    document.querySelector("[data-notice]").replaceChildren();
    if (form.hasAttribute("data-clears")) {
      form.reset();
      form.querySelectorAll("[data-enter-sends]").forEach(fit);
    }
    handOn(form);
    form.closest("details[data-closes]")?.removeAttribute("open");
  });

  /** What was chosen by keyboard goes away with its sheet: the focus goes to where the same person writes on. */
  function handOn(form) {
    const pressed = document.activeElement;
    if (!form.contains(pressed) || form.querySelector("[data-enter-sends]") || !pressed.matches(":focus-visible")) return;
    let around = form.parentElement;
    while (around && !around.querySelector("[data-enter-sends]")) around = around.parentElement;
    around?.querySelector("[data-enter-sends]").focus();
  }

  document.addEventListener("htmx:sendError", () => {
    const offline = document.querySelector("[data-offline]");
    if (offline) offline.hidden = false;
  });

  document.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing && event.target.matches("[data-enter-sends]")) {
      event.preventDefault();
      event.target.form.requestSubmit();
    }
    if (event.key === "Escape") {
      for (const open of document.querySelectorAll("details[data-closes][open]")) {
        open.open = false;
        open.querySelector("summary").focus();
      }
    }
  });

  document.addEventListener("input", ({ target }) => {
    if (target.matches("[data-enter-sends]")) fit(target);
  });

  document.addEventListener("click", ({ target }) => {
    for (const open of document.querySelectorAll("details[data-closes][open]")) {
      if (!open.contains(target)) open.open = false;
    }
  });
})();
