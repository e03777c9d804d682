import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'
import { manifest } from './build/manifest.ts'

/** Where the server's binary takes its web files from. */
export const outDir = fileURLToPath(
  new URL('../proxy-server/internal/assets/dist/widget', import.meta.url),
)

/** React's API, shipped as Preact: a tenth of the download on a stranger's shop page. */
const preact = [
  { find: /^react(-dom)?$/, replacement: 'preact/compat' },
  { find: /^react-dom\/client$/, replacement: 'preact/compat/client' },
  { find: /^react\/jsx-runtime$/, replacement: 'preact/jsx-runtime' },
]

export default defineConfig({
  base: '/widget/assets/',
  resolve: { alias: preact },
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    outDir,
    emptyOutDir: true,
    target: 'es2022',
    modulePreload: false,
    assetsInlineLimit: 0,
    cssCodeSplit: false,
    rollupOptions: {
      input: fileURLToPath(new URL('src/main.tsx', import.meta.url)),
      output: {
        entryFileNames: 'app-[hash].js',
        chunkFileNames: 'part-[hash].js',
        assetFileNames: 'app-[hash][extname]',
      },
    },
  },
  plugins: [manifest()],
  test: {
    include: ['src/**/*.test.{ts,tsx}', 'test/**/*.test.{ts,tsx}'],
    restoreMocks: true,
    unstubGlobals: true,
  },
})
