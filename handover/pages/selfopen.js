"use strict";
(function () {
  const by = (id) => document.getElementById(id);
  const say = (text) => { by("status").textContent = text; };
  const headerText = by("header").textContent;
  const header = JSON.parse(headerText);
  const chunks = document.querySelectorAll("script.chunk");
  const bytes = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  const text = (s) => new TextEncoder().encode(s);

  // Without the passphrase it is known how much there must be: 16 bytes more than was sealed, as base64.
  function whole() {
    const length = (i) => 4 * Math.ceil((Math.min(header.chunk, header.size - i * header.chunk) + 16) / 3);
    return chunks.length === header.chunks && [...chunks].every((c, i) => c.textContent.length === length(i));
  }

  function nonce(i) {
    const n = new Uint8Array(12);
    new DataView(n.buffer).setUint32(8, i);
    return n;
  }

  async function derive(passphrase) {
    const secret = await crypto.subtle.importKey("raw", text(passphrase), "PBKDF2", false, ["deriveKey"]);
    const how = { name: "PBKDF2", hash: "SHA-256", salt: bytes(header.salt), iterations: header.rounds };
    return crypto.subtle.deriveKey(how, secret, { name: "AES-GCM", length: 256 }, false, ["decrypt"]);
  }

  async function unlock(passphrase) {
    const key = await derive(passphrase);
    const parts = [];
    let size = 0;
    for (let i = 0; i < chunks.length; i++) {
      const how = { name: "AES-GCM", iv: nonce(i), additionalData: text(headerText) };
      let part;
      try {
        part = await crypto.subtle.decrypt(how, key, bytes(chunks[i].textContent));
      } catch (e) {
        throw new Error(i === 0 ? "The passphrase does not fit. Check capital letters and hyphens, and try again."
          : "The file is damaged. Ask the practice for a new copy.");
      }
      size += part.byteLength;
      parts.push(new Blob([part]));
      say("Opening: " + Math.round(100 * (i + 1) / chunks.length) + " %");
    }
    if (size !== header.size) throw new Error("The file is damaged. Ask the practice for a new copy.");
    return new Blob(parts, { type: "application/zip" });
  }

  async function open(event) {
    event.preventDefault();
    by("open").disabled = true;
    by("passphrase").removeAttribute("aria-invalid");
    say("One moment: the key is being made.");
    try {
      const blob = await unlock(by("passphrase").value);
      by("passphrase").value = "";
      const link = by("save");
      link.href = URL.createObjectURL(blob);
      link.download = header.name;
      link.hidden = false;
      say("Opened. If nothing was saved by itself, use the link.");
      link.click();
      link.focus();
    } catch (e) {
      say(e.message);
      by("passphrase").setAttribute("aria-invalid", "true");
      by("passphrase").select();
    }
    by("open").disabled = false;
  }

  by("form").addEventListener("submit", open);
  by("show").addEventListener("change", () => { by("passphrase").type = by("show").checked ? "text" : "password"; });
  if (!whole()) say("The file is cut off. Ask the practice for a new copy.");
  else if (!window.crypto || !crypto.subtle) say("This browser cannot open the file here. Use a current Edge, Chrome, Firefox or Safari, and open the file from your computer, not from a web address.");
  else say("Ready.");
})();
