// data-dialog: a link opens as a dialog what is a page of its own without scripts.
// data-closes-dialog: closes it, where it is one.

(() => {
  async function open(link) {
    const answer = await fetch(link.href, { headers: { Accept: "text/html" } });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const content = page.querySelector("[data-dialog-content]");
    if (!answer.ok || answer.redirected || !content) throw new Error("not a dialog");
    const dialog = document.createElement("dialog");
    dialog.className = "dialog";
    dialog.setAttribute("aria-labelledby", content.querySelector("[id]").id);
    dialog.append(...document.adoptNode(content).childNodes);
    document.body.append(dialog);
    dialog.addEventListener("close", () => {
      dialog.remove();
      link.focus();
    });
    dialog.showModal();
  }

  document.addEventListener("click", (event) => {
    const plain = !event.defaultPrevented && event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey;
    const link = plain && event.target.closest("a[data-dialog]");
    if (link) {
      event.preventDefault();
      open(link).catch(() => location.assign(link.href));
    }
    const closer = event.target.closest("[data-closes-dialog]");
    if (closer?.closest("dialog")) {
      event.preventDefault();
      closer.closest("dialog").close();
    }
  });
})();
