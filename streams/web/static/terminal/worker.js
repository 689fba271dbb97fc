// The terminal starts without a network: its files are kept; what is newer is taken up when there is one.
const CACHE = "udi-terminal-v4";
const FILES = [
  "/terminal", "/static/pages.css", "/static/vendor/idb.js", "/static/texts/en.json", "/static/texts/zh-CN.json",
  ...["main", "store", "sender", "wedge", "sound", "codes", "view", "layout", "decoder", "count"].map((name) => `/static/terminal/${name}.js`),
];
const DECODER = ["/static/vendor/zxing-reader.js", "/static/vendor/zxing-reader.wasm"]; // Kept where it is used.

self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(CACHE).then((cache) => cache.addAll(FILES)).then(() => self.skipWaiting()));
});

self.addEventListener("activate", (event) => {
  event.waitUntil(
    caches.keys().then((names) => Promise.all(names.filter((name) => name !== CACHE).map((name) => caches.delete(name)))).then(() => self.clients.claim()),
  );
});

async function newest(request) {
  const path = new URL(request.url).pathname;
  const cache = await caches.open(CACHE);
  try {
    const answer = await fetch(request);
    if (answer.ok) await cache.put(path, answer.clone());
    return answer;
  } catch (error) {
    const kept = await cache.match(path);
    if (kept) return kept;
    throw error;
  }
}

self.addEventListener("fetch", (event) => {
  const { pathname, origin } = new URL(event.request.url);
  if (event.request.method === "GET" && origin === self.location.origin && [...FILES, ...DECODER].includes(pathname))
    event.respondWith(newest(event.request));
});
