// The reading of pictures, one at a time; the scanner is loaded when somebody scans.
import { scanWorker } from '../../shared/policy';

export class ScannerFailed extends Error {}

export interface Scanner { read(image: ImageData, hard: boolean): Promise<string | null>; close(): void }

export function scanner(): Scanner {
  const worker = scanWorker();
  const waiting = new Map<number, { resolve: (text: string | null) => void; reject: (error: Error) => void }>();
  let last = 0, isDead = false;
  worker.addEventListener('message', (event: MessageEvent<{ number: number; text: string | null; failed?: boolean }>) => {
    const one = waiting.get(event.data.number);
    waiting.delete(event.data.number);
    if (event.data.failed) one?.reject(new ScannerFailed());
    else one?.resolve(event.data.text);
  });
  worker.addEventListener('error', () => {
    isDead = true;  // also where nobody had asked yet
    for (const one of waiting.values()) one.reject(new ScannerFailed());
    waiting.clear();
  });
  return {
    read(image, hard) {
      if (isDead) return Promise.reject(new ScannerFailed());
      last += 1;
      return new Promise((resolve, reject) => {
        waiting.set(last, { resolve, reject });
        worker.postMessage({ number: last, image, hard }, [image.data.buffer]);
      });
    },
    close() { worker.terminate(); },
  };
}

const WIDEST = 1600;

/** The pixels of a picture, at most 1 600 wide or high. */
export function pixels(source: CanvasImageSource, width: number, height: number): ImageData | null {
  const scale = Math.min(1, WIDEST / Math.max(width, height, 1));
  const canvas = document.createElement('canvas');
  canvas.width = Math.max(1, Math.round(width * scale));
  canvas.height = Math.max(1, Math.round(height * scale));
  const context = canvas.getContext('2d', { willReadFrequently: true });
  context?.drawImage(source, 0, 0, canvas.width, canvas.height);
  return context?.getImageData(0, 0, canvas.width, canvas.height) ?? null;
}
