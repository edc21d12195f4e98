// Reads codes out of pictures, apart from the page: the only place where WebAssembly is compiled.
import { prepareZXingModule, readBarcodes } from 'zxing-wasm/reader';
import wasmUrl from 'zxing-wasm/reader/zxing_reader.wasm?url';

declare const self: DedicatedWorkerGlobalScope;

prepareZXingModule({ overrides: { locateFile: (path: string, prefix: string) => (path.endsWith('.wasm') ? wasmUrl : prefix + path) } });

const FORMATS = ['QRCode', 'DataMatrix', 'Code128', 'Code39', 'PDF417', 'Aztec'] as const;

self.addEventListener('message', (event: MessageEvent<{ number: number; image: ImageData; hard: boolean }>) => {
  const { number, image, hard } = event.data;
  readBarcodes(image, { formats: [...FORMATS], tryHarder: hard, tryRotate: hard, tryInvert: hard, maxNumberOfSymbols: 1 }).then(
    (found) => { self.postMessage({ number, text: found[0]?.text ?? null }); },
    () => { self.postMessage({ number, text: null, failed: true }); },
  );
});
