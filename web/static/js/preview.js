// data-preview: the picture that is chosen is seen at once in the element of this id; one larger than data-largest bytes is told to be.

(() => {
  document.addEventListener("change", ({ target }) => {
    if (!target.matches("input[type=file][data-preview]")) return;
    const [file] = target.files;
    target.setCustomValidity(file?.size > Number(target.dataset.largest) ? target.dataset.tooLarge : "");
    if (!target.reportValidity() || !file?.type.startsWith("image/")) return;
    const before = document.getElementById(target.dataset.preview);
    const picture = document.createElement("img");
    Object.assign(picture, { id: before.id, className: "photo", alt: file.name, width: 96, height: 96, src: URL.createObjectURL(file) });
    picture.addEventListener("load", () => URL.revokeObjectURL(picture.src), { once: true });
    before.replaceWith(picture);
    const without = target.form.elements.without_photo;
    if (without) without.checked = false;
  });
})();
