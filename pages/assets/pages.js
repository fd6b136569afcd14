"use strict";
// Everything works without this script. It adds: progress that moves by itself, the lock of an unused page, focus on what is
// wrong in a form, a print button, and no second click on a form that is under way.

// --- Progress: <div data-poll="/address" aria-live="polite"> is filled anew until the server says that it is done.
for (const box of document.querySelectorAll("[data-poll]")) {
  let pause = 1000, failures = 0;
  const ask = async () => {
    try {
      const answer = await fetch(box.dataset.poll, { headers: { Accept: "text/html" }, redirect: "error" });
      if (answer.status === 401 || answer.status === 403 || answer.status === 404) return;
      if (answer.ok) {
        const text = await answer.text();
        if (box.innerHTML !== text) box.innerHTML = text;
        failures = 0;
        const next = answer.headers.get("Satchel-Go");
        if (next && next.startsWith("/") && !next.startsWith("//")) { location.replace(next); return; }
        if (answer.headers.get("Satchel-Poll") === "done") return;
      }
    } catch { failures++; }
    if (failures > 20) return;
    pause = Math.min(pause * 1.2, 5000);
    setTimeout(ask, document.hidden ? 10000 : pause);
  };
  setTimeout(ask, pause);
}

// --- What is wrong in a form is read first.
document.querySelector("[data-focus]")?.focus();
for (const button of document.querySelectorAll("[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => print());
}

// --- A form goes once. data-again leaves it open, for downloads.
let dirty = false;
document.addEventListener("input", () => { dirty = true; });
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.dataset.again !== undefined || form.method === "get") return;
  if (form.dataset.sent) { event.preventDefault(); return; }
  form.dataset.sent = "1";
  dirty = false;
});
addEventListener("pageshow", () => { for (const form of document.forms) delete form.dataset.sent; });

// --- The lock: a minute before the session ends it is asked for; after that the page is hidden.
const dialog = document.getElementById("idle");
if (dialog) {
  const account = document.body.dataset.account;
  const span = Number(document.body.dataset.idle);
  const title = document.getElementById("idle-title"), text = document.getElementById("idle-text"), stay = document.getElementById("idle-stay");
  const again = document.getElementById("idle-again"), back = document.getElementById("idle-back");
  const warn = Math.min(60, Math.max(5, span / 4));
  let ends = Date.now() + span * 1000, used = Date.now(), kept = Date.now(), over = false, asking = false;

  const session = async (method) => {
    const answer = await fetch("/session", { method, headers: { Accept: "application/json" } });
    const now = answer.ok ? await answer.json() : { account: "", seconds: 0 };
    return now.account === account ? now.seconds : 0;
  };
  const show = () => {
    if (!dialog.open) dialog.showModal();
  };
  const lock = () => {
    if (!dirty) { location.replace("/sign-in?ended=1&then=" + encodeURIComponent(location.pathname + location.search)); }
    over = true;
    document.body.classList.add("locked");
    document.title = document.title.replace(/^.* – /, "");
    text.hidden = stay.hidden = true;
    [title.textContent, title.dataset.over] = [title.dataset.over, title.textContent];
    document.getElementById("idle-over").hidden = again.hidden = back.hidden = false;
    show();
  };
  const alive = (seconds) => {
    ends = Date.now() + seconds * 1000;
    if (dialog.open) dialog.close();
  };
  const keep = async () => {
    kept = Date.now();
    try { const left = await session("POST"); if (left > 0) alive(left); else lock(); } catch { /* the next tick tries again */ }
  };
  dialog.addEventListener("cancel", (event) => { event.preventDefault(); if (!over) keep(); });
  stay.addEventListener("click", keep);
  back.addEventListener("click", async () => {
    const left = await session("POST").catch(() => 0);
    if (left <= 0) { again.focus(); return; }
    over = false;
    document.body.classList.remove("locked");
    text.hidden = stay.hidden = false;
    [title.textContent, title.dataset.over] = [title.dataset.over, title.textContent];
    document.getElementById("idle-over").hidden = again.hidden = back.hidden = true;
    alive(left);
  });
  // Somebody who types or reads is there, although the server hears nothing of it.
  for (const sign of ["keydown", "pointerdown", "scroll"]) addEventListener(sign, () => { if (!dialog.open) used = Date.now(); }, { passive: true, capture: true });

  setInterval(async () => {
    if (over || asking) return;
    const now = Date.now();
    if (used > kept && now - kept > Math.min(60000, span * 250)) { kept = now; keep(); return; }
    let left = Math.ceil((ends - now) / 1000);
    if (left > warn) return;
    if (!dialog.open || left <= 0) { // another tab may have kept it
      asking = true;
      try { const real = await session("GET"); ends = Date.now() + real * 1000; left = real; } catch { /* no answer: the own clock counts */ } finally { asking = false; }
    }
    if (left <= 0) { lock(); return; }
    if (left > warn) { if (dialog.open) dialog.close(); return; }
    text.textContent = text.dataset.text.replace("{n}", String(left));
    show();
  }, 1000);
}
