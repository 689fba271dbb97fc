// What a key says on a keyboard of the United States, by its place: scanners type so unless they are set up otherwise.
const PLAIN = {
  Minus: "-_", Equal: "=+", BracketLeft: "[{", BracketRight: "]}", Backslash: "\\|", Semicolon: ";:", Quote: "'\"",
  Comma: ",<", Period: ".>", Slash: "/?", Backquote: "`~", Space: "  ",
};
const DIGITS = ")!@#$%^&*(";

export function byPlace(event) {
  const { code, shiftKey } = event;
  if (/^Key[A-Z]$/.test(code)) return shiftKey ? code[3] : code[3].toLowerCase();
  if (/^Digit\d$/.test(code)) return shiftKey ? DIGITS[code[5]] : code[5];
  if (/^Numpad\d$/.test(code)) return code[6];
  return PLAIN[code]?.[shiftKey ? 1 : 0] ?? "";
}

// The text that was meant, by what the set-up has found of this terminal's scanner.
export function meant({ text, places }, layout) {
  if (layout?.by === "place" && places) return places;
  if (layout?.map) return [...text].map((each) => layout.map[each] ?? each).join("");
  return text;
}
