(() => {
  const form = document.getElementById("filter");
  const rows = [...document.querySelectorAll("tr[data-severity]")];
  const {text, severity, rule, shown} = form.elements;
  let texts, waiting;
  const filter = () => {
    texts ??= rows.map((row) => row.textContent.toLowerCase());
    const words = text.value.toLowerCase().split(/\s+/);
    let count = 0;
    rows.forEach((row, index) => {
      const fits =
        (!severity.value || row.dataset.severity === severity.value) &&
        (!rule.value || row.dataset.rule === rule.value) &&
        words.every((word) => texts[index].includes(word));
      if (row.hidden === fits) row.hidden = !fits;
      count += fits;
    });
    shown.value = `${count.toLocaleString("en")} of ${rows.length.toLocaleString("en")} shown`;
  };
  form.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(filter, 150);
  });
  form.addEventListener("submit", (event) => event.preventDefault());
  form.hidden = false;
  filter();
})();
