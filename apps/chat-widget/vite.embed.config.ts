import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vite'
import { outDir } from './vite.config.ts'

/** The loader: one classic script, without React, beside what the app's build left. */
export default defineConfig({
  build: {
    outDir,
    emptyOutDir: false,
    target: 'es2022',
    // What the loader needs anyway: relative colours, constructable sheets.
    cssTarget: ['chrome119', 'firefox128', 'safari16.4'],
    lib: {
      entry: fileURLToPath(new URL('src/embed/embed.ts', import.meta.url)),
      name: 'securechatEmbed',
      formats: ['iife'],
      fileName: () => 'embed.js',
    },
  },
})
