/** What `--network` asks for: a mode, or a network by name or id. `bridge` and `default` are the engine's own network. */
export function parseNetwork(text: string): { readonly mode: 'default' | 'none' | 'host' } | { readonly name: string } {
  if (text === 'bridge' || text === 'default') return { mode: 'default' }
  return text === 'none' || text === 'host' ? { mode: text } : { name: text }
}
