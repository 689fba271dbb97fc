// The bedside terminal: case, place, goods; each scan kept first, then sent, and green only after its verdict.
import * as count from "./count.js";
import { meant } from "./layout.js";
import { looksLikeGoods, plain, shape, uuid7 } from "./codes.js";
import * as decoder from "./decoder.js";
import { Sender } from "./sender.js";
import { sound } from "./sound.js";
import * as store from "./store.js";
import { element, lineOf, nameOf, outcome, say, texts, totalOf, visible, wordsOf } from "./view.js";
import { Wedge } from "./wedge.js";

const UNSENT_NAMED_MAX = 10;
const FIELDS = ["store", "staff", "document", "room"];
const locale = document.documentElement.lang === "zh-CN" ? "zh-CN" : "en";
const sender = new Sender();
const boot = uuid7();
let device = null;
let up; // Scans wait for it.
let layout = null;
let encounter = null;
let counting = false;
let rows = [];
let asked = null;

async function begin() {
  texts.current = await (await fetch(`/static/texts/${locale}.json`)).json();
  wordsOf(document);
  document.title = say("title");
  element("scan").dataset.placeholder = say("scan_here");
  if ("serviceWorker" in navigator) navigator.serviceWorker.register("/terminal/worker.js", { scope: "/terminal" });
  new Wedge(element("scan"), (scan) => taken(scan).catch(failed));
  for (const [id, act] of Object.entries({
    registration: registered, "change-case": () => open(null), "close-case": closeCase, question: answered,
    "not-now": () => ask(null), photo: photographed, ...Object.fromEntries([...actions()].map((each) => [each.id, chosen])),
  })) {
    const each = element(id);
    each.addEventListener(each.tagName === "FORM" ? "submit" : each.tagName === "INPUT" ? "change" : "click", (event) => {
      event.preventDefault();
      Promise.resolve(act(event)).catch(failed);
    });
  }
  for (const each of FIELDS) {
    element(each).addEventListener("change", (event) => given(each, event.target.value).catch(failed));
    element(each).addEventListener("focus", (event) => event.target.select()); // So that a scan replaces it.
  }
  openOnce();
  sender.addEventListener("changed", (event) => changed(event.detail ?? []));
  sender.addEventListener("state", shown);
  addEventListener("beforeunload", (event) => element("unsent").dataset.count !== "0" && event.preventDefault());
  await (up = ready());
  sender.start();
  if (decoder.here()) decoder.load().catch(() => {});
  element("scan").focus();
  document.body.dataset.ready = "yes";
}

async function ready() {
  device = await store.fact("device");
  layout = await store.fact("layout");
  element("registration").hidden = Boolean(device);
  if (!device) return;
  for (const each of ["hospital", "device_id"]) element("registration").elements[each].value = device[each];
  element("device").textContent = `${device.hospital} · ${device.device_id}`;
  for (const each of FIELDS) element(each).value = ((await store.fact(each)) ?? (each === "store" && device.store)) || "";
  counting = Boolean(await store.fact("counting"));
  element(counting ? "action-count" : "action-use").checked = true;
  element("work").hidden = false;
  await open((await store.fact("encounter")) ?? null);
  const kept = await navigator.storage?.persist?.();
  element("persisted").textContent = say(kept ? "persisted" : "not_persisted");
  await shown();
}

async function registered(event) {
  const form = new FormData(event.target);
  const wanted = { hospital: form.get("hospital").trim(), device_id: form.get("device_id").trim(), key: form.get("key").trim() };
  try {
    const token = await sender.token(wanted);
    await store.setFact("device", { ...wanted, store: token.store, department: token.department });
  } catch (error) {
    element("registration-problem").textContent = say(error.status === 401 ? "key_wrong" : "gateway_away");
    return;
  }
  element("registration-problem").textContent = "";
  sender.problem = null;
  await (up = ready());
  sender.wake();
}

async function open(name) {
  encounter = name;
  ask(null); // At once: a scan meanwhile may ask anew.
  await store.setFact("encounter", name);
  rows = counting ? await count.rows() : name ? await store.ofCase(name) : [];
  element("proof").replaceChildren();
  drawn();
  announce("look", say(next()), name ? say("case_open", { name }) : counting ? say("count_do") : "");
}

const next = () => (counting ? "scan_shelf" : encounter ? "scan_goods" : "scan_case");

// A count goes on until another action is chosen. No case is open then: scans after it would be somebody's.
async function chosen(event) {
  const now = event.target.value === "count";
  if (now === counting) return;
  counting = now;
  await store.setFact("counting", now);
  await open(null);
}

async function given(field, text) {
  await store.setFact(field, text);
  if (field !== "document") return;
  await store.setFact("room", (element("room").value = ""));
  await open(null);
}

// The page may be open twice: the list is one, and one of the pages sends. It is said, so that nobody wonders.
async function openOnce() {
  const alone = (free) => free && new Promise(() => {}); // Held until the page is closed.
  const first = await navigator.locks.request("udi-page", { ifAvailable: true }, (free) => {
    element("twice").hidden = Boolean(free);
    return alone(free);
  });
  if (first === null)
    navigator.locks.request("udi-page", (free) => {
      element("twice").hidden = true;
      return alone(free);
    });
}

const actions = () => document.querySelectorAll("input[name=action]");
const mode = () => document.querySelector("input[name=action]:checked").value;

// What must be known before goods; the next text is taken for it.
const missing = () => (encounter || counting) && ["store", counting && "document"].find((each) => each && !element(each).value.trim());

async function taken(scan) {
  await up;
  if (!device) return;
  const text = meant(scan, layout);
  if (asked?.kind === "override") {
    element("badge").value = plain(text);
    return element("reason").focus();
  }
  const goods = looksLikeGoods(text);
  const shown = visible(text);
  if (asked?.kind === "case") {
    if (plain(text) === asked.name) return open(asked.name); // With gloves: the same wristband again says yes.
    return refuse("answer_first", { name: asked.name, text: shown });
  }
  const another = encounter && plain(text) !== encounter && shape(text) === shape(encounter);
  const field = FIELDS.includes(scan.field?.id) ? scan.field.id : missing();
  if (field && !goods && !another && plain(text) !== encounter) return filled(field, plain(text));
  if (counting && !goods) return refuse("not_goods", { text: shown });
  if (!encounter && !counting) return goods ? refuse("goods_first", { text: shown }) : open(plain(text));
  if (!goods) {
    if (plain(text) === encounter) return announce("look", say("same_case"), say("scan_goods"));
    if (another) return ask({ kind: "case", name: plain(text) });
  }
  if (missing()) {
    element(missing()).focus();
    return refuse(`no_${missing()}`);
  }
  // A table of characters is in the scanner's profile: what it typed is sent as it came, and read by that.
  const code = layout?.map ? scan.text : text;
  if (scan.typed) return ask({ kind: "typed", text: code });
  await scanned({ codes: [code], entry: "scan" });
}

async function filled(field, text) {
  element(field).value = text;
  await given(field, text);
  sound("kept");
  announce("look", `${say(field)}: ${visible(text)}`, say(missing() ? `no_${missing()}` : next()));
  element("scan").focus();
}

async function scanned(what) {
  // What names its action was refused before, and is sent again.
  const counted = counting && !what.action ? count.fields() : {};
  if (!counted) {
    element("quantity").focus();
    return refuse("no_quantity");
  }
  const optional = { staff: element("staff").value.trim(), department: device.department };
  const event = {
    schema: "udi.scan/1", scan_id: uuid7(), hospital: device.hospital, device_id: device.device_id, boot,
    scanned_at: new Date(Date.now() - sender.clockError).toISOString(),
    action: mode(), quantity: 1, store: element("store").value.trim(), encounter, ...counted, ...what,
  };
  for (const [name, value] of Object.entries(optional)) if (value) event[name] = value;
  if (!counting) element("action-use").checked = true;
  element("quantity").value = "1";
  const row = await store.keep(event, sender.clockAheadMs !== null);
  sound("kept");
  changed([row]);
  sender.wake();
}

// A question that must be answered before it goes on; what was scanned is not lost meanwhile.
function ask(question) {
  asked = question;
  element("question").hidden = !question;
  element("typed-reason").hidden = !["typed", "override"].includes(question?.kind);
  element("override-badge").hidden = question?.kind !== "override";
  if (!question) return;
  sound("look");
  element("question-text").textContent = {
    case: () => say("other_case", { name: question.name }),
    typed: () => say("typed_code", { text: visible(question.text) }),
    override: () => say("override_ask", { name: question.row.verdict.item_name ?? "" }),
  }[question.kind]();
  element({ case: "answer-yes", typed: "reason", override: "badge" }[question.kind]).focus();
}

async function answered() {
  const question = asked;
  if (question.kind === "case") return open(question.name);
  const reason = element("reason").value.trim();
  if (!reason) return element("reason").focus();
  const badge = element("badge").value.trim();
  if (question.kind === "override" && !badge) return element("badge").focus();
  element("reason").value = "";
  element("badge").value = "";
  ask(null);
  if (question.kind === "override") await overridden(question.row, { badge, reason });
  else await scanned({ codes: [question.text], entry: "manual", reason });
  element("scan").focus();
}

async function readByGateway(canvas) {
  const body = await canvas.convertToBlob({ type: "image/jpeg", quality: 0.85 });
  const answer = await sender.ask("/v1/frames", { method: "POST", headers: { "Content-Type": "image/jpeg" }, body });
  return answer.ok ? (await answer.json()).codes : [];
}

async function photographed(event) {
  const [file] = event.target.files;
  event.target.value = "";
  if (!file) return;
  const image = await createImageBitmap(file);
  const scale = Math.min(1, 1600 / Math.max(image.width, image.height));
  const canvas = new OffscreenCanvas(Math.round(image.width * scale), Math.round(image.height * scale));
  const drawing = canvas.getContext("2d");
  drawing.drawImage(image, 0, 0, canvas.width, canvas.height);
  const codes = decoder.here() ? await decoder.codesIn(drawing.getImageData(0, 0, canvas.width, canvas.height)) : await readByGateway(canvas);
  if (!codes.length) return refuse("no_code");
  if ((encounter || counting) && !missing() && looksLikeGoods(codes[0])) return scanned({ codes: codes.slice(0, 4), entry: "camera" });
  await taken({ text: codes[0], typed: false });
}

// What the gateway could not take, once more as what this terminal is now; the refused one stays in the list.
function again(row) {
  const { action, encounter: of, store: place, scanned_at, ...rest } = row.event;
  const told = ["codes", "item_code", "entry", "reason", "corrects", "document", "place", "quantity"].filter((name) => rest[name]);
  return scanned({ action, encounter: of, store: place, scanned_at, ...Object.fromEntries(told.map((name) => [name, rest[name]])) });
}

const returned = (row) => scanned({ codes: row.event.codes, action: "return", corrects: row.scan_id, entry: "scan" });

// The books hold the charge by a decision of the hospital; a badge and a reason let it go on.
async function overridden(row, given) {
  const answer = await sender.ask(`/v1/scans/${row.scan_id}/override`, {
    method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(given),
  });
  if (!answer.ok) return announce("refused", say("override_not"), (await answer.json()).detail);
  announce("kept", say("override_sent"), say("on_its_way"));
}

async function closeCase() {
  const unsent = rows.filter((row) => row.state === "kept");
  if (unsent.length)
    return announce("look", say("unsent_first", { count: unsent.length }), say("unsent_first_do", { names: unsent.slice(0, UNSENT_NAMED_MAX).map(nameOf).join(", ") }));
  const answer = await sender.ask(`/v1/cases/${encodeURIComponent(encounter)}/close`, { method: "POST" });
  if (!answer.ok) return announce("refused", say("not_closed"), (await answer.json()).detail);
  const proof = await answer.json();
  const list = document.createElement("ul");
  for (const gap of proof.gaps) {
    const line = document.createElement("li");
    line.textContent = `${gap.item_name ?? gap.item_code ?? ""} ${gap.what_to_do[locale]}`;
    list.append(line);
  }
  const head = document.createElement("p");
  head.className = proof.verdict === "closed" ? "outcome done" : "outcome look";
  head.textContent = `${proof.verdict === "closed" ? "✔" : "!"} ${say(proof.verdict === "closed" ? "proof_closed" : "proof_open", { count: proof.gaps.length, units: proof.units, amount: proof.amount })}`;
  const hash = document.createElement("p");
  hash.className = "hash";
  hash.textContent = proof.hash;
  element("proof").replaceChildren(head, list, hash);
  sound(proof.verdict === "closed" ? "done" : "look");
}

// Of several that come together the gravest is said, and the later of two alike.
const GRAVITY = { kept: 0, done: 1, look: 2, refused: 3 };

function changed(news) {
  let said = null;
  for (const row of news) {
    if (counting ? !count.has(row.event) : row.event.encounter !== encounter) continue;
    const place = rows.findIndex((each) => each.scan_id === row.scan_id);
    if (place < 0) rows.push(row);
    else rows[place] = row;
    const came = { ...outcome(row, locale), row };
    if (!said || GRAVITY[came.kind] >= GRAVITY[said.kind]) said = came;
  }
  if (said) {
    const { kind, word, sentence, row } = said;
    if (row.state === "done" || row.state === "refused") sound(kind);
    announce(kind, row.verdict?.item_name ? `${word}: ${row.verdict.item_name}` : word, sentence);
  }
  drawn();
  shown();
}

function announce(kind, head, more) {
  element("outcome").className = `outcome ${kind}`;
  element("outcome-head").textContent = head;
  element("outcome-more").textContent = more;
}

function refuse(word, values) {
  sound("refused");
  announce("refused", say(word), say(`${word}_do`, values));
}

let drawing = 0;
function drawn() {
  cancelAnimationFrame(drawing);
  drawing = requestAnimationFrame(() => {
    document.body.classList.toggle("counting", counting);
    element("case").textContent = encounter ?? "–";
    element("close-case").disabled = !encounter;
    element("lines").replaceChildren(...rows.slice(-200).reverse().map((row) => lineOf(row, locale, { returned, again, override: (held) => ask({ kind: "override", row: held }) })));
    element("total").textContent = totalOf(rows);
    element("count").textContent = String(rows.length);
  });
}

async function shown() {
  const [kept, accepted, refused] = await Promise.all(["kept", "accepted", "refused"].map(store.count));
  element("unsent").dataset.count = String(kept);
  element("unsent").textContent = kept ? say("unsent", { count: kept }) : accepted ? say("awaited", { count: accepted }) : say("all_sent");
  element("refused-count").textContent = refused ? say("refused_count", { count: refused }) : "";
  element("connection").className = sender.online ? "online" : "offline";
  element("connection").textContent = say(sender.problem ?? (sender.online ? "online" : "offline"));
  // A terminal that was revoked and added anew takes its new key here; what it keeps goes up then.
  element("registration").hidden = Boolean(device) && sender.problem !== "device-refused";
  const wrong = sender.clockError !== 0;
  element("clock").textContent = wrong ? say("clock_wrong", { minutes: Math.round(sender.clockAheadMs / 60_000) }) : "";
}

function failed(error) {
  refuse(error?.name === "QuotaExceededError" ? "disk_full" : "failed", { why: error?.message ?? "" });
}

begin().catch(failed);
