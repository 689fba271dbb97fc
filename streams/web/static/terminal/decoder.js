// Codes in a camera's picture: read by the gateway, or here by the decoder it serves, where the house has chosen so.

const CODES_MAX = 4;
const VENDOR = "/static/vendor";
let loading = null;

export const here = () => document.body.dataset.decoder === "terminal";

// Loaded at the start, so that the service worker has it before the network goes.
export function load() {
  loading ??= new Promise((done, failed) => {
    const script = document.createElement("script");
    script.src = `${VENDOR}/zxing-reader.js`;
    script.onload = done;
    script.onerror = () => failed(new Error(script.src));
    document.head.append(script);
  }).then(() => {
    const overrides = { locateFile: () => `${VENDOR}/zxing-reader.wasm` };
    return ZXingWASM.prepareZXingModule({ overrides, fireImmediately: true });
  });
  loading.catch(() => (loading = null)); // The next picture tries again.
  return loading;
}

// The texts with their symbology identifiers, as a scanner sends them and as the gateway reads them.
export async function codesIn(picture) {
  await load();
  const found = await ZXingWASM.readBarcodes(picture);
  const utf8 = new TextDecoder();
  const texts = found.filter((each) => each.isValid).map((each) => each.symbologyIdentifier + utf8.decode(each.bytes));
  return [...new Set(texts)].slice(0, CODES_MAX);
}
