// Sends what is kept, in order, one tab at a time, and takes up the verdicts. Nothing is ever dropped.
import * as store from "./store.js";

const BATCH = 100;
const MISSED_MAX = 200;
const CLOCK_TOLERATED_MS = 120_000;
const PAUSE_MS = [500, 1000, 2000, 4000];
const channel = new BroadcastChannel("udi-terminal");

export class Sender extends EventTarget {
  #token = null;
  #resting = new Set();
  #pauses = 0;
  #sending = [];
  online = false;
  clockAheadMs = null;
  problem = null;

  start() {
    channel.onmessage = ({ data }) => {
      if (data === "wake") this.wake(false);
      else this.#tell("changed", data);
    };
    addEventListener("online", () => this.wake());
    navigator.locks.request("udi-sender", () => Promise.all([this.#send(), this.#listen()]));
  }

  // By how much times of this device are to be mended, ms; 0 while nobody knows, or when it is little.
  get clockError() {
    return Math.abs(this.clockAheadMs ?? 0) > CLOCK_TOLERATED_MS ? this.clockAheadMs : 0;
  }

  wake(others = true) {
    this.#pauses = 0;
    for (const go of this.#resting) go();
    if (others) channel.postMessage("wake");
  }

  #tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }

  async #changed(changes, facts) {
    const rows = await store.change(changes, facts);
    this.#tell("changed", rows);
    channel.postMessage(rows);
  }

  #is(online, problem = null) {
    if (this.online !== online || this.problem !== problem) {
      this.online = online;
      this.problem = problem;
      this.#tell("state");
    }
  }

  async #rest(ms) {
    let timer, rested;
    await new Promise((go) => {
      rested = go;
      timer = setTimeout(go, ms);
      this.#resting.add(go);
    });
    clearTimeout(timer);
    this.#resting.delete(rested);
  }

  async #failed(retryAfter, problem = null) {
    this.#is(false, problem);
    const ms = retryAfter ? Number(retryAfter) * 1000 : PAUSE_MS[Math.min(this.#pauses++, PAUSE_MS.length - 1)];
    await this.#rest(ms);
  }

  // A token for the device's key. Also says how far its clock is ahead of the gateway's.
  async token(device) {
    const before = Date.now();
    const answer = await fetch("/v1/devices/token", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ hospital: device.hospital, device_id: device.device_id, key: device.key }),
    });
    const date = Date.parse(answer.headers.get("Date") ?? "");
    if (date) {
      this.clockAheadMs = Math.round((before + Date.now()) / 2 - date);
      this.#tell("state");
    }
    if (!answer.ok) throw Object.assign(new Error("token"), { status: answer.status, answer });
    const body = await answer.json();
    this.#token = body.access_token;
    return body;
  }

  // A request of the device; a token that has ended is renewed once.
  async ask(path, options = {}) {
    for (let tries = 0; ; tries++) {
      if (!this.#token) await this.token(await store.fact("device"));
      const headers = { ...options.headers, Authorization: `Bearer ${this.#token}` };
      const answer = await fetch(path, { ...options, headers });
      if (answer.status !== 401 || tries) return answer;
      this.#token = null;
    }
  }

  async #send() {
    for (;;) {
      if (!(await store.fact("device"))) {
        await this.#rest(1000);
        continue;
      }
      try {
        if (!this.#token) await this.token(await store.fact("device"));
        const rest = this.#rest(this.online ? 5000 : 1000); // A scan kept meanwhile ends it.
        const waiting = await store.unsent(BATCH, this.clockError);
        if (!waiting.length) {
          if (!this.online) this.#is((await this.ask("/healthz")).ok);
          await rest;
          continue;
        }
        await this.#post(waiting);
      } catch (error) {
        if (error.status === 401) await this.#failed(5, "device-refused");
        else await this.#failed(error.answer?.headers.get("Retry-After"));
      }
    }
  }

  async #post(waiting) {
    this.#sending = waiting;
    const body = JSON.stringify({ scans: waiting.map((row) => row.event) });
    const answer = await this.ask("/v1/scans", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body,
    });
    if (answer.status === 413 && waiting.length > 1) return this.#post(waiting.slice(0, waiting.length / 2));
    const told = await answer.json();
    if (!Array.isArray(told.scans)) throw Object.assign(new Error(told.type), { status: answer.status, answer });
    this.#pauses = 0;
    this.#is(true);
    await this.#changed(
      told.scans.map((each, place) => [
        waiting[place].scan_id,
        (row) =>
          row.state !== "kept"
            ? row
            : each.accepted
              ? { ...row, state: "accepted" }
              : { ...row, state: "refused", error: each.detail ?? each.error },
      ]),
    );
    this.#sending = [];
  }

  async #listen() {
    for (;;) {
      const device = await store.fact("device");
      if (!device) {
        await this.#rest(1000);
        continue;
      }
      try {
        const last = await store.fact("last-event-id");
        const answer = await this.ask(`/v1/verdicts?device_id=${encodeURIComponent(device.device_id)}`, {
          headers: last ? { "Last-Event-ID": last } : {},
        });
        if (!answer.ok) throw new Error("verdicts");
        for await (const told of events(answer.body)) {
          await this.#verdicts(told);
          // The stream is open, or silent for a while: what it did not bring is asked for.
          if (told.some((event) => !event.data)) await this.#missed();
        }
      } catch {
        // Away; the verdicts are taken up again where they stopped.
      }
      await new Promise((go) => setTimeout(go, 1000));
    }
  }

  // Verdicts that no event can bring any more: those given before the stream was open, while no event id was kept.
  // One that is being sent may have its verdict before its answer.
  async #missed() {
    for (const row of [...(await store.withoutVerdict(MISSED_MAX)), ...this.#sending]) {
      const answer = await this.ask(`/v1/scans/${row.scan_id}`);
      if (answer.ok) await this.#verdicts([{ data: await answer.text() }]);
    }
  }

  async #verdicts(told) {
    const last = told.map((event) => event.id).filter(Boolean).at(-1);
    const changes = told.filter((event) => event.data).map((event) => {
      const verdict = JSON.parse(event.data);
      const first = (row) => row.verdict && verdict.verdict === "duplicate";
      return [verdict.scan_id, (row) => (first(row) ? row : { ...row, state: "done", verdict })];
    });
    await this.#changed(changes, last ? { "last-event-id": last } : {});
  }
}

// Server-sent events of a body that is being read, those that came together.
async function* events(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const parts = (text + value).split("\n\n");
    text = parts.pop();
    if (parts.length) yield parts.map(fieldsOf);
  }
}

function fieldsOf(text) {
  const event = {};
  for (const line of text.split("\n")) {
    const at = line.indexOf(":");
    if (at > 0) event[line.slice(0, at)] = line.slice(at + 1).trimStart();
  }
  return event;
}
