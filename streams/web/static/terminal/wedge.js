// Text as keyboard-wedge scanners really type it: quickly, with odd modifiers, through input methods, in bursts.
//
// A scan ends with Enter or Tab, or when nothing came for a while. Separators come as Ctrl+], as Alt+029 on the
// number pad, or as a character of the scanner's own choice, which the gateway's reader knows by the profile.

const FAST_MS = 80; // On average; nobody types a code as fast, the slowest scanners do not need as long.
const SCAN_CHARACTERS_MIN = 6;
const SILENCE_MS = 400;
const GS = "\u001d";

export class Wedge {
  #field;
  #scanned;
  #text = "";
  #times = [];
  #alt = "";
  #timer = 0;
  #before = null;

  // `scanned({text, typed})` is called for each scan; `typed` says that a person may have typed it.
  constructor(field, scanned) {
    this.#field = field;
    this.#scanned = scanned;
    document.addEventListener("keydown", (event) => this.#down(event), true);
    document.addEventListener("keyup", (event) => this.#up(event), true);
    field.addEventListener("input", () => this.#input());
    field.addEventListener("paste", () => setTimeout(() => this.#input(), 0));
  }

  #otherField(event) {
    const target = event.target;
    const isText = target instanceof HTMLInputElement || target instanceof HTMLTextAreaElement;
    return isText && target !== this.#field ? target : null;
  }

  #down(event) {
    if (event.isComposing || event.key === "Unidentified" || event.key === "Process" || event.keyCode === 229) return;
    const other = this.#otherField(event);
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
    if (!character) return;
    if (other) return this.#besideField(other, character, event);
    if (document.activeElement?.closest("button, a, select, [role=radio], input") && document.activeElement !== this.#field) {
      if (character === " ") return;
    }
    event.preventDefault();
    this.#take(character, event.timeStamp);
  }

  #up(event) {
    if (event.key === "Alt" && this.#alt) {
      const character = String.fromCharCode(Number(this.#alt));
      this.#alt = "";
      this.#take(character, event.timeStamp);
    }
  }

  // Android input methods say nothing by keys: what arrived in the field is the text.
  #input() {
    const text = this.#field.value;
    if (!text) return;
    this.#field.value = "";
    const lines = text.split(/[\r\n\t]/);
    lines.forEach((line, place) => {
      for (const character of line) this.#take(character, performance.now(), true);
      if (place < lines.length - 1) this.#commit();
    });
  }

  #take(character, at) {
    this.#text += character;
    this.#times.push(at);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#fast() && this.#commit(), SILENCE_MS);
    this.#show();
  }

  // A scan while another text field has the focus: what it typed there is taken out again.
  #besideField(field, character, event) {
    if (!this.#text) this.#before = { field, value: field.value };
    this.#text += character;
    this.#times.push(event.timeStamp);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#forget(), SILENCE_MS);
  }

  #end(event, other) {
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
    if (this.#text.length < SCAN_CHARACTERS_MIN) return false;
    return (times[times.length - 1] - times[0]) / times.length < FAST_MS;
  }

  #forget() {
    this.#text = "";
    this.#times = [];
    this.#before = null;
    this.#show();
  }

  #commit() {
    const [text, typed] = [this.#text, !this.#fast()];
    clearTimeout(this.#timer);
    this.#forget();
    if (text.trim()) this.#scanned({ text, typed });
  }

  #show() {
    this.#field.placeholder = this.#text ? `${this.#text.length} …` : this.#field.dataset.placeholder ?? "";
  }
}
