function () {
  const clean = (s) => (s || "").replace(/\s+/g, " ").trim();
  const visible = (e) => e.checkVisibility({ visibilityProperty: true }) && e.getClientRects().length > 0;
  const css = (s) => { try { return document.querySelector(s); } catch { return null; } };
  const labels = (e) => [...(e.labels || [])].map((l) => clean(l.innerText));
  const described = (e) => (e.getAttribute("aria-labelledby") || "").split(" ").map((id) => clean(document.getElementById(id)?.innerText)).join(" ").trim();
  const names = (e) => [clean(e.getAttribute("aria-label")), described(e), ...labels(e), clean(e.placeholder), clean(e.title)].filter(Boolean);
  const written = (e) => [clean(e.innerText), e.matches("input") && clean(e.value), ...names(e), clean(e.querySelector("img")?.alt)].filter(Boolean);
  const pick = (all, words, text) => all.find((e) => words(e).includes(text)) || css(text) || all.find((e) => words(e).some((w) => w.includes(text)));
  const shown = (selector) => [...document.querySelectorAll(selector)].filter(visible);
  const field = (what) => pick(shown("input,textarea,select").concat(...document.querySelectorAll("input[type=file]")), names, clean(what));
  const clickable = (what) => pick(shown("a,button,input,summary,label,[role=button],[role=tab],[role=link],[role=menuitem],[onclick]"), written, clean(what));

  function spot(what) {
    const e = clickable(what) || field(what);
    if (!e) return { Problem: "there is no such thing to click" };
    if (!visible(e)) return { Problem: "it is not visible" };
    if (e.disabled) return { Problem: "it is disabled" };
    e.scrollIntoView({ block: "center", inline: "center", behavior: "instant" });
    const r = e.getClientRects()[0];
    const X = r.left + r.width / 2, Y = r.top + r.height / 2;
    const top = document.elementFromPoint(X, Y);
    if (!top || !(e.contains(top) || top.contains(e))) return { Problem: "it is covered by " + (top ? top.outerHTML.slice(0, 200) : "nothing that can be clicked") };
    return { X, Y };
  }

  function tell(e) {
    e.dispatchEvent(new Event("input", { bubbles: true }));
    e.dispatchEvent(new Event("change", { bubbles: true }));
  }

  function choose(e, text) {
    const option = [...e.options].find((o) => clean(o.text) === clean(text) || o.value === text);
    if (!option) return "the list has no entry " + text + ", only " + [...e.options].map((o) => clean(o.text)).join(", ");
    e.focus();
    option.selected = true;
    tell(e);
    return "done";
  }

  function fill(what, text) {
    const e = field(what);
    if (!e) return "there is no such field";
    if (e.disabled || e.readOnly) return "it cannot be changed";
    if (e.matches("select")) return choose(e, text);
    if (e.matches("[type=checkbox],[type=radio]")) return e.checked === (text !== "") ? "done" : "click";
    e.scrollIntoView({ block: "center", behavior: "instant" });
    e.focus();
    if (document.activeElement !== e) return "it does not take the focus";
    if (/^(date|time|datetime-local|month|week|color|range)$/.test(e.type)) {
      e.value = text;
      tell(e);
      return "done";
    }
    e.select();
    if (text === "") {
      e.value = "";
      tell(e);
      return "done";
    }
    return "type";
  }

  function submitter() {
    const forms = shown("form");
    const form = document.activeElement?.form || (forms.length === 1 ? forms[0] : null);
    const button = form && [...form.elements].find((e) => e.type === "submit" || e.type === "image");
    if (!button) return "";
    button.setAttribute("data-browser-submit", "");
    for (const e of document.querySelectorAll("[data-browser-submit]")) if (e !== button) e.removeAttribute("data-browser-submit");
    return "[data-browser-submit]";
  }

  return { spot, fill, field, submitter };
}
