"use strict";
(() => {
  // Sections are closed at first where a screen is small, and open where they are pointed to or printed.

  const sections = [...document.querySelectorAll("details")];
  const unfold = () => {
    const wanted = location.hash && document.getElementById(location.hash.slice(1));
    if (wanted instanceof HTMLDetailsElement) wanted.open = true;
  };
  if (matchMedia("(max-width: 640px)").matches) for (const one of sections) one.open = false;
  unfold();
  window.addEventListener("hashchange", unfold);
  window.addEventListener("beforeprint", () => sections.forEach((one) => (one.open = true)));

  // A figure tells the values at the place that is pointed at, tapped, or reached by the arrow keys.

  const figures = (value) => {
    if (Number.isInteger(value)) return value.toLocaleString("en-US");
    return Math.abs(value) >= 100 ? Math.round(value).toLocaleString("en-US") : Number(value.toPrecision(3)).toString();
  };
  const nearest = (points, x) => {
    let low = 0;
    let high = points.length - 1;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (points[middle][0] <= x) low = middle;
      else high = middle;
    }
    return x - points[low][0] <= points[high][0] - x ? points[low] : points[high];
  };
  const part = (kind, text) => {
    const made = document.createElement(kind);
    made.textContent = text;
    return made;
  };

  const wire = (figure) => {
    const values = JSON.parse(figure.dataset.values);
    if (!values.places.length) return;
    const picture = figure.querySelector("[role=img]");
    const told = figure.querySelector(".told");
    const at = document.createElement("i");
    at.className = "at";
    at.hidden = true;
    picture.append(at);
    picture.tabIndex = 0;
    let share = null; // of the axes, from the left or from above

    const place = () => values.places[figure.querySelector("svg.wide").getBoundingClientRect().width ? 0 : 1];
    const abscissa = ({ x: [low, high], log }) =>
      log ? Math.exp(Math.log(low) + share * (Math.log(high) - Math.log(low))) : low + share * (high - low);
    const hide = () => {
      told.hidden = at.hidden = true;
    };
    const show = () => {
      const { left, right, top, bottom } = place();
      const upright = values.kind === "lines";
      at.hidden = !upright;
      at.style.left = `${100 * (left + share * (right - left))}%`;
      at.style.top = `${100 * top}%`;
      at.style.height = `${100 * (bottom - top)}%`;
      told.replaceChildren(...(upright ? ofLines() : ofBars()));
      told.hidden = false;
    };
    const ofLines = () => {
      const x = abscissa(place());
      const found = values.lines.filter((line) => line.points.length).map((line) => [line, nearest(line.points, x)]);
      const named = ([line, point]) => {
        const made = part("span", `${line.name}: `);
        made.append(part("strong", figures(point[1])));
        return made;
      };
      return [part("b", `${values.y} at ${figures(x)} ${values.x}`), ...found.map(named)];
    };
    const row = () => {
      const { rows } = place();
      return rows.reduce((best, one, number) => (Math.abs(one - share) < Math.abs(rows[best] - share) ? number : best), 0);
    };
    const ofBars = () => {
      const { name, exact } = values.bars[row()];
      return [part("b", name), part("span", exact)];
    };
    const point = (event) => {
      const { left, right, top, bottom } = place();
      const box = picture.getBoundingClientRect();
      const across = ((event.clientX - box.left) / box.width - left) / (right - left);
      const down = ((event.clientY - box.top) / box.height - top) / (bottom - top);
      share = Math.min(1, Math.max(0, values.kind === "lines" ? across : down));
      show();
    };
    const step = (way) => {
      if (values.kind === "lines") share = Math.min(1, Math.max(0, (share ?? 0.5) + way / 40));
      else {
        const { rows } = place();
        share = rows[Math.min(rows.length - 1, Math.max(0, share === null ? 0 : row() + way))];
      }
      show();
    };
    const WAYS = { ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1 };
    picture.addEventListener("pointermove", point);
    picture.addEventListener("pointerdown", point);
    picture.addEventListener("pointerleave", (event) => event.pointerType === "mouse" && hide());
    picture.addEventListener("blur", hide);
    picture.addEventListener("keydown", (event) => {
      if (event.key === "Escape") hide();
      else if (WAYS[event.key] && !event.altKey && !event.ctrlKey && !event.metaKey) step(WAYS[event.key]);
      else return;
      event.preventDefault();
    });
  };
  document.querySelectorAll("figure[data-values]").forEach(wire);
})();
