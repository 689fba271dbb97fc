// What must not be lost: every scan is written here, durably, before anything else happens with it.
import { openDB } from "/static/vendor/idb.js";

const NAME = "udi-terminal";
const STRICT = { durability: "strict" };

const database = openDB(NAME, 1, {
  upgrade(made) {
    const scans = made.createObjectStore("scans", { keyPath: "place", autoIncrement: true });
    scans.createIndex("scan_id", "scan_id", { unique: true });
    scans.createIndex("state", "state");
    scans.createIndex("encounter", "event.encounter");
    made.createObjectStore("facts");
  },
});

export async function fact(name) {
  return (await database).get("facts", name);
}

export async function setFact(name, value) {
  const transaction = (await database).transaction("facts", "readwrite", STRICT);
  await Promise.all([transaction.store.put(value, name), transaction.done]);
}

// A new scan with the next sequence number of this device, in one transaction: it is kept when this returns.
// `timed`: its time is right as far as the gateway's clock is known.
export async function keep(event, timed = false) {
  const transaction = (await database).transaction(["scans", "facts"], "readwrite", STRICT);
  const facts = transaction.objectStore("facts");
  const sequence = ((await facts.get("sequence")) ?? 0) + 1;
  await facts.put(sequence, "sequence");
  const kept = { scan_id: event.scan_id, state: "kept", event: { ...event, sequence }, verdict: null, error: null, timed };
  kept.place = await transaction.objectStore("scans").add(kept);
  await transaction.done;
  return kept;
}

// What is sent next. Scans made while nobody knew how wrong the clock was get the right time now: once, before the
// first send, since the same scan must stay the same afterwards.
export async function unsent(limit, aheadMs) {
  const rows = await (await database).getAllFromIndex("scans", "state", "kept", limit);
  if (rows.every((row) => row.timed)) return rows;
  const transaction = (await database).transaction("scans", "readwrite", STRICT);
  for (const row of rows.filter((each) => !each.timed)) {
    row.timed = true;
    row.event.scanned_at = new Date(Date.parse(row.event.scanned_at) - aheadMs).toISOString();
    await transaction.store.put(row);
  }
  await transaction.done;
  return rows;
}

export async function count(state) {
  return (await database).countFromIndex("scans", "state", state);
}

export async function withoutVerdict(limit) {
  return (await database).getAllFromIndex("scans", "state", "accepted", limit);
}

export async function ofCase(encounter) {
  return (await database).getAllFromIndex("scans", "encounter", encounter);
}

// Places grow with the sequence numbers.
export async function after(sequence) {
  return (await database).getAll("scans", IDBKeyRange.lowerBound(sequence, true));
}

// Changes by scan id, and facts that must change with them, in one transaction. Gives the rows as they are now.
// What the gateway has said is not waited for on the disk: should it be lost with the power, the scan is sent and the
// verdict asked for again.
export async function change(changes, facts = {}) {
  const transaction = (await database).transaction(["scans", "facts"], "readwrite", { durability: "relaxed" });
  const index = transaction.objectStore("scans").index("scan_id");
  const changed = [];
  for (const [scanId, make] of changes) {
    const row = await index.get(scanId);
    if (row) {
      const next = make(row);
      await transaction.objectStore("scans").put(next);
      changed.push(next);
    }
  }
  for (const [name, value] of Object.entries(facts)) await transaction.objectStore("facts").put(value, name);
  await transaction.done;
  return changed;
}
