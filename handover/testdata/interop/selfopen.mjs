// Runs the script of a self-opening page with a few lines of page around it: node selfopen.mjs PAGE PASSPHRASE OUT
import { readFileSync, writeFileSync } from "node:fs";
const [, , page, passphrase, out] = process.argv;
const text = readFileSync(page, "utf8");
const between = (a, b, from = 0) => { const i = text.indexOf(a, from) + a.length; return text.slice(i, text.indexOf(b, i)); };
const chunks = [...text.matchAll(/<script type="text\/plain" class="chunk">([^<]*)<\/script>/g)].map((m) => ({ textContent: m[1] }));
const elements = { header: { textContent: between('id="header">', "</script>") } };
const listeners = {};
let blob, done;
const finished = new Promise((resolve) => { done = resolve; });
const element = (id) => elements[id] ??= {
  set textContent(v) { this.said = v; }, get textContent() { return this.said; },
  addEventListener: (type, f) => { listeners[id + "." + type] = f; }, click: () => {}, value: "",
};
globalThis.document = { getElementById: element, querySelectorAll: () => chunks };
globalThis.window = globalThis;
globalThis.URL.createObjectURL = (b) => { blob = b; return "blob:x"; };
new Function(between("</main>\n<script>", "</script>"))();
if (element("status").said === "Ready.") {
  element("passphrase").value = passphrase;
  await listeners["form.submit"]({ preventDefault() {} });
}
console.log(element("status").said);
if (blob) writeFileSync(out, Buffer.from(await blob.arrayBuffer()));
