/**
 * A reference as people write it: Docker leaves its own registry and `library/` out wherever it tells a name, Podman
 * tells them in full.
 */
export function toFamiliarName(reference: string): string {
  return reference.replace(/^docker\.io\/(library\/(?=[^/]+$))?/, '')
}
