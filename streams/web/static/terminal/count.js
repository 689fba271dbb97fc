// A count of a shelf, by the number in its field. It is blind: what is expected is nowhere told.
import * as store from "./store.js";
import { element } from "./view.js";

const number = () => element("document").value.trim();

export const has = (event) => event.action === "count" && event.document === number();

// What this device has scanned of it, from where it first entered it.
export async function rows() {
  const begun = (await store.fact("counts")) ?? {};
  begun[number()] ??= (await store.fact("sequence")) ?? 0;
  await store.setFact("counts", begun);
  return (await store.after(begun[number()])).filter((row) => has(row.event));
}

// What a scan of it says beside the code; null: how many is no number.
export function fields() {
  const quantity = element("quantity").value.trim();
  const place = element("room").value.trim();
  if (!/^[1-9]\d{0,4}$/.test(quantity)) return null;
  return { document: number(), quantity: Number(quantity), encounter: undefined, ...(place && { place }) };
}
