// The dashboard works without this script. It only saves reloads: filters apply at
// once, the list renews itself, exchanges open beside it, and keys move in it.
(() => {
  "use strict";
  const main = document.getElementById("main");
  const load = async (url) => {
    const r = await fetch(url, { credentials: "same-origin", headers: { Accept: "text/html" } });
    if (!r.ok || r.redirected) throw new Error(r.status);
    return new DOMParser().parseFromString(await r.text(), "text/html");
  };

  // Filters apply when one changes.
  document.body.classList.add("js");
  main.addEventListener("change", (e) => {
    const form = e.target.closest(".filters");
    if (form) form.requestSubmit();
  });

  // The overview renews itself while somebody looks at its first page.
  const every = Number(document.body.dataset.refresh) * 1000;
  let busy = false;
  const refresh = async () => {
    if (busy || document.hidden || panel.open || (document.activeElement && document.activeElement.matches("select"))) return;
    busy = true;
    try {
      const next = (await load(location.href)).getElementById("main");
      const row = rows().indexOf(selected());
      const html = (list) => list.map((el) => el.outerHTML).join("");
      const was = [...main.children].slice(1), now = [...next.children].slice(1); // all but the filters
      if (html(was) === html(now)) { busy = false; return; }
      was.forEach((el) => el.remove());
      main.append(...now);
      if (row >= 0 && rows()[row]) select(row, false);
    } catch { /* the server is away: what is shown stays */ }
    busy = false;
  };
  if (every > 0 && !new URLSearchParams(location.search).has("before")) {
    setInterval(refresh, every);
    document.addEventListener("visibilitychange", refresh); // somebody came back to it
  }

  // An exchange opens in a panel beside the list.
  const panel = document.createElement("dialog");
  panel.className = "panel";
  panel.setAttribute("aria-label", "Exchange");
  document.body.append(panel);
  const open = async (url) => {
    let page;
    try { page = await load(url); } catch { location.href = url; return; }
    const close = document.createElement("button");
    close.className = "close";
    close.textContent = "Close";
    close.addEventListener("click", () => panel.close());
    const whole = document.createElement("a");
    whole.href = url;
    whole.className = "whole";
    whole.textContent = "Open as a page";
    const bar = document.createElement("div");
    bar.className = "panelbar";
    bar.append(whole, close);
    panel.replaceChildren(bar, ...page.getElementById("main").childNodes);
    if (!panel.open) panel.showModal();
    panel.scrollTop = 0;
  };
  panel.addEventListener("click", (e) => { if (e.target === panel) panel.close(); });
  main.addEventListener("click", (e) => {
    if (e.defaultPrevented || e.button || e.ctrlKey || e.metaKey || e.shiftKey || e.altKey) return;
    const tr = e.target.closest(".list tbody tr");
    const link = tr && tr.querySelector("a");
    if (!link || String(getSelection())) return;
    e.preventDefault();
    select(rows().indexOf(tr), false);
    open(link.href);
  });

  // Keys: j and k move, Enter opens (the link has the focus), Escape closes.
  const rows = () => [...main.querySelectorAll(".list tbody tr")];
  const selected = () => main.querySelector("tr.selected");
  const select = (i, focus) => {
    const list = rows();
    if (!list.length) return;
    i = Math.max(0, Math.min(list.length - 1, i));
    list.forEach((tr, n) => tr.classList.toggle("selected", n === i));
    if (focus) list[i].querySelector("a").focus();
    list[i].scrollIntoView({ block: "nearest" });
  };
  document.addEventListener("keydown", (e) => {
    if (e.ctrlKey || e.metaKey || e.altKey || e.target.matches("input, select, textarea")) return;
    if (e.key !== "j" && e.key !== "k") return;
    const at = rows().indexOf(selected());
    select(at < 0 ? 0 : at + (e.key === "j" ? 1 : -1), !panel.open);
    if (panel.open && selected()) open(selected().querySelector("a").href);
  });
})();
