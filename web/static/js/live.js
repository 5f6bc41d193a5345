// data-live: says so while the page has no connection; the server renders everything anew when it is back.

(() => {
  function show(offline) {
    const notice = document.querySelector("[data-offline]");
    if (notice) notice.hidden = !offline;
  }

  document.addEventListener("htmx:sseError", () => show(true));
  document.addEventListener("htmx:sseOpen", () => show(false));
})();
