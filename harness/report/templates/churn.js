"use strict";
(() => {
  const ROW = 23;
  const LEAST_PIXELS = 1;
  const LETTER = 7.5; // pixels, about
  const VALUE = 125; // pixels that a value takes
  const by = (id) => document.getElementById(id);
  const data = JSON.parse(by("data").textContent);
  const tree = by("tree");
  const tip = by("tip");
  const nodes = [];
  for (const [parent, name, width, first, second] of data.nodes) {
    const up = parent < 0 ? null : nodes[parent];
    const [title, place, origin] = data.names[name];
    const node = { up, depth: up ? up.depth + 1 : 0, title, place, origin, width, first, second, down: [] };
    if (up) up.down.push(node);
    nodes.push(node);
  }
  const whole = nodes[0];
  let zoomed = whole;
  let current = whole;
  let shown = []; // {node, x, bar} of what is drawn, row by row
  let matches = null;

  // --- words

  const figures = (value) => {
    if (value === 0) return "0";
    if (Math.abs(value) >= 100 || Number.isInteger(value)) return Math.round(value).toLocaleString("en-US");
    return Number(value.toPrecision(3)).toString();
  };
  const bytes = (value) => {
    if (data.unit === "count") return figures(value);
    const base = data.unit === "memory" ? 1024 : 1000;
    const units = data.unit === "memory" ? ["B", "KiB", "MiB", "GiB", "TiB"] : ["B", "kB", "MB", "GB", "TB", "PB"];
    let size = value;
    let unit = 0;
    while (Math.round(Math.abs(size)) >= base && unit < units.length - 1) {
      size /= base;
      unit += 1;
    }
    return `${figures(size)} ${units[unit]}`;
  };
  const share = (part, all) => (all ? `${((100 * part) / all).toFixed(part / all < 0.001 ? 3 : 1)} %` : "–");
  const self = (node) => Math.max(0, node.width - node.down.reduce((sum, one) => sum + one.width, 0));
  const change = (node) => {
    const most = Math.max(node.first, node.second);
    return most ? (node.second - node.first) / most : 0;
  };
  const step = (node) => {
    const moved = change(node);
    if (Math.abs(moved) <= 0.05) return "same";
    const size = Math.abs(moved) >= 0.9 ? 3 : Math.abs(moved) >= 0.5 ? 2 : 1;
    return (moved < 0 ? "less" : "more") + size;
  };
  const SIGNS = { less3: "− − ", less2: "− ", less1: "− ", same: "= ", more1: "+ ", more2: "+ ", more3: "+ + " };
  const label = (node) => (data.difference ? SIGNS[step(node)] + node.title : node.title);
  const lines = (node) => {
    const said = node.place ? [node.place] : [];
    if (data.difference) {
      const moved = node.second - node.first;
      const sign = moved < 0 ? "−" : "+";
      const part = node.first ? ` (${sign}${share(Math.abs(moved), node.first)})` : "";
      said.push(`before ${bytes(node.first)}, after ${bytes(node.second)} ${data.per}`);
      said.push(moved ? `${sign}${bytes(Math.abs(moved))}${part}` : "no change");
    } else {
      said.push(`${bytes(node.width)} ${data.per}, ${share(node.width, whole.width)} of all`);
      said.push(`${bytes(self(node))} of it its own` + (data.unit === "count" ? "" : `; ${figures(Number(node.second.toFixed(2)))} allocations`));
    }
    if (zoomed !== whole && node.depth > zoomed.depth) said.push(`${share(node.width, zoomed.width)} of ${zoomed.title}`);
    return said;
  };

  // --- the picture

  const lineage = (node) => {
    const path = [];
    for (let one = node; one; one = one.up) path.unshift(one);
    return path;
  };

  const layout = () => {
    const pixels = tree.clientWidth || 1000;
    const placed = lineage(zoomed).map((node) => ({ node, x: 0, w: 1 }));
    const open = [placed[placed.length - 1]];
    while (open.length) {
      const { node, x } = open.pop();
      let left = x;
      for (const child of node.down) {
        const w = child.width / (zoomed.width || 1);
        if (w * pixels >= LEAST_PIXELS) {
          const box = { node: child, x: left, w };
          placed.push(box);
          open.push(box);
        }
        left += w;
      }
    }
    return placed.sort((one, two) => one.node.depth - two.node.depth || one.x - two.x);
  };

  const part = (kind, text) => {
    const made = document.createElement("span");
    made.className = kind;
    made.textContent = text;
    return made;
  };
  const value = (node) => {
    const moved = node.second - node.first;
    if (!data.difference) return `${bytes(node.width)} · ${share(node.width, whole.width)}`;
    return moved ? `${moved < 0 ? "−" : "+"}${bytes(Math.abs(moved))}` : "±0 B";
  };

  const bar = ({ node, x, w }, pixels) => {
    const made = document.createElement("div");
    const wide = w * pixels > 26;
    made.className = `bar ${data.difference ? step(node) : node.origin}${wide ? "" : " thin"}`;
    if (node.depth < zoomed.depth) made.classList.add("above");
    if (matches && matches.has(node)) made.classList.add("hit");
    made.style.left = `${x * 100}%`;
    made.style.width = `${w * 100}%`;
    made.style.top = `${node.depth * ROW}px`;
    made.textContent = wide ? label(node) : "";
    const room = (w * pixels - VALUE) / LETTER - label(node).length;
    if (node.place && room > node.place.length + 2) made.append(" ", part("place", node.place));
    if (room > 0) made.append(" ", part("value", value(node)));
    made.tabIndex = node === current ? 0 : -1;
    made.setAttribute("role", "treeitem");
    made.setAttribute("aria-level", String(node.depth + 1));
    const visible = made.textContent || label(node); // what is spoken begins with what is seen
    const more = lines(node).filter((line) => !visible.includes(line));
    made.setAttribute("aria-label", [visible, ...more].join(". "));
    return made;
  };
  let drawn = new Set();

  const draw = (focus) => {
    const placed = layout();
    const pixels = tree.clientWidth || 1000;
    drawn = new Set(placed.map((box) => box.node));
    if (!drawn.has(current)) current = zoomed;
    shown = placed.map((box) => ({ ...box, bar: bar(box, pixels) }));
    tree.replaceChildren(...shown.map((box) => box.bar));
    tree.style.height = `${(1 + Math.max(...shown.map((box) => box.node.depth))) * ROW}px`;
    tree.classList.toggle("searching", matches !== null);
    crumbs();
    if (focus) shown.find((box) => box.node === current).bar.focus();
  };

  const crumbs = () => {
    const path = lineage(zoomed);
    const kept = path.length > 5 ? [path[0], null, ...path.slice(-3)] : path;
    by("crumbs").replaceChildren(
      ...kept.map((node) => {
        const item = document.createElement("li");
        item.textContent = "…";
        if (!node) return item;
        const button = document.createElement("button");
        button.type = "button";
        button.textContent = node === whole ? `${node.title}: all` : node.title;
        if (node === zoomed) button.setAttribute("aria-current", "true");
        button.addEventListener("click", () => zoom(node, false));
        item.replaceChildren(button);
        return item;
      }),
    );
  };

  const zoom = (node, focus) => {
    zoomed = node;
    current = node;
    hide();
    draw(focus);
  };

  // --- what a bar says

  const hide = () => tip.toggleAttribute("hidden", true);
  const tell = (box, event) => {
    const title = document.createElement("b");
    title.textContent = label(box.node);
    tip.replaceChildren(title, lines(box.node).join("\n"));
    tip.hidden = false;
    const at = box.bar.getBoundingClientRect();
    const below = at.bottom + 6 + tip.offsetHeight < window.innerHeight;
    tip.style.top = `${below ? at.bottom + 6 : Math.max(4, at.top - 6 - tip.offsetHeight)}px`;
    const start = event.clientX ? event.clientX + 14 : at.left;
    tip.style.left = `${Math.max(8, Math.min(start, window.innerWidth - tip.offsetWidth - 8))}px`;
  };
  const boxOf = (target) => {
    const bar = target.closest(".bar");
    return bar && shown.find((box) => box.bar === bar);
  };
  const on = (name, act) =>
    tree.addEventListener(name, (event) => {
      const box = boxOf(event.target);
      if (box) act(box, event);
    });
  on("pointerover", tell);
  on("focusin", tell);
  on("click", (box) => zoom(box.node, true));
  tree.addEventListener("pointerleave", hide);
  tree.addEventListener("focusout", hide);
  window.addEventListener("scroll", hide, { passive: true });

  // --- keys

  const beside = (box, way) => {
    const row = shown.filter((one) => one.node.depth === box.node.depth);
    return row[row.indexOf(box) + way];
  };
  const KEYS = {
    ArrowLeft: (box) => beside(box, -1),
    ArrowRight: (box) => beside(box, 1),
    ArrowUp: (box) => shown.find((one) => one.node === box.node.up),
    ArrowDown: (box) => shown.find((one) => one.node.up === box.node),
    Home: () => shown[0],
    End: () => shown[shown.length - 1],
  };
  on("keydown", (box, event) => {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    if (event.key === "Enter" || event.key === " ") zoom(box.node, true);
    else if (event.key === "Escape") zoom(whole, true);
    else if (KEYS[event.key]) move(box, KEYS[event.key](box));
    else return;
    event.preventDefault();
  });
  const move = (from, to) => {
    if (!to) return;
    from.bar.tabIndex = -1;
    to.bar.tabIndex = 0;
    current = to.node;
    to.bar.focus();
  };
  document.addEventListener("keydown", (event) => {
    const typing = event.target instanceof HTMLInputElement;
    if (event.key === "/" && !typing) {
      event.preventDefault();
      by("query").focus();
    } else if (event.key === "Escape" && !typing && zoomed !== whole) zoom(whole, false);
  });

  // --- search

  const test = () => {
    const text = by("query").value;
    if (!text) return null;
    if (by("regex").checked) {
      const pattern = new RegExp(text, "i");
      return (node) => pattern.test(node.title) || pattern.test(node.place);
    }
    const wanted = text.toLowerCase();
    return (node) => node.title.toLowerCase().includes(wanted) || node.place.toLowerCase().includes(wanted);
  };
  const covered = (node) => (matches.has(node) ? node.width : node.down.reduce((sum, one) => sum + covered(one), 0));
  const search = () => {
    hide();
    const found = by("found");
    let matching = null;
    by("query").removeAttribute("aria-invalid");
    try {
      matching = test();
      found.textContent = "";
    } catch (fault) {
      by("query").setAttribute("aria-invalid", "true");
      found.textContent = "not a regular expression";
    }
    matches = matching ? new Set(nodes.filter((node) => node !== whole && matching(node))) : null;
    if (matches) {
      const names = new Set([...matches].map((node) => `${node.title}\n${node.place}`)).size;
      const part = share(covered(whole), whole.width);
      found.textContent = names ? `${names} function${names > 1 ? "s" : ""}, ${part} of the bytes` : "nothing found";
    }
    draw(false);
  };
  let waiting = 0;
  by("query").addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(search, 100);
  });
  by("regex").addEventListener("change", search);
  document.querySelector("form").addEventListener("submit", (event) => {
    event.preventDefault();
    search();
    const widest = matches && [...matches].sort((one, two) => two.width - one.width)[0];
    if (!widest) return;
    if (!drawn.has(widest)) zoomed = widest.up;
    current = widest;
    draw(true);
  });

  // --- begin

  for (const one of document.querySelectorAll("form, .crumbs, .keys")) one.hidden = false;
  window.addEventListener("resize", () => draw(false));
  window.addEventListener("beforeprint", () => {
    for (const one of document.querySelectorAll("details")) one.open = true;
    draw(false);
  });
  draw(false);
})();
