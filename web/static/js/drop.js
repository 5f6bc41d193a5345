// data-drop: a file can be dropped on it; it says which one was chosen, and whether that is too large.
// data-sends: while such a form is on its way it says so, and is not sent twice.

(() => {
  function size(bytes) {
    return bytes < 1024 * 1024 ? `${Math.ceil(bytes / 1024)} kB` : `${(bytes / 1024 / 1024).toFixed(1)} MB`;
  }

  function chosen(input) {
    const [file] = input.files;
    const place = input.closest("[data-drop]").querySelector("[data-drop-name]");
    place.dataset.empty ??= place.textContent;
    place.textContent = file ? `${file.name} · ${size(file.size)}` : place.dataset.empty;
    input.setCustomValidity(file?.size > Number(input.dataset.largest) ? input.dataset.tooLarge : "");
    input.reportValidity();
  }

  const over = (event) => event.target.closest?.("[data-drop]");

  for (const kind of ["dragenter", "dragover"]) {
    document.addEventListener(kind, (event) => {
      if (!over(event)) return;
      event.preventDefault();
      over(event).classList.add("is-over");
    });
  }
  document.addEventListener("dragleave", (event) => over(event)?.classList.remove("is-over"));
  document.addEventListener("drop", (event) => {
    const place = over(event);
    if (!place) return;
    event.preventDefault();
    place.classList.remove("is-over");
    const input = place.querySelector("input[type=file]");
    if (!event.dataTransfer.files.length) return;
    input.files = event.dataTransfer.files;
    chosen(input);
  });
  document.addEventListener("change", ({ target }) => {
    if (target.matches("[data-drop] input[type=file]")) chosen(target);
  });
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!form.matches("[data-sends]")) return;
    if (form.dataset.sent) return event.preventDefault();
    form.dataset.sent = "yes";
    const said = form.querySelector("[data-sending]");
    if (said) said.hidden = false;
  });
  // The way back shows the form as it was before it was sent.
  window.addEventListener("pageshow", () => document.querySelectorAll("[data-sends]").forEach((form) => delete form.dataset.sent));
})();
