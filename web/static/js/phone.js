// data-thread: a thread stays at its end unless the reader scrolled up.
// data-unread: a phone that is looked at tells that it has read what reached it.

(() => {
  const NEAR = 80;
  const threads = new WeakMap();

  function keepAtEnd(thread) {
    if (threads.has(thread)) return;
    threads.set(thread, true);
    thread.addEventListener("scroll", () => {
      threads.set(thread, thread.scrollHeight - thread.scrollTop - thread.clientHeight < NEAR);
    });
  }

  function refresh() {
    for (const thread of document.querySelectorAll("[data-thread]")) {
      keepAtEnd(thread);
      if (threads.get(thread)) thread.scrollTop = thread.scrollHeight;
    }
    if (document.visibilityState !== "visible") return;
    for (const phone of document.querySelectorAll("[data-unread]")) {
      phone.removeAttribute("data-unread");
      fetch(phone.dataset.readAddress, { method: "POST", headers: { "HX-Request": "true" } }).catch(() => {
        phone.setAttribute("data-unread", "");
      });
    }
  }

  document.addEventListener("DOMContentLoaded", refresh);
  document.addEventListener("visibilitychange", refresh);
  document.addEventListener("htmx:sseMessage", refresh);
  document.addEventListener("htmx:load", refresh);
})();
