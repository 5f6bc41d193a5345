// data-order: the items of a list are dragged by their grip into another order, which the form of this id then sends.
// The buttons beside them do the same one step at a time, and are what the keyboard has.

(() => {
  let dragged = null;

  const items = (list) => [...list.children];

  function begin(event) {
    const grip = event.button === 0 && event.target.closest("[data-grip]");
    const item = grip && grip.closest("[data-order] > *");
    if (!item) return;
    event.preventDefault();
    dragged = { item, list: item.parentElement, before: items(item.parentElement), from: event.clientY };
    grip.setPointerCapture(event.pointerId);
    item.classList.add("is-dragged");
  }

  function over(event) {
    if (!dragged) return;
    const { item, list } = dragged;
    const others = items(list).filter((other) => other !== item);
    const middle = (other) => other.getBoundingClientRect().top + other.offsetHeight / 2;
    const next = others.find((other) => event.clientY < middle(other)) ?? null;
    if (next !== item.nextElementSibling) list.insertBefore(item, next);
  }

  function end() {
    if (!dragged) return;
    const { item, list, before } = dragged;
    dragged = null;
    item.classList.remove("is-dragged");
    if (items(list).every((one, place) => one === before[place])) return;
    const form = document.getElementById(list.dataset.order);
    form.replaceChildren(...form.querySelectorAll("input:not([name=order])"));
    for (const { dataset } of items(list)) {
      form.append(Object.assign(document.createElement("input"), { type: "hidden", name: "order", value: dataset.plugin }));
    }
    form.requestSubmit();
  }

  function cancel() {
    if (!dragged) return;
    dragged.item.classList.remove("is-dragged");
    dragged.list.append(...dragged.before);
    dragged = null;
  }

  document.querySelectorAll("[data-grip]").forEach((grip) => (grip.hidden = false));
  document.addEventListener("pointerdown", begin);
  document.addEventListener("pointermove", over);
  document.addEventListener("pointerup", end);
  document.addEventListener("pointercancel", cancel);
  document.addEventListener("keydown", ({ key }) => key === "Escape" && cancel());
})();
