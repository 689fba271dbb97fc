// The scanner's set-up: two test symbols are scanned; what came is compared with what they say.
import { meant } from "./layout.js";
import { Sender } from "./sender.js";
import * as store from "./store.js";
import { element, say, texts, visible } from "./view.js";
import { Wedge } from "./wedge.js";

const GS = "\u001d";
const locale = document.documentElement.lang === "zh-CN" ? "zh-CN" : "en";
const sender = new Sender();
const expected = { keys: element("keys").dataset.expected, gs1: element("gs1").dataset.expected };
let layout = null;

async function begin() {
  texts.current = await (await fetch(`/static/texts/${locale}.json`)).json();
  const device = await store.fact("device");
  element("no-device").hidden = Boolean(device);
  element("steps").hidden = !device;
  new Wedge(element("scan"), (scan) => took(scan).catch((error) => tell("refused", say("failed_do", { why: error.message }))));
  element("again").addEventListener("click", () => start());
  start();
  document.body.dataset.ready = "yes";
}

function start() {
  layout = null;
  element("keys").hidden = false;
  element("gs1").hidden = true;
  element("found").replaceChildren();
  tell("look", say("set_up_keys"));
  element("scan").focus();
}

function tell(kind, head, more = "") {
  element("outcome").className = `outcome ${kind}`;
  element("outcome-head").textContent = head;
  element("outcome-more").textContent = more;
}

async function took(scan) {
  if (!element("keys").hidden) return keys(scan);
  return separators(meant(scan, layout));
}

function keys(scan) {
  layout = layoutOf(scan, expected.keys);
  if (!layout) return tell("refused", say("set_up_layout_unknown"), say("set_up_layout_do", { text: visible(scan.text) }));
  element("keys").hidden = true;
  element("gs1").hidden = false;
  tell("look", say("set_up_gs1"));
}

// The keyboard: as typed, by the place of the keys, or by a table of what each character became.
export function layoutOf({ text, places }, wanted) {
  if (text.includes(wanted)) return {};
  if (places?.includes(wanted)) return { by: "place" };
  for (let at = 0; at + wanted.length <= text.length; at++) {
    const map = {};
    const fits = [...wanted].every((each, place) => (map[text[at + place]] ??= each) === each);
    if (fits && Object.keys(map).length === new Set(wanted).size) return { map: changed(map) };
  }
  return null;
}

const changed = (map) => Object.fromEntries(Object.entries(map).filter(([typed, each]) => typed !== each));

// Prefix, symbology identifier, separator and suffix of the GS1 symbol as it came.
export function profileOf(text, wanted) {
  const [first, last] = wanted.split(GS);
  const at = text.indexOf(first);
  const end = text.indexOf(last, at + first.length);
  if (at < 0 || end < 0) return null;
  const before = text.slice(0, at);
  const separator = text.slice(at + first.length, end);
  return {
    prefix: before.replace(/\][A-Za-z][0-9A-Za-z]$/, ""),
    identifier: before.match(/\][A-Za-z][0-9A-Za-z]$/)?.[0] ?? "",
    suffix: text.slice(end + last.length),
    separators: separator && separator !== GS ? [separator] : [],
    sends_separators: separator !== "",
    drops_separators: separator === "",
  };
}

async function separators(text) {
  const found = profileOf(text, expected.gs1);
  if (!found) return tell("refused", say("set_up_other"), say("set_up_other_do", { text: visible(text) }));
  const { identifier, ...profile } = found;
  const answer = await sender.ask("/v1/devices/profile", {
    method: "PUT",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ ...profile, key_map: layout.map ?? {} }),
  });
  if (!answer.ok) return tell("refused", say("not_closed"), (await answer.json()).detail);
  await store.setFact("layout", layout);
  show(profile, identifier);
  tell(profile.drops_separators ? "look" : "done", say(profile.drops_separators ? "set_up_drops" : "set_up_done"), say(profile.drops_separators ? "set_up_drops_do" : "set_up_stored"));
}

function show(profile, identifier) {
  const kept = layout.map ? "set_up_by_table" : layout.by ? "set_up_by_place" : "set_up_as_typed";
  const separator = profile.drops_separators ? say("set_up_none") : profile.separators.length ? visible(profile.separators[0]) : "GS";
  const rows = [
    ["set_up_keyboard", say(kept)], ["set_up_separator", separator], ["set_up_identifier", identifier || say("set_up_none")],
    ["set_up_prefix", visible(profile.prefix) || say("set_up_none")], ["set_up_suffix", visible(profile.suffix) || say("set_up_none")],
  ];
  element("found").replaceChildren(
    ...rows.flatMap(([name, value]) => {
      const [term, told] = [document.createElement("dt"), document.createElement("dd")];
      term.textContent = say(name);
      told.textContent = value;
      told.id = name;
      return [term, told];
    }),
  );
}

begin();
