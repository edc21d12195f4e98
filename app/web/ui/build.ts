// What the build adds to Vite's own: the list of the shell, the reading page of the interface, packed copies.
import { createHash } from 'node:crypto';
import { appendFileSync, copyFileSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, extname, join, resolve } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import type { Plugin } from 'vite';

const PACKED = new Set(['.js', '.css', '.html', '.svg', '.wasm', '.webmanifest', '.md', '.json']);
const LATER = /scan|zxing|console|charts|Chart|\.wasm$|\.md$|^sw\.js$|\.map$/;
/** What workers and the reading page hold: the bundler does not see it. */
const APART = ['zxing-wasm', 'swagger-ui-dist'];
const ALWAYS = ['./', 'icon.svg', 'manifest.webmanifest'];

/** Writes into `sw.js` which files are the page's shell, and a version that changes with any of them. */
export function shell(): Plugin {
  return {
    name: 'onevisit-shell',
    enforce: 'post',
    generateBundle: {
      order: 'post',
      handler(_options, bundle) {
        const worker = bundle['sw.js'];
        if (worker?.type !== 'chunk') throw new Error('sw.js was not built');
        const names = Object.keys(bundle).filter((name) => name.startsWith('assets/') && !LATER.test(name)).sort();
        const digest = createHash('sha256');
        for (const name of [...names, 'm.html']) {
          const item = bundle[name];
          digest.update(name).update(item?.type === 'chunk' ? item.code : (item?.source ?? ''));
        }
        worker.code = worker.code
          .replaceAll('__SHELL_FILES__', JSON.stringify([...ALWAYS, ...names]))
          .replaceAll('__SHELL_VERSION__', JSON.stringify(digest.digest('hex').slice(0, 12)));
      },
    },
  };
}

/** A package with its licence, as the bundler writes those that it sees. */
function notice(name: string): string {
  const folder = join(dirname(new URL(import.meta.url).pathname), 'node_modules', name);
  const told = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf-8')) as { version: string; license: string };
  return `\n## ${name} - ${told.version} (${told.license})\n\n${readFileSync(join(folder, 'LICENSE'), 'utf-8')}\n`;
}

/** Puts the reading page of the interface's description beside the pages: no other host is asked for it. */
export function reader(): Plugin {
  let folder = '';
  return {
    name: 'onevisit-reader',
    configResolved(config) { folder = resolve(config.root, config.build.outDir, 'docs'); },
    closeBundle() {
      mkdirSync(folder, { recursive: true });
      const library = dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'));
      for (const name of ['swagger-ui-bundle.js', 'swagger-ui.css']) copyFileSync(join(library, name), join(folder, name));
      const here = join(dirname(new URL(import.meta.url).pathname), 'src', 'docs');
      for (const name of ['index.html', 'start.js']) copyFileSync(join(here, name), join(folder, name));
      for (const name of APART) appendFileSync(join(folder, '..', 'notices.md'), notice(name));
    },
  };
}

/** Leaves a gzip and a brotli copy beside each file that is worth it. */
export function packed(): Plugin {
  let folder = '';
  return {
    name: 'onevisit-packed',
    enforce: 'post',
    configResolved(config) { folder = resolve(config.root, config.build.outDir); },
    closeBundle: {
      order: 'post',
      handler() {
        for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
          if (!entry.isFile() || !PACKED.has(extname(entry.name))) continue;
          const path = join(entry.parentPath, entry.name), body = readFileSync(path);
          if (body.length < 1024) continue;
          writeFileSync(`${path}.gz`, gzipSync(body, { level: 9 }));
          const quality = { [constants.BROTLI_PARAM_QUALITY]: body.length > 400_000 ? 9 : 11 };
          writeFileSync(`${path}.br`, brotliCompressSync(body, { params: quality }));
        }
      },
    },
  };
}
