// What a scanned text is by its looks; what it says is read by the gateway's side, never here.

// A wristband may carry the number of a service relation (GSRN) as GS1 prints it.
const RELATION = /^(\](d2|C1|Q3|e0))?\(?801[78]\)?\d{18}/;

export function looksLikeGoods(text) {
  const code = text.trim();
  if (RELATION.test(code)) return false;
  return (
    /^\](d[1-6]|C[0-4]|Q[1-6]|e[0-3]|E0|J1)/.test(code) ||
    /^\(?01\)?\d{14}/.test(code) ||
    /^\+[A-Z0-9]/i.test(code) ||
    /^=[A-Z0-9>]/i.test(code) ||
    /^MA\./i.test(code) ||
    /^https?:\/\//i.test(code) ||
    /^\d{12,14}$/.test(code) ||
    /^\(?(10|11|17|21)\)?[!-~\u001d]{4,}$/.test(code)
  );
}

// The shape of a number: letters as A, digits as 9. A wristband scanned as goods has the shape of the open case's.
export function shape(text) {
  return text.trim().replace(/^\][A-Za-z]\d/, "").replace(/\p{L}/gu, "A").replace(/\d/g, "9");
}

export function plain(text) {
  return text.trim().replace(/^\][A-Za-z]\d/, "").replace(/[\u0000-\u001f\u007f]/g, "");
}

export function uuid7() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  const now = BigInt(Date.now());
  for (let place = 0; place < 6; place++) bytes[place] = Number((now >> BigInt(40 - 8 * place)) & 255n);
  bytes[6] = (bytes[6] & 0x0f) | 0x70;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = [...bytes].map((each) => each.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
