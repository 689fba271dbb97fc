// Text as keyboard-wedge scanners really type it: quickly, with odd modifiers, through input methods, in bursts.
//
// A scan ends with Enter or Tab, or when nothing came for a while. Separators come as Ctrl+], as Alt+029 on the
// number pad, or as a character of the scanner's own choice, which the gateway's reader knows by the profile.

import { byPlace } from "./layout.js";

const FAST_MS = 80; // On average; nobody types a code as fast, the slowest scanners do not need as long.
const SCAN_CHARACTERS_MIN = 6;
const SILENCE_MS = 400;
const GS = "\u001d";

export class Wedge {
  #field;
  #scanned;
  #text = "";
  #places = "";
  #ime = false;
  #times = [];
  #alt = "";
  #timer = 0;
  #before = null;

  // `scanned({text, places, typed, field})` is called for each scan. `places`: the same by the place of the keys, empty
  // where they had none; `typed`: a person may have typed it; `field`: another text field that waited for a text then.
  constructor(field, scanned) {
    this.#field = field;
    this.#scanned = scanned;
    document.addEventListener("keydown", (event) => this.#down(event), true);
    document.addEventListener("keyup", (event) => this.#up(event), true);
    field.addEventListener("input", () => this.#input());
    field.addEventListener("compositionend", () => (field.value = ""));
    field.addEventListener("paste", () => setTimeout(() => this.#input(), 0));
  }

  #otherField(event) {
    const target = event.target;
    const isText = target instanceof HTMLInputElement || target instanceof HTMLTextAreaElement;
    return isText && target !== this.#field ? target : null;
  }

  #down(event) {
    const other = this.#otherField(event);
    if (event.isComposing || event.key === "Unidentified" || event.key === "Process" || event.keyCode === 229)
      return this.#throughInputMethod(event, other);
    if (event.altKey && /^Numpad\d$/.test(event.code)) {
      this.#alt += event.code.slice(-1);
      event.preventDefault();
      return;
    }
    if (event.key === "Enter" || event.key === "Tab") return this.#end(event, other);
    let character = event.key.length === 1 ? event.key : "";
    if (event.ctrlKey && !event.altKey) character = event.key === "]" || event.code === "BracketRight" ? GS : "";
    if (event.metaKey) character = "";
    if (event.key === "F8") character = GS;
    const place = character === GS ? GS : event.ctrlKey || event.metaKey ? "" : byPlace(event) || character;
    if (!character && !(event.key === "Dead" && place)) return;
    if (other) return this.#besideField(other, character, place, event);
    if (document.activeElement?.closest("button, a, select, [role=radio], input") && document.activeElement !== this.#field) {
      if (character === " ") return;
    }
    event.preventDefault();
    this.#take(character, event.timeStamp, place);
  }

  // An input method of a desktop hides what was typed, not where: a scanner types on, whatever the method makes of it.
  #throughInputMethod(event, other) {
    if (other || !event.code) return;
    if (/^(Numpad)?Enter$|^Tab$/.test(event.code)) return this.#end(event, other);
    const character = event.ctrlKey && event.code === "BracketRight" ? GS : byPlace(event);
    if (!character) return;
    event.preventDefault();
    this.#ime = true;
    this.#take(character, event.timeStamp, character);
  }

  #up(event) {
    if (event.key === "Alt" && this.#alt) {
      const character = String.fromCharCode(Number(this.#alt));
      this.#alt = "";
      this.#take(character, event.timeStamp, character);
    }
  }

  // Android input methods say nothing by keys: what arrived in the field is the text.
  #input() {
    const text = this.#field.value;
    if (!text) return;
    this.#field.value = "";
    if (this.#ime) return;
    const lines = text.split(/[\r\n\t]/);
    lines.forEach((line, place) => {
      for (const character of line) this.#take(character, performance.now(), "");
      if (place < lines.length - 1) this.#commit();
    });
  }

  #take(character, at, place) {
    this.#forgetTyped(at);
    this.#text += character;
    this.#places += place;
    this.#times.push(at);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#fast() && this.#commit(), SILENCE_MS);
    this.#show();
  }

  // A scan while another text field has the focus: what it typed there is taken out again.
  #besideField(field, character, place, event) {
    this.#forgetTyped(event.timeStamp);
    if (!this.#text) this.#before = { field, value: field.value, waits: field.selectionEnd - field.selectionStart === field.value.length };
    this.#text += character;
    this.#places += place;
    this.#times.push(event.timeStamp);
  }

  // What a person had typed into another field before a pause. By the times of the keys: a page that is held up sees
  // them late, and a timer would cut a scan in two.
  #forgetTyped(at) {
    if (this.#before && at - this.#times.at(-1) > SILENCE_MS) this.#forget();
  }

  #end(event, other) {
    this.#forgetTyped(event.timeStamp);
    if (!this.#text) return;
    if (other && !this.#fast()) return this.#forget();
    if (other && this.#before?.field === other) {
      other.value = this.#before.value;
      other.dispatchEvent(new Event("input", { bubbles: true }));
    }
    event.preventDefault();
    this.#commit();
  }

  #fast() {
    const times = this.#times;
    if (times.length < SCAN_CHARACTERS_MIN) return false;
    return (times[times.length - 1] - times[0]) / times.length < FAST_MS;
  }

  #forget() {
    this.#text = "";
    this.#places = "";
    this.#ime = false;
    this.#times = [];
    this.#before = null;
    this.#show();
  }

  #commit() {
    const [text, places, typed] = [this.#text, this.#places, !this.#fast()];
    const field = this.#before?.waits ? this.#before.field : null;
    clearTimeout(this.#timer);
    this.#forget();
    if (text.trim()) this.#scanned({ text, places, typed, field });
  }

  #show() {
    this.#field.placeholder = this.#text ? `${this.#text.length} …` : this.#field.dataset.placeholder ?? "";
  }
}
