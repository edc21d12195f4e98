// The service worker: keeps the shell of one version, whole, and nothing else. Answers of the interface are never kept here.
export {};

declare const self: ServiceWorkerGlobalScope;
declare const __SHELL_FILES__: string[];
declare const __SHELL_VERSION__: string;

const NAME = `shell-${__SHELL_VERSION__}`;

self.addEventListener('install', (event) => {
  // One file that is missing, and this version is not installed at all: half a page is worse than the one of before.
  event.waitUntil(caches.open(NAME).then((cache) => cache.addAll(__SHELL_FILES__.map((file) => new Request(file, { cache: 'reload' })))));
});

self.addEventListener('activate', (event) => {
  event.waitUntil((async () => {
    for (const name of await caches.keys()) if (name.startsWith('shell-') && name !== NAME) await caches.delete(name);
    await self.clients.claim();
  })());
});

self.addEventListener('message', (event) => {
  if (event.data === 'take-over') void self.skipWaiting();
  if (event.data === 'version') event.ports[0]?.postMessage({ version: __SHELL_VERSION__, files: __SHELL_FILES__ });
});

async function answered(request: Request): Promise<Response> {
  const cache = await caches.open(NAME);
  const held = await cache.match(request.mode === 'navigate' ? './' : request, { ignoreSearch: request.mode === 'navigate' });
  return held ?? fetch(request);
}

self.addEventListener('fetch', (event) => {
  const url = new URL(event.request.url);
  if (event.request.method !== 'GET' || url.origin !== self.location.origin || !url.pathname.startsWith('/m/')) return;
  if (url.pathname.startsWith('/m/docs/')) return;
  event.respondWith(answered(event.request));
});
