import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vite'
import { outDir } from './vite.config.ts'

/** The loader: one classic script, without React, beside what the app's build left. */
export default defineConfig({
  build: {
    outDir,
    emptyOutDir: false,
    target: 'es2020',
    lib: {
      entry: fileURLToPath(new URL('src/embed/embed.ts', import.meta.url)),
      name: 'securechatEmbed',
      formats: ['iife'],
      fileName: () => 'embed.js',
    },
  },
})
