import type { Plugin } from 'vite'

/** Writes `manifest.json`, by which the server finds the hashed files. */
export function manifest(): Plugin {
  return {
    name: 'securechat-manifest',
    apply: 'build',
    // The stylesheet is made by a later step of the build than the scripts.
    enforce: 'post',
    generateBundle(_options, bundle) {
      const files = Object.values(bundle)
      const script = files.find((file) => file.type === 'chunk' && file.isEntry)?.fileName
      const style = files.find((file) => file.fileName.endsWith('.css'))?.fileName
      if (script === undefined || style === undefined) {
        this.error('manifest: expected one entry script and one stylesheet')
      }
      this.emitFile({
        type: 'asset',
        fileName: 'manifest.json',
        source: `${JSON.stringify({ embed: 'embed.js', script, style }, null, 2)}\n`,
      })
    },
  }
}
