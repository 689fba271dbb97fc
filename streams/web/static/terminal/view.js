// What the person sees. Every text that came from a barcode or from the gateway is set as text, never as markup.

export const texts = { current: {} };

export function say(key, values = {}) {
  let text = texts.current[key] ?? key;
  for (const [name, value] of Object.entries(values)) text = text.replaceAll(`{${name}}`, String(value));
  return text;
}

export const element = (id) => document.getElementById(id);

export function wordsOf(root) {
  for (const each of root.querySelectorAll("[data-text]")) each.textContent = say(each.dataset.text);
  for (const each of root.querySelectorAll("[data-label]")) each.setAttribute("aria-label", say(each.dataset.label));
}

const KINDS = {
  billed: "done", credited: "done", recorded: "done", waiting: "look", parked: "look", held: "look",
  duplicate: "look", conflict: "refused", refused: "refused", kept: "kept", accepted: "kept",
};
const MARKS = { done: "✔", look: "!", refused: "✖", kept: "…" };

// Which unit it was, and what is left: the parts that the label and the store have. Of a count the gateway tells nothing
// of what is left.
function detailsOf(verdict) {
  const parts = [["lot_is", "lot"], ["serial_is", "serial"], ["expiry_is", "expiry"]];
  const told = parts.filter(([, name]) => verdict[name]).map(([key, name]) => say(key, { value: visible(verdict[name]) }));
  if (verdict.stock_left >= 0 && verdict.stock_left !== null) told.push(say("stock_left", { left: verdict.stock_left }));
  return told.length ? ` ${told.join(" · ")}` : "";
}

// Two scanners that type through one keyboard at once give one text with two beginnings, which nothing can take apart.
const MIXED = /\].*\]/s;

function whyOf(verdict, event) {
  return verdict.verdict === "refused" && MIXED.test(event.codes?.[0] ?? "") ? ` ${say("two_at_once")}` : detailsOf(verdict);
}

// What a row comes to: kind (colour, shape and sound), word, sentence.
export function outcome(row, locale) {
  const name = row.state === "done" ? row.verdict.verdict : row.state;
  const kind = KINDS[name] ?? "look";
  const sentence =
    row.state === "done"
      ? (row.verdict.message?.[locale] ?? row.verdict.verdict) + whyOf(row.verdict, row.event)
      : row.state === "refused"
        ? say("refused_here", { why: row.error })
        : say(row.state === "kept" ? "kept_here" : "on_its_way");
  return { kind, mark: MARKS[kind], word: say(`verdict_${name}`), sentence };
}

function cell(className, text) {
  const made = document.createElement("span");
  made.className = className;
  made.textContent = text;
  return made;
}

// Held by a decision of the hospital, which a badge and a reason let pass.
const OVERRIDABLE = ["breaker-open", "quota-exhausted", "mix-exceeded", "price-ceiling", "needs-approval"];

function button(text, act) {
  const made = document.createElement("button");
  made.type = "button";
  made.textContent = text;
  made.addEventListener("click", act);
  return made;
}

export const nameOf = (row) => row.verdict?.item_name ?? row.event.item_code ?? visible(row.event.codes?.[0] ?? "");

export function lineOf(row, locale, acts) {
  const { kind, mark, word, sentence } = outcome(row, locale);
  const made = document.createElement("li");
  made.className = `line ${kind}`;
  made.dataset.scan = row.scan_id;
  made.dataset.state = row.state === "done" ? row.verdict.verdict : row.state;
  const action = row.event.action === "use" ? "" : `${say(`action_${row.event.action}`)}: `;
  made.append(
    cell("mark", mark),
    cell("name", action + nameOf(row) + (row.event.quantity > 1 ? ` × ${row.event.quantity}` : "")),
    cell("word", word),
    cell("amount", row.verdict?.amount ? `${row.verdict.verdict === "credited" ? "−" : ""}${row.verdict.amount}` : ""),
    cell("sentence", sentence),
  );
  const verdict = row.event.action === "use" ? row.verdict : null;
  if (verdict?.verdict === "billed") made.append(button(say("return_this"), () => acts.returned(row)));
  if (row.state === "refused") made.append(button(say("send_again"), () => acts.again(row)));
  if (verdict?.verdict === "held" && verdict.reasons.some((each) => OVERRIDABLE.includes(each)))
    made.append(button(say("override_this"), () => acts.override(row)));
  return made;
}

// Control characters and direction marks as they are written, so that a code can't pretend to be another.
export function visible(text) {
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u202a-\u202e\u2066-\u2069]/g, (each) =>
    each === "\u001d" ? "␝" : `\\u${each.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

export function totalOf(rows) {
  let fen = 0n;
  for (const row of rows) {
    const { verdict, amount } = row.verdict ?? {};
    if (amount && verdict === "billed") fen += cents(amount);
    if (amount && verdict === "credited") fen -= cents(amount);
  }
  const sign = fen < 0n ? "−" : "";
  const whole = fen < 0n ? -fen : fen;
  return `${sign}${whole / 100n}.${String(whole % 100n).padStart(2, "0")}`;
}

function cents(amount) {
  const [yuan, fen = ""] = amount.split(".");
  return BigInt(yuan) * 100n + BigInt(fen.padEnd(2, "0").slice(0, 2));
}
