import { defineConfig } from 'vite';
import vue from '@vitejs/plugin-vue';
import { packed, reader, shell } from './build.ts';

const LAZY = /sw\.ts|scan\.worker|zxing|ScanDialog|\/check\/scan\.ts|VisitScreen|OfficerPicker|OutboxScreen|WaitingRecords|ReadExport|exporting|SettingsScreen|PinPanel|HelpScreen|TodayScreen|RecordScreen/;
// What each page has apart from the other; charts are loaded when one is seen.
const CONSOLE = /\/src\/console\//;
const CHARTS = /echarts|zrender|MeasurementsChart/;
const PAGES = /\.html/;
const PHONE = /\/src\/phone\//;

// Everything below /m/; nothing of the network, of the clock or of the folder gets into the bytes.
export default defineConfig({
  base: '/m/',
  publicDir: 'public',
  plugins: [vue({ features: { optionsAPI: false } }), shell(), reader(), packed()],
  define: { __VUE_OPTIONS_API__: 'false', __VUE_PROD_DEVTOOLS__: 'false', __VUE_PROD_HYDRATION_MISMATCH_DETAILS__: 'false' },
  build: {
    chunkSizeWarningLimit: 600,
    outDir: '../dist',
    emptyOutDir: true,
    target: ['chrome100', 'safari15.4', 'firefox100'],
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    license: { fileName: 'notices.md' },
    rollupOptions: {
      input: { m: 'm.html', console: 'console.html', sw: 'src/sw.ts' },
      output: {
        // One chunk for what every visit needs: on a slow line each further request costs a round trip.
        codeSplitting: { groups: [
          { name: 'core', test: (id: string) => ![LAZY, PHONE, CONSOLE, CHARTS, PAGES].some((apart) => apart.test(id)) },
          { name: 'phone', test: (id: string) => PHONE.test(id) && !LAZY.test(id) },
          { name: 'console', test: (id: string) => CONSOLE.test(id) && !CHARTS.test(id) },
          { name: 'charts', test: (id: string) => CHARTS.test(id) },
        ] },
        entryFileNames: (chunk) => (chunk.name === 'sw' ? 'sw.js' : 'assets/[name]-[hash].js'),
      },
    },
  },
  worker: { format: 'es', rollupOptions: { output: { entryFileNames: 'assets/[name]-[hash].js' } } },
});
